/**
 * Who a client is taken for.
 *
 * @module
 */
import { registrableDomain } from "../net/hostname.ts";
import { formatNetwork, type IpAddress, networkOf } from "../net/network.ts";
import type { Rules } from "./rules.ts";

/** One of the answers to the question who a client is. */
export interface Origin {
  /** How it is remembered, such as `net:192.0.2.0/24`, `org:example.org` or `spf:example.org`. */
  readonly name: string;
  /** Whether it is a network, an organisation, or the domain that it speaks for by SPF. */
  readonly kind: "net" | "org" | "spf";
  /** The network in CIDR notation, or the domain. */
  readonly value: string;
}

/**
 * The origins of a client, its network first: one that agrees is enough for a retry to match.
 *
 * @param organisation the organisation that runs it, or undefined.
 * @param spfDomain the domain that it speaks for by SPF, or undefined.
 */
export function originsOf(
  address: IpAddress,
  organisation: string | undefined,
  rules: Pick<Rules, "ipv4Prefix" | "ipv6Prefix">,
  spfDomain?: string,
): readonly Origin[] {
  const prefix = address.family === 4 ? rules.ipv4Prefix : rules.ipv6Prefix;
  const network = formatNetwork(networkOf(address, prefix));
  const origins: Origin[] = [{ name: `net:${network}`, kind: "net", value: network }];
  if (organisation !== undefined) {
    origins.push({ name: `org:${organisation}`, kind: "org", value: organisation });
  }
  if (spfDomain !== undefined) origins.push(spfOrigin(spfDomain));
  return origins;
}

/** The domain that a client speaks for. */
export function spfOrigin(domain: string): Origin {
  return { name: `spf:${domain}`, kind: "spf", value: domain };
}

/** The name under which a domain is remembered that our own users wrote to. */
export function correspondent(domain: string): string {
  return `correspondent:${domain}`;
}

/**
 * Whether an origin can earn and use trust with mail of this sender. A network can, and so can the domain
 * that SPF says it speaks for, which is the sender's own; an organisation only with mail of its own domain, since a hoster's customers share its name and not its character.
 *
 * @param senderDomain the domain of the sender as given, in canonical form; empty for none.
 */
export function canProve(origin: Origin, senderDomain: string): boolean {
  return origin.kind !== "org" || registrableDomain(senderDomain) === origin.value;
}
