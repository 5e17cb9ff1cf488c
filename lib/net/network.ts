/** IP addresses and networks. */
import ipaddr from "ipaddr.js";

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

/**
 * Parses an address as Postfix writes it: a dotted quad or an IPv6 address without brackets.
 *
 * @returns undefined for an invalid address, also for octal or shortened IPv4 and `unknown`.
 */
export function parseAddress(text: string): IpAddress | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return { family: 4, bytes: ipaddr.IPv4.parse(text).octets };
  }
  if (!text.includes(":") || !ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress()
    ? { family: 4, bytes: address.toIPv4Address().octets }
    : { family: 6, bytes: address.toByteArray() };
}

/** A dotted quad, or IPv6 in the form of RFC 5952. */
export function formatAddress(address: Pick<IpAddress, "family" | "bytes">): string {
  if (address.family === 4) return address.bytes.join(".");
  return new ipaddr.IPv6([...address.bytes]).toRFC5952String();
}

function masked(bytes: readonly number[], prefix: number): number[] {
  return bytes.map((byte, at) => {
    const bits = Math.min(8, Math.max(0, prefix - at * 8));
    return byte & (0xff00 >> bits);
  });
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
