/**
 * Detects clients in private networks that deliver mail of many unrelated senders: Postfix sees a NAT or a
 * container proxy in place of the clients, which then share one origin.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { isPublic } from "../greylist/origins.ts";
import { splitAddress } from "../net/email_address.ts";
import { registrableDomain } from "../net/hostname.ts";
import { formatAddress, type IpAddress, isLoopback } from "../net/network.ts";

/** Registrable domains of senders from which a private address is reported. */
export const MIN_SENDER_DOMAINS = 20;

/** Private addresses observed at once. */
const MAX_ADDRESSES = 100;

export class SharedClients {
  readonly #domains = new LRUCache<string, Set<string>>({ max: MAX_ADDRESSES });

  /**
   * Takes a greylisted attempt.
   *
   * @returns true for the attempt with which the address reaches {@linkcode MIN_SENDER_DOMAINS}.
   */
  observe(address: IpAddress, sender: string): boolean {
    if (isPublic(address) || isLoopback(address)) return false;
    const domain = registrableDomain(splitAddress(sender).domain);
    if (domain === undefined) return false;
    const ip = formatAddress(address);
    const domains = this.#domains.get(ip) ?? new Set();
    if (domains.size >= MIN_SENDER_DOMAINS || domains.has(domain)) return false;
    this.#domains.set(ip, domains.add(domain));
    return domains.size === MIN_SENDER_DOMAINS;
  }
}

/** The problem and its remedy, for the log, `doctor` and the page. */
export function describeSharedClient(clientAddress: string): { what: string; remedy: string } {
  return {
    what:
      `${clientAddress} delivers mail of ${MIN_SENDER_DOMAINS} unrelated domains: a NAT or container ` +
      "proxy hides the clients from Postfix",
    remedy:
      "Use the network of the host or the PROXY protocol (smtpd_upstream_proxy_protocol), or add a " +
      "relay of your own to trusted_networks.",
  };
}
