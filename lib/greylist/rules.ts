/**
 * The settings of the decision. Durations are milliseconds.
 *
 * @module
 */
import type { Network } from "../net/network.ts";

/**
 * Which strangers are greylisted: `all`; only those with a suspicion score at the threshold
 * (`suspicious`); `suspicious` while a DNSBL answers and `all` otherwise (`auto`); none, but logged as
 * if (`shadow`); none (`off`).
 */
export type Mode = "auto" | "all" | "suspicious" | "shadow" | "off";

export interface Rules {
  readonly mode: Mode;
  /** The wait of a named client (RFC 6647, 4.5). */
  readonly delay: number;
  /** The wait of a listed client and of one without a name; at least {@linkcode delay}. */
  readonly delaySuspicious: number;
  /** Maximum time between the first attempt and the retry. */
  readonly retryWindow: number;
  /** Time without mail after which relations and reputations expire. */
  readonly lifetime: number;
  /** Retried messages that auto-whitelist an address; 0 disables auto-whitelisting. */
  readonly autoWhitelistClients: number;
  /** Retried messages that auto-whitelist a domain, where SPF or the name proves it; 0 for never. */
  readonly autoWhitelistDomains: number;
  /** Prefix length of an IPv4 network. */
  readonly ipv4Prefix: number;
  /** Prefix length of an IPv6 network. */
  readonly ipv6Prefix: number;
  /** The SMTP stage at which the null sender is greylisted. */
  readonly nullSender: "rcpt" | "data";
  /** The effect of an SPF pass: an origin, skipping the wait, or none. */
  readonly spf: "origin" | "pass" | "off";
  /** The effect of an SPF fail on a stranger. */
  readonly spfFail: "greylist" | "block";
  /** DNS lists are configured. */
  readonly hasDnsLists: boolean;
  /** Maximum time from the first attempt that `listed = "defer"` defers a listed client. */
  readonly listedWait: number;
  /** Senders of login codes with an SPF pass skip the wait. */
  readonly codes: "spf" | "off";
  /** Suspicion score from which mode `suspicious` greylists. */
  readonly suspicionThreshold: number;
  /** Any of these characters separates a recipient from its extension; empty for none. */
  readonly recipientDelimiter: string;
  /** The domains that local users write to are remembered. */
  readonly learnOutbound: boolean;
  /** Clients that are never greylisted. */
  readonly trustedNetworks: readonly Network[];
  /** Secret of this installation that selects the sample of auto-whitelisted first contacts. */
  readonly sampleKey: string;
}
