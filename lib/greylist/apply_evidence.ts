/**
 * What was learnt of a stranger, and whether it is worth asking for more.
 *
 * @module
 */
import type { Subject } from "./attempt.ts";
import type { Evidence } from "./evidence.ts";
import type { Memory } from "./memory.ts";
import { canProve, spfOrigin } from "./origin.ts";
import { passUndelayed } from "./remember.ts";
import type { Rules } from "./rules.ts";
import { isAutoWhitelisted, isLive, tripletState } from "./triplet_state.ts";
import { type Decision, pass, type Verdict } from "./model.ts";

/** Whether our own users write to the sender's domain. */
function isCorrespondent(subject: Subject, memory: Memory, rules: Rules, now: number): boolean {
  return subject.correspondent !== undefined &&
    isLive(memory.origin(subject.correspondent.origin), rules, now);
}

/** A host of a domain that our own users write to, if it is really one of that domain's. */
export function correspond(
  subject: Subject,
  memory: Memory,
  rules: Rules,
  now: number,
): Decision | undefined {
  const isOwn = subject.origins.some((origin) =>
    origin.kind === "spf" ? origin.value === subject.senderDomain : origin.kind === "org" &&
      canProve(origin, subject.senderDomain)
  );
  if (!isOwn || !isCorrespondent(subject, memory, rules, now)) return undefined;
  const verdict: Verdict = { ...pass("correspondent"), origin: subject.correspondent!.origin };
  return passUndelayed(subject, memory, rules, now, verdict);
}

/** Whether what DNS says could change that a stranger is put off. */
export function wouldAsk(
  subject: Subject,
  memory: Memory,
  rules: Rules,
  now: number,
  reason: Verdict["reason"],
): boolean {
  if (rules.mode === "suspicious" && reason === "new") return true;
  const { candidate } = subject;
  if (candidate === undefined) return false;
  if (rules.spf === "pass" || (rules.spfFail === "block" && reason === "new")) return true;
  if (tripletState(memory.triplet(candidate), rules, now).kind !== "unknown") return true;
  return isAutoWhitelisted(memory.origin(candidate.origin), rules, now) ||
    isCorrespondent(subject, memory, rules, now);
}

/** What was learnt of a stranger that is to be put off can let it pass, or refuse it. */
export function applyEvidence(
  subject: Subject,
  evidence: Evidence,
  memory: Memory,
  rules: Rules,
  now: number,
  verdict: Verdict,
): Decision | undefined {
  if (rules.spf === "pass" && evidence.spfDomain !== undefined) {
    const origin = spfOrigin(evidence.spfDomain).name;
    return passUndelayed(subject, memory, rules, now, { ...pass("spf-pass"), origin });
  }
  if (rules.spf !== "off" && rules.spfFail === "block" && evidence.spfFails) {
    return { verdict: { decision: "reject", reason: "blocked", by: "spf_fail" }, changes: [] };
  }
  const isTrusted = rules.mode === "suspicious" && verdict.reason === "new" &&
    evidence.suspicionScore < rules.suspicionThreshold;
  return isTrusted ? passUndelayed(subject, memory, rules, now, pass("low-suspicion")) : undefined;
}
