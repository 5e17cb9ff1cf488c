/**
 * The origins of a client: the identities by which a retry is matched and a reputation is earned.
 *
 * @module
 */
import type { IpAddress } from "../net/network.ts";
import type { Client } from "./client.ts";
import type { Evidence } from "./evidence.ts";
import type { Memory } from "./memory.ts";
import type { Rules } from "./rules.ts";

/**
 * The origins of one client, each undefined where it proves nothing. `ip` and `net` always match. `org`,
 * `spf` and `via` need a verified name that is not generic, and `org` and `spf` are void on an SPF fail.
 */
export interface Origins {
  /** `ip:192.0.2.7`. */
  readonly ip: string;
  /** The network, an IPv4 /24 or IPv6 /64 by default: `net:192.0.2.0/24`. */
  readonly net: string;
  /** The registrable domain of the host name: `org:example.net`; void on an SPF fail. */
  readonly org: string | undefined;
  /** The parent of the host name, whatever SPF says: `org:mail-out.example.net`. */
  readonly parent: string | undefined;
  /** The domain that SPF authorises the client for: `spf:example.org`. */
  readonly spf: string | undefined;
  /** The domain whose record finally names the client: `via:spf.protection.outlook.com`. */
  readonly via: string | undefined;
  /**
   * The exact address with the sender's domain: `ip:192.0.2.7 example.org`. Void on an SPF fail, and for
   * a client without a name unless SPF passes or there is no record. It matches nothing and has a
   * reputation.
   */
  readonly host: string | undefined;
  /** The network with the sender's domain, for a named client and without an SPF fail. */
  readonly netPair: string | undefined;
  /** The client has a verified name that is not generic, or a well-known sender names it. */
  readonly isNamed: boolean;
  /** SPF returned fail or softfail. */
  readonly isContradicted: boolean;
  /** Reputation is counted: the address is public. */
  readonly earns: boolean;
}

/**
 * The origins that the evidence allows.
 *
 * @param senderDomain the registrable domain of the envelope sender as given; undefined for none.
 */
export function originsOf(
  client: Client,
  senderDomain: string | undefined,
  evidence: Evidence,
  rules: Pick<Rules, "ipv4Prefix" | "ipv6Prefix" | "spf">,
): Origins {
  const { nameClass, baseOrigins: { ip, org, parent } } = client;
  const { spf, spfDomain, isNarrow = false, via, wellKnown } = evidence;
  const isOwn = senderDomain !== undefined && org === `org:${senderDomain}`;
  // A name that shows the address is the sender's own server's if SPF says so as well. An access
  // provider's record may authorise its customers' lines, but not by small networks.
  const isOwnServer = isOwn && spfDomain !== undefined && isNarrow;
  const isNamed = nameClass === "named" && parent !== undefined ||
    nameClass === "weak" && isOwnServer || wellKnown !== undefined;
  const fails = rules.spf !== "off" && (spf === "fail" || spf === "softfail");
  // The sender's domain has a record, and the client is not in it.
  const isForeign = spfDomain === undefined && spf !== "none";
  const usesSpf = rules.spf !== "off" && isNamed && !fails;
  const net = client.network.origin(rules);
  return {
    ip,
    net,
    org: isNamed && !fails ? org : undefined,
    parent: isNamed ? parent : undefined,
    spf: usesSpf && spfDomain !== undefined ? `spf:${spfDomain}` : undefined,
    via: usesSpf && via !== undefined ? `via:${via}` : undefined,
    host: fails || senderDomain === undefined || !isNamed && isForeign
      ? undefined
      : pairName(ip, senderDomain),
    netPair: isNamed && !fails && senderDomain !== undefined
      ? pairName(net, senderDomain)
      : undefined,
    isNamed,
    isContradicted: fails,
    earns: isPublic(client.address),
  };
}

/** Removes undefined items in place: every request needs this, and a copy would cost time. */
export function present<T>(items: (T | undefined)[]): T[] {
  let count = 0;
  for (const item of items) {
    if (item !== undefined) items[count++] = item;
  }
  items.length = count;
  return items as T[];
}

/** The origins by which a relation or a pending triplet is matched later, `ip:` first. */
export function matchable({ ip, net, org, spf }: Origins): string[] {
  if (org === undefined) return spf === undefined ? [ip, net] : [ip, net, spf];
  return spf === undefined ? [ip, net, org] : [ip, net, org, spf];
}

/** How a stored list of origins matches a client. */
export type Match =
  | { readonly kind: "match"; readonly origin: string }
  /** It may match, depending on evidence that is not there yet. */
  | { readonly kind: "evidence" }
  | { readonly kind: "none" };

const EVIDENCE: Match = { kind: "evidence" };
const NONE: Match = { kind: "none" };

/** The client's side of a match. */
export interface MatchQuestion {
  readonly origins: Origins;
  /** The `spf:` origin that SPF may show, while that is unknown. */
  readonly candidate: string | undefined;
  /** Only the exact address counts: a DNS list names the client. */
  readonly isExact: boolean;
  readonly hasEvidence: boolean;
  /** SPF did not answer, and the client's name is another organisation's than the sender. */
  readonly lacksSpf: boolean;
  readonly memory: Pick<Memory, "includes">;
}

/** Whether a client is one of those that a stored list of origins names. */
export function matchOrigins(
  stored: readonly string[],
  { origins, candidate, isExact, hasEvidence, lacksSpf, memory }: MatchQuestion,
): Match {
  const { ip, net, org, spf } = origins;
  if (memory.includes(stored, ip)) return { kind: "match", origin: ip };
  if (isExact) return NONE;
  if (memory.includes(stored, net)) return { kind: "match", origin: net };
  if (!hasEvidence) {
    // An SPF fail would contradict the name.
    const mayMatch = org !== undefined && memory.includes(stored, org) ||
      candidate !== undefined && memory.includes(stored, candidate);
    return mayMatch ? EVIDENCE : NONE;
  }
  // SPF authorised the hosts so far: without a result a name does not show that this is one of them.
  const isOpen = lacksSpf && stored.some((origin) => origin.startsWith("spf:"));
  const found = [isOpen ? undefined : org, spf].find((origin) =>
    origin !== undefined && memory.includes(stored, origin)
  );
  return found === undefined ? NONE : { kind: "match", origin: found };
}

/** The reputation of an origin for mail of one registrable domain: `net:192.0.2.0/24 example.org`. */
export function pairName(origin: string, senderDomain: string): string {
  return `${origin} ${senderDomain}`;
}

/** The name under which a domain is stored that local users wrote to. */
export function correspondentName(domain: string): string {
  return `correspondent:${domain}`;
}

/** Whether an address is neither private, shared, link-local, loopback nor unspecified. */
export function isPublic({ family, bytes }: IpAddress): boolean {
  const [a, b] = bytes as [number, number];
  if (family === 6) return !((a & 0xfe) === 0xfc || a === 0xfe && (b & 0xc0) === 0x80 || a === 0);
  return !(a === 10 || a === 127 || a === 0 || a === 172 && (b & 0xf0) === 16 ||
    a === 192 && b === 168 || a === 169 && b === 254 || a === 100 && (b & 0xc0) === 64);
}
