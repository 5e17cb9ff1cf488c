/** IP addresses and networks. */

/** An IPv4 or IPv6 address; an IPv4-mapped IPv6 address counts as IPv4 (RFC 4291, 2.5.5.2). */
export interface IpAddress {
  readonly family: 4 | 6;
  /** In network order: 4 or 16 numbers from 0 to 255. */
  readonly bytes: readonly number[];
}

/** All addresses that share their first `prefix` bits. */
export interface Network {
  readonly family: 4 | 6;
  /** The first address: host bits are zero. */
  readonly bytes: readonly number[];
  /** Prefix length: 0 to 32 (IPv4) or 0 to 128 (IPv6). */
  readonly prefix: number;
}

const DOT = 0x2e;
const DIGIT_0 = 0x30;

function parseIpv4(text: string): number[] | undefined {
  const octets: number[] = [];
  let octet = -1;
  for (let at = 0; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : DOT;
    if (code === DOT) {
      if (octet === -1 || octets.length === 4) return undefined;
      octets.push(octet);
      octet = -1;
      continue;
    }
    const digit = code - DIGIT_0;
    // A leading zero could mean octal.
    if (digit < 0 || digit > 9 || octet === 0) return undefined;
    octet = octet === -1 ? digit : octet * 10 + digit;
    if (octet > 255) return undefined;
  }
  return octets.length === 4 ? octets : undefined;
}

/** The groups of 16 bits of one side of `::`; an IPv4 address at the end is two groups. */
function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const words = text.split(":");
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (/^[0-9a-f]{1,4}$/i.test(word)) {
      groups.push(parseInt(word, 16));
      continue;
    }
    const octets = isEnd && at === words.length - 1 ? parseIpv4(word) : undefined;
    if (octets === undefined) return undefined;
    const [a, b, c, d] = octets as [number, number, number, number];
    groups.push(a << 8 | b, c << 8 | d);
  }
  return groups;
}

function parseIpv6(text: string): number[] | undefined {
  const withoutZone = text.replace(/%[0-9a-z]+$/i, "");
  const [before = "", after, ...more] = withoutZone.split("::");
  const head = parseGroups(before, after === undefined);
  const tail = parseGroups(after ?? "", true);
  if (head === undefined || tail === undefined || more.length > 0) return undefined;
  const missing = 8 - head.length - tail.length;
  if (after === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  return groups.flatMap((group) => [group >> 8, group & 255]);
}

function isMapped(bytes: readonly number[]): boolean {
  return bytes.every((byte, at) => at > 11 || byte === (at < 10 ? 0 : 255));
}

/**
 * Parses an address as Postfix writes it: a dotted quad or an IPv6 address without brackets.
 *
 * @returns undefined for an invalid address, also for octal or shortened IPv4 and `unknown`.
 */
export function parseAddress(text: string): IpAddress | undefined {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) return { family: 4, bytes: ipv4 };
  const bytes = text.includes(":") ? parseIpv6(text) : undefined;
  if (bytes === undefined) return undefined;
  return isMapped(bytes) ? { family: 4, bytes: bytes.slice(12) } : { family: 6, bytes };
}

/** The groups of 16 bits of an IPv6 address. */
export function groupsOf(bytes: readonly number[]): number[] {
  return Array.from({ length: 8 }, (_, at) => bytes[2 * at]! << 8 | bytes[2 * at + 1]!);
}

/** RFC 5952: the longest run of at least two zero groups is `::`, the first of equal ones. */
function formatIpv6(bytes: readonly number[]): string {
  const groups = groupsOf(bytes);
  let start = 0;
  let length = 1;
  for (let at = 0, from = 0; at < 8; at++) {
    if (groups[at] !== 0) from = at + 1;
    else if (at + 1 - from > length) [start, length] = [from, at + 1 - from];
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (length === 1) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

/** A dotted quad, or IPv6 in the form of RFC 5952. */
export function formatAddress({ family, bytes }: Pick<IpAddress, "family" | "bytes">): string {
  if (family === 6) return formatIpv6(bytes);
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
}

function masked(bytes: readonly number[], prefix: number): number[] {
  const network: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const bits = prefix - at * 8;
    network.push(bits >= 8 ? bytes[at]! : bits <= 0 ? 0 : bytes[at]! & 0xff00 >> bits);
  }
  return network;
}

/**
 * The network of an address.
 *
 * @param prefix the prefix length; larger values than the family allows are reduced.
 */
export function networkOf(address: IpAddress, prefix: number): Network {
  const bits = Math.min(prefix, address.bytes.length * 8);
  return { family: address.family, bytes: masked(address.bytes, bits), prefix: bits };
}

/** Whether a network is a single address. */
export function isSingle({ prefix, bytes }: Network): boolean {
  return prefix === bytes.length * 8;
}

/** CIDR notation: `192.0.2.0/24`. */
export function formatNetwork(network: Network): string {
  return `${formatAddress(network)}/${network.prefix}`;
}

/**
 * Parses CIDR notation (RFC 4632, RFC 4291). An address alone is a network of one; host bits are
 * cleared.
 *
 * @returns undefined for an invalid network.
 */
export function parseNetwork(text: string): Network | undefined {
  const [addressText = "", prefixText, ...more] = text.split("/");
  const address = parseAddress(addressText);
  if (address === undefined || more.length > 0) return undefined;
  const mapped = address.family === 4 && addressText.includes(":");
  const bits = address.bytes.length * 8;
  if (prefixText === undefined) return networkOf(address, bits);
  if (!/^\d{1,3}$/.test(prefixText)) return undefined;
  const prefix = Number(prefixText) - (mapped ? 96 : 0);
  return prefix < 0 || prefix > bits ? undefined : networkOf(address, prefix);
}

/** Whether a network contains an address of the same family. */
export function contains(network: Network, address: IpAddress): boolean {
  if (network.family !== address.family) return false;
  const whole = network.prefix >> 3;
  for (let at = 0; at < whole; at++) {
    if (network.bytes[at] !== address.bytes[at]) return false;
  }
  const rest = network.prefix & 7;
  if (rest === 0) return true;
  return network.bytes[whole] === (address.bytes[whole]! & (0xff00 >> rest));
}

/** Whether an address is in 127.0.0.0/8 or is ::1. */
export function isLoopback(address: IpAddress): boolean {
  if (address.family === 4) return address.bytes[0] === 127;
  return address.bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
}
