/**
 * The context of a decision: an attempt, its evidence and origins, the records, the rules and the time.
 *
 * @module
 */
import { registrableDomain } from "../net/hostname.ts";
import type { Attempt } from "./attempt.ts";
import type { Evidence } from "./evidence.ts";
import type { Memory } from "./memory.ts";
import type { RelationKey } from "./model.ts";
import { correspondentName, type Origins } from "./origins.ts";
import { isLive } from "./reputation.ts";
import type { Rules } from "./rules.ts";

/** One attempt with everything that its decision looks at. */
export interface Context {
  readonly attempt: Attempt;
  /** Undefined while no evidence was gathered. */
  readonly evidence: Evidence | undefined;
  readonly origins: Origins;
  readonly memory: Memory;
  readonly rules: Rules;
  readonly now: number;
}

/** Whether the DNS lists name the client, as far as they were asked. */
export function isListed({ evidence }: Context): boolean {
  return evidence?.listings.isListed ?? false;
}

/** Whether the client belongs to the sender's domain: SPF passes or the organisation is the same. */
export function speaksForDomain(
  { attempt, origins }: Context,
  key?: RelationKey,
): boolean {
  const domain = key === undefined ? attempt.senderDomain : key.sender.slice(1);
  if (domain === undefined) return false;
  return origins.org === `org:${domain}` ||
    origins.spf !== undefined && registrableDomain(origins.spf.slice(4)) === domain;
}

/** Whether SPF authorises the client for the sender's domain among few addresses, with a name or without. */
export function isAuthorisedServer({ attempt, evidence, rules }: Context): boolean {
  if (rules.spf === "off" || evidence?.spfDomain === undefined) return false;
  return evidence.isNarrow === true &&
    registrableDomain(evidence.spfDomain) === attempt.senderDomain;
}

/** Whether local users write to the sender's domain. */
export function isCorrespondent({ attempt, memory, rules, now }: Context): boolean {
  const domain = correspondentDomain(attempt);
  if (!rules.learnOutbound || domain === undefined) return false;
  return isLive(memory.reputation(correspondentName(domain)), rules, now);
}

/** The domain that local users may have written to: the sender's, or for a bounce its client's. */
export function correspondentDomain(
  { sender, senderDomain, identity }: Attempt,
): string | undefined {
  return senderDomain === undefined ? undefined : sender === "" ? senderDomain : identity;
}
