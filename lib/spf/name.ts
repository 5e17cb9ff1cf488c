/**
 * Names of DNS, as the evaluation of SPF takes them.
 *
 * @module
 */
import type { IpAddress } from "../net/network.ts";
import { dotted, endsLikeDomain } from "./macro.ts";

/** Whether a name can be asked for: no label is empty or longer than 63 (RFC 1035, 2.3.4). */
export function isAskable(name: string): boolean {
  return name.length <= 253 && /^[\x20-\x7e]+$/.test(name) &&
    name.split(".").every((label) => label.length > 0 && label.length <= 63);
}

/** Whether a name is that of a domain (4.3): of several labels, and ends like one. */
export function isDomain(name: string): boolean {
  return isAskable(name) && endsLikeDomain(name);
}

/** The name below which the names of an address are (RFC 1035, 3.5; RFC 3596, 2.5). */
export function reverseName(ip: IpAddress): string {
  const labels = dotted(ip).split(".").reverse().join(".");
  return `${labels}.${ip.family === 4 ? "in-addr" : "ip6"}.arpa`;
}

/** Whether a name is the domain or below it. */
export function isBelow(name: string, domain: string): boolean {
  const [one, other] = [name.toLowerCase(), domain.toLowerCase()];
  return one === other || one.endsWith(`.${other}`);
}
