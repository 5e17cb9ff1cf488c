/**
 * What the name of a delivering host says about who runs it.
 *
 * @module
 */
import { getDomain } from "tldts";
import type { IpAddress } from "./network.ts";

/**
 * The name that Postfix verified for a client: its address leads to the name and the name back to
 * the address.
 *
 * @param clientName Postfix's `client_name`, which is `unknown` for an unverified client.
 * @returns the name in lower case without a final dot, or undefined if there is none.
 */
export function verifiedName(clientName: string): string | undefined {
  const name = clientName.toLowerCase().replace(/\.$/, "");
  return name === "" || name === "unknown" ? undefined : name;
}

/**
 * The registrable domain of a name by the Public Suffix List, private section included: the part
 * that one organisation registered (`mx1.mail.example.co.uk` belongs to `example.co.uk`).
 *
 * @param name a host or domain name in lower case, in ASCII form.
 * @returns the domain, or undefined if the name is a public suffix or no name.
 */
export function registrableDomain(name: string): string | undefined {
  if (name === "" || name.length > 253) return undefined;
  return getDomain(name, {
    allowPrivateDomains: true,
    extractHostname: false,
    validateHostname: true,
  }) ?? undefined;
}

/** Words by which access providers name the lines of their customers. */
const LINE_WORDS: ReadonlySet<string> = new Set(
  ("adsl broadband cable catv cpe dhcp dial dialin dialup dip dsl dyn dynamic dynamicip dynip fttb " +
    "ftth fttx gpon gprs hsia lte pool pools ppp pppoe residential resnet sdsl umts vdsl wimax xdsl")
    .split(" "),
);

function labelWords(labels: string): string[] {
  return labels.split(/[^a-z]+/);
}

function showsRun(name: string, parts: readonly string[]): boolean {
  const numbers = parts.map((part) => `0*${part}`).join("[-._x]");
  return new RegExp(`(?<![0-9])${numbers}(?![0-9])`).test(name);
}

function showsIpv4(name: string, bytes: readonly number[]): boolean {
  const decimal = bytes.map(String);
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0"));
  const compact = name.replaceAll(/[-._]/g, "");
  if (compact.includes(hex.join("")) || compact.includes(hex.toReversed().join(""))) return true;
  // Whatever else shows the address shows its two middle numbers.
  if (!name.includes(decimal[1]!) || !name.includes(decimal[2]!)) return false;
  return [decimal, decimal.toReversed()].some((order) => {
    const joined = order.join("");
    // Three neighbouring numbers are enough: many providers leave out the first or the last.
    return showsRun(name, order.slice(0, 3)) || showsRun(name, order.slice(1)) ||
      name.includes(order.map((part) => part.padStart(3, "0")).join("")) ||
      joined.length >= 7 && new RegExp(`(?<![0-9])${joined}(?![0-9])`).test(name);
  });
}

function showsIpv6(name: string, bytes: readonly number[]): boolean {
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const compact = name.replaceAll(/[-._x]/g, "");
  // Half an address, forwards or by nibbles backwards, is no coincidence.
  for (const digits of [hex, [...hex].reverse().join("")]) {
    if (compact.includes(digits.slice(0, 16)) || compact.includes(digits.slice(16))) {
      if (!/^0*$/.test(digits)) return true;
    }
  }
  const groups = (hex.match(/.{4}/g) ?? []).map((group) => group.replace(/^0+(?=.)/, ""));
  if (showsGroups(name, groups)) return true;
  const dashed = groups.join("-").replace(/(?:^|-)0(?:-0)+(?:-|$)/, "--");
  return dashed.length >= 7 && dashed !== "--" && name.includes(dashed);
}

function showsGroups(name: string, groups: readonly string[]): boolean {
  const dashed = name.replaceAll(/[._x]/g, "-").replaceAll(/(^|-)0+(?=[0-9a-f])/g, "$1");
  return [groups.slice(0, 4), groups.slice(4)].some((half) =>
    half.filter((group) => group !== "0").length >= 3 && dashed.includes(half.join("-"))
  );
}

/**
 * Whether a verified name is one of the many that a provider hands out by pattern, so that it says
 * nothing of who uses it: it shows the address (decimal, hex, reversed, zero-padded, dashed), or a
 * label left of the registrable domain says what kind of line it is (`dsl`, `dyn`, `pool`, `dhcp`).
 *
 * @param name a name in lower case.
 * @param address the address that it belongs to.
 */
export function isGenericName(name: string, address: IpAddress): boolean {
  const domain = registrableDomain(name);
  const labels = domain === undefined ? name : name.slice(0, name.length - domain.length);
  if (labelWords(labels).some((word) => LINE_WORDS.has(word))) return true;
  if (!/[0-9]|[a-f]{2}/.test(labels)) return false;
  return address.family === 4 ? showsIpv4(labels, address.bytes) : showsIpv6(labels, address.bytes);
}

/**
 * The organisation that runs a host: the registrable domain of its verified name.
 *
 * @param name the verified name, or undefined if there is none.
 * @returns the domain, or undefined if there is no name, or a generic one.
 */
export function organisationOf(name: string | undefined, address: IpAddress): string | undefined {
  if (name === undefined || isGenericName(name, address)) return undefined;
  return registrableDomain(name);
}
