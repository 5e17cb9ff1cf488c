/** The domain names of an SPF evaluation: the identity that is checked, and names to query. */
import { canonicalDomain, splitAddress } from "../net/email_address.ts";
import type { IpAddress } from "../net/network.ts";
import { dotted, endsLikeDomain } from "./macro.ts";

/** The identity that is checked (RFC 7208, sections 2.4 and 4.3). */
export interface Identity {
  /** The local part; `postmaster` if there is none. */
  readonly local: string;
  /** In canonical form; empty if there is none. */
  readonly domain: string;
}

/** The sender; for the null sender the HELO name. */
export function identityOf(sender: string, helo: string): Identity {
  if (sender === "") return { local: "postmaster", domain: canonicalDomain(helo) };
  const { local, domain } = splitAddress(sender);
  if (domain === "") return { local: "postmaster", domain: canonicalDomain(local) };
  return { local: local === "" ? "postmaster" : local, domain: canonicalDomain(domain) };
}

/** Whether a name can be queried: no label is empty or longer than 63 (RFC 1035, section 2.3.4). */
export function isAskable(name: string): boolean {
  return name.length <= 253 && /^[\x20-\x7e]+$/.test(name) &&
    name.split(".").every((label) => label.length > 0 && label.length <= 63);
}

/** Whether a name can have an SPF record (RFC 7208, section 4.3): it has several labels. */
export function isDomain(name: string): boolean {
  return isAskable(name) && endsLikeDomain(name);
}

/** The numbers of an IPv4 address, or the hexadecimal digits of an IPv6 address, in reverse order. */
export function reversedAddress(ip: IpAddress): string {
  return dotted(ip).split(".").reverse().join(".");
}

/** The name that holds the PTR records of an address (RFC 1035, section 3.5; RFC 3596, section 2.5). */
export function reverseName(ip: IpAddress): string {
  return `${reversedAddress(ip)}.${ip.family === 4 ? "in-addr" : "ip6"}.arpa`;
}

/** Whether a name is the domain or one of its subdomains. */
export function isBelow(name: string, domain: string): boolean {
  const [one, other] = [name.toLowerCase(), domain.toLowerCase()];
  return one === other || one.endsWith(`.${other}`);
}
