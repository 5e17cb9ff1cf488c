/**
 * What the administrator says about greylisting.
 *
 * @module
 */
import type { Network } from "../net/network.ts";

/** Who is greylisted: every stranger, only odd ones, nobody but as if, or nobody. */
export type Mode = "all" | "suspicious" | "shadow" | "off";

/** The settings of the decision. Durations are in milliseconds. */
export interface Rules {
  /** Who is greylisted. */
  readonly mode: Mode;
  /** How long a stranger has to wait (RFC 6647, 4.5: a few minutes are enough). */
  readonly delay: number;
  /** How long after its first attempt a stranger may come back. */
  readonly retryWindow: number;
  /** How long one who came back is remembered since the last use. */
  readonly lifetime: number;
  /** The deliveries that make an origin proven; 0 for never. */
  readonly autoWhitelistClients: number;
  /** The size of a network, in bits. */
  readonly ipv4Prefix: number;
  /** The size of a network, in bits. */
  readonly ipv6Prefix: number;
  /** At which stage the null sender is greylisted. */
  readonly nullSender: "rcpt" | "data";
  /** What a pass of SPF is worth: one more origin, a way in at once, or nothing. */
  readonly spf: "origin" | "pass" | "off";
  /** What becomes of a stranger that SPF says is not its sender's. */
  readonly spfFail: "greylist" | "block";
  /** In mode `suspicious`: so suspicious, or more, is greylisted. */
  readonly suspicionThreshold: number;
  /** Whether the domains that our own users write to are known. */
  readonly learnOutbound: boolean;
  /** Clients that are never greylisted. */
  readonly trustedNetworks: readonly Network[];
}
