/** Search for an IP address inside a host name, in the forms that providers write it. */
import { groupsOf, type IpAddress } from "./network.ts";
import type { HostName, Part, Token } from "./name_tokens.ts";

function pad(octet: number): string {
  return octet > 99 ? `${octet}` : octet > 9 ? `0${octet}` : `00${octet}`;
}

function hex(octet: number): string {
  return octet > 15 ? octet.toString(16) : `0${octet.toString(16)}`;
}

/** Each octet is a number of its own, in any order: `7.red-198-51-100`. */
function hasAllOctets(numbers: readonly number[], octets: readonly number[]): boolean {
  if (numbers.length < 4) return false;
  let used = 0;
  for (const octet of octets) {
    let at = 0;
    while (at < numbers.length && (numbers[at] !== octet || (used >> at & 1) === 1)) at++;
    // A set of 31 bits is enough: no address is written over more numbers.
    if (at === numbers.length || at > 30) return false;
    used |= 1 << at;
  }
  return true;
}

/** The values stand one after the other, forwards or backwards. */
function hasSequence(numbers: readonly number[], values: readonly number[]): boolean {
  const last = values.length - 1;
  for (let at = 0; at + last < numbers.length; at++) {
    let forwards = true;
    let backwards = true;
    for (let offset = 0; offset <= last; offset++) {
      const number = numbers[at + offset];
      if (number !== values[offset]) forwards = false;
      if (number !== values[last - offset]) backwards = false;
    }
    if (forwards || backwards) return true;
  }
  return false;
}

function hasIpv4(host: HostName, octets: readonly number[]): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  const numbers: number[] = [];
  const runs: string[] = [];
  for (const token of host.tokens) {
    if (token.value < 0) continue;
    numbers.push(token.value);
    if (token.text.length > 5) runs.push(token.text);
  }
  if (hasAllOctets(numbers, octets)) return true;
  if (hasSequence(numbers, [a, b, c]) || hasSequence(numbers, [c, d])) return true;

  const { compact } = host;
  if (compact.length < 6) return false;
  const [ha, hb, hc, hd] = [hex(a), hex(b), hex(c), hex(d)];
  if (compact.includes(hb + hc + hd) || compact.includes(hd + hc + hb + ha)) return true;
  if (runs.length === 0) return false;

  const [pa, pb, pc, pd] = [pad(a), pad(b), pad(c), pad(d)];
  if (compact.includes(pb + pc + pd) || compact.includes(pd + pc + pb)) return true;
  const padded = pa + pb + pc + pd;
  const shown = `${a}${b}${c}${d}`;
  const reversed = `${d}${c}${b}${a}`;
  const integer = String(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
  return runs.some((run) =>
    run === pc + pd || run === pd + pc || run === integer ||
    run.length > 6 && (run === shown || run === reversed) ||
    run.length > 9 && padded.endsWith(run)
  );
}

/** Minimum number of significant hexadecimal digits; fewer match by chance. */
const ENOUGH_DIGITS = 7;

function isZeros(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) !== 0x30) return false;
  return true;
}

/** Longest run of neighbouring groups (`db8`, `1`, `25`) that stands in the parts in sequence. */
function hasGroups(parts: readonly Part[], groups: readonly number[]): boolean {
  const values = parts.map((part) =>
    part.isHex && part.text.length <= 4 ? parseInt(part.text, 16) : -1
  );
  for (let at = 0; at < values.length; at++) {
    for (let from = 0; from < groups.length; from++) {
      let digits = 0;
      let count = 0;
      while (
        from + count < groups.length && values[at + count] === groups[from + count]
      ) {
        const group = groups[from + count]!;
        if (group > 0) digits += group.toString(16).length;
        count++;
      }
      if (count >= 2 && digits >= ENOUGH_DIGITS) return true;
      if (count >= 2 && from + count === groups.length && digits >= 5) return true;
    }
  }
  return false;
}

function hasIpv6(host: HostName, bytes: readonly number[]): boolean {
  const nibbles = bytes.map(hex).join("");
  const backwards = [...nibbles].reverse().join("");
  const { compact } = host;
  for (const digits of [nibbles, backwards]) {
    const halves = [digits.slice(0, 16), digits.slice(16)];
    if (halves.some((half) => !isZeros(half) && compact.includes(half))) return true;
  }
  const tail = nibbles.slice(24);
  if (tail.charCodeAt(0) !== 0x30 && compact.includes(tail)) return true;
  return hasGroups(host.parts, groupsOf(bytes));
}

/** Words that number hosts by the last octet. */
const HOST_WORDS: ReadonlySet<string> = new Set(["host", "ip", "node"]);

/** Whether the first label is a host word and the last octet: `host25`. */
function isLastOctet(host: HostName, address: IpAddress): boolean {
  const [word, number, next] = host.tokens;
  return address.family === 4 && word !== undefined && HOST_WORDS.has(word.text) &&
    number?.label === 0 && number.value === address.bytes[3] && number.value > 9 &&
    next?.label !== 0;
}

/**
 * Whether the labels left of the registrable domain show the address: IPv4 by all four octets in any
 * order, three or the last two in sequence (decimal, zero-padded, hexadecimal), as one integer, or by
 * a host word with the last octet; IPv6 by one half, or by neighbouring groups.
 */
export function showsAddress(host: HostName, address: IpAddress): boolean {
  if (!host.hasDigit) return false;
  return address.family === 4
    ? hasIpv4(host, address.bytes) || isLastOctet(host, address)
    : hasIpv6(host, address.bytes);
}

function isOctet(token: Token | undefined): boolean {
  return token !== undefined && token.value >= 0 && token.value < 256 && token.text.length < 4;
}

/** Whether four octets stand in sequence, whatever address they are: `198-51-100-7`. */
export function showsQuad(host: HostName): boolean {
  let count = 0;
  for (const token of host.tokens) {
    count = isOctet(token) ? count + 1 : 0;
    if (count === 4) return true;
  }
  return false;
}

/** Whether the first label ends in three octets that have seven digits or more: `blk-222-21-34`. */
export function endsInTriple({ tokens }: HostName): boolean {
  const next = tokens.findIndex(({ label }) => label > 0);
  const last = tokens.slice(0, next === -1 ? undefined : next).slice(-3);
  return last.length === 3 && last.every(isOctet) &&
    last.reduce((sum, { text }) => sum + text.length, 0) >= 7;
}

/**
 * Whether a part ends in the 12 hexadecimal digits of a MAC address that a manufacturer assigned, or
 * six pairs of them stand in sequence.
 */
export function showsMac(host: HostName): boolean {
  let pairs = 0;
  for (const part of host.parts) {
    pairs = part.isHex && part.text.length === 2 ? pairs + 1 : 0;
    if (pairs === 6) return true;
    if (part.text.length >= 12 && part.digits >= 4 && endsInMac(part.text)) return true;
  }
  return false;
}

function endsInMac(text: string): boolean {
  const start = text.length - 12;
  let switches = 0;
  let wasDigit: boolean | undefined;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const isDigit = code <= 0x39;
    if (!isDigit && code > 0x66) return false;
    if (wasDigit !== undefined && wasDigit !== isDigit) switches++;
    wasDigit = isDigit;
  }
  // Fewer changes between letter and digit are a word with a number.
  if (switches < 2 && !(switches === 1 && text.startsWith("00", start))) return false;
  // Bits of the first octet for group and locally administered addresses (IEEE 802).
  return (parseInt(text.charAt(start + 1), 16) & 3) === 0;
}
