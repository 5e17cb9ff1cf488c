/**
 * The likelihood that a deferred attempt is legitimate mail: ranks possibly lost mail, decides nothing.
 *
 * @module
 */
import type { Attempt } from "../greylist/attempt.ts";
import type { Evidence, SpfOutcome } from "../greylist/evidence.ts";
import { type ClientFacts, type ClientSignal, clientSignals } from "./signals.ts";

export const MAX_LEGITIMACY = 10;

const MIDDLE = 5;

const SIGNAL_COSTS: Readonly<Partial<Record<ClientSignal, number>>> = {
  "no-name": 3,
  "generic-name": 3,
  "helo-address": 1,
  "helo-not-qualified": 1,
  "helo-unrelated": 1,
};

function clamped(legitimacy: number): number {
  return Math.max(0, Math.min(MAX_LEGITIMACY, legitimacy));
}

/** The legitimacy of a first attempt, from 0 to {@linkcode MAX_LEGITIMACY}. */
export function legitimacyOf(
  attempt: ClientFacts & Pick<Attempt, "sender" | "senderDomain">,
  evidence?: Evidence,
): number {
  let legitimacy = MIDDLE;
  for (const signal of clientSignals(attempt)) legitimacy -= SIGNAL_COSTS[signal] ?? 0;
  const { organisation, sender, senderDomain } = attempt;
  if (organisation !== undefined) legitimacy += 1;
  if (sender === "") legitimacy -= 1;
  // Only the owner of a domain can give a host a verified name in it.
  else if (organisation !== undefined && senderDomain === organisation) legitimacy += 2;
  if (evidence !== undefined) legitimacy += dnsLegitimacy(evidence);
  return clamped(legitimacy);
}

const SPF_LEGITIMACY: Readonly<Record<SpfOutcome, number>> = {
  pass: 1,
  neutral: 0,
  none: -1,
  unknown: 0,
  softfail: -2,
  fail: -3,
};

function dnsLegitimacy({ spf, spfDomain, wellKnown, listings }: Evidence): number {
  const byLists = listings.isListed ? -4 : listings.isTrusted ? 2 : 0;
  // A pass that identifies nobody is worth nothing.
  const bySpf = spf === "pass" && spfDomain === undefined ? 0 : SPF_LEGITIMACY[spf];
  return bySpf + byLists + (wellKnown === undefined ? 0 : 2);
}
