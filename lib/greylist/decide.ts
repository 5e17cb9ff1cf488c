/**
 * The greylisting decision (RFC 6647): pure functions of what is known, the rules and the time.
 *
 * @module
 */
import { contains, isLoopback } from "../net/network.ts";
import { type Attempt, type Listing, type Subject, subjectOf } from "./attempt.ts";
import type { Evidence } from "./evidence.ts";
import type { Memory } from "./memory.ts";
import { canProve } from "./origin.ts";
import {
  isFresh,
  later,
  passUndelayed,
  rememberDefer,
  rememberMessage,
  rememberPass,
} from "./remember.ts";
import type { Rules } from "./rules.ts";
import { isAutoWhitelisted, tripletState } from "./triplet_state.ts";
import {
  type Change,
  type Decision,
  type MessageRecord,
  type OriginRecord,
  pass,
  type Question,
  type Verdict,
} from "./model.ts";
import { applyEvidence, correspond, wouldAsk } from "./apply_evidence.ts";

/**
 * The verdict before the lists are looked at: own users, trusted networks, requests out of scope.
 *
 * @returns undefined if the lists have to be looked at.
 */
export function precheckScope(attempt: Attempt, rules: Rules): Verdict | undefined {
  if (rules.mode === "off") return pass("out-of-scope");
  if (attempt.stage !== "RCPT" && !isGreylistStage(attempt, rules)) return pass("out-of-scope");
  if (attempt.authenticated) return pass("authenticated");
  if (isLoopback(attempt.address)) return pass("out-of-scope");
  if (rules.trustedNetworks.some((network) => contains(network, attempt.address))) {
    return pass("allowed");
  }
  return undefined;
}

/**
 * The verdict of the lists, for an attempt that {@linkcode precheckScope} did not decide.
 *
 * @returns undefined if the attempt has to be greylisted.
 */
export function precheckLists(
  attempt: Attempt,
  rules: Rules,
  listing: Listing,
): Verdict | undefined {
  if (listing.decisive === "allow") return pass("allowed");
  if (listing.decisive === "block") return inMode({ decision: "reject", reason: "blocked" }, rules);
  if (!listing.optedIn) return pass("not-opted-in");
  return isGreylistStage(attempt, rules) ? undefined : pass("out-of-scope");
}

/** Both prechecks. */
export function precheck(attempt: Attempt, rules: Rules, listing: Listing): Verdict | undefined {
  return precheckScope(attempt, rules) ?? precheckLists(attempt, rules, listing);
}

/** Attempts are greylisted at RCPT, those of the null sender possibly at DATA. */
export function isGreylistStage({ stage, sender }: Attempt, { nullSender }: Rules): boolean {
  return stage === (sender === "" && nullSender === "data" ? "DATA" : "RCPT");
}

function autoWhitelistedBy(
  subject: Subject,
  memory: Memory,
  rules: Rules,
  now: number,
): Decision | undefined {
  for (const origin of subject.origins) {
    const record = memory.origin(origin.name);
    if (record === undefined || !isAutoWhitelisted(record, rules, now)) continue;
    if (!canProve(origin, subject.senderDomain)) continue;
    const renewed: OriginRecord = { ...record, lastSeen: later(record.lastSeen, now) };
    const changes: Change[] = isFresh(record.lastSeen, now)
      ? []
      : [{ kind: "origin", key: origin.name, record: renewed }];
    return { verdict: { ...pass("auto-whitelisted"), origin: origin.name }, changes };
  }
  return undefined;
}

/** What is remembered of the message that an attempt belongs to. */
function messageOf(subject: Subject, memory: Memory): MessageRecord | undefined {
  const record = subject.instance === "" ? undefined : memory.message(subject.instance);
  const isSame = record?.origin === subject.origins[0]!.name && record.sender === subject.sender;
  return isSame ? record : undefined;
}

function greylist(subject: Subject, memory: Memory, rules: Rules, now: number): Decision {
  const records = subject.triplets.map((key) => memory.triplet(key));
  const states = records.map((record) => tripletState(record, rules, now));
  const message = messageOf(subject, memory);

  const knownAt = states.findIndex(({ kind }) => kind === "known");
  if (knownAt !== -1) {
    const changes = rememberPass(subject, records, memory, rules, now);
    if (message === undefined) {
      changes.push(...rememberMessage(subject, { reason: "known", delayed: 0 }));
    }
    return { verdict: { ...pass("known"), origin: subject.origins[knownAt]!.name }, changes };
  }

  let since: number | undefined;
  let sinceAt = -1;
  states.forEach((one, at) => {
    if (one.kind !== "waiting" || (since !== undefined && one.since >= since)) return;
    since = one.since;
    sinceAt = at;
  });

  if (since !== undefined && now - since >= rules.delay) {
    const delayed = now - since;
    const firstOfMessage = message?.reason !== "retried";
    const changes = rememberPass(subject, records, memory, rules, now);
    if (firstOfMessage) changes.push(...rememberMessage(subject, { reason: "retried", delayed }));
    const origin = subject.origins[sinceAt]!.name;
    return { verdict: { ...pass("retried"), delayed, firstOfMessage, origin }, changes };
  }

  if (message !== undefined) {
    // Another recipient of this very message waited: do not split it over several retries.
    const changes = rememberPass(subject, records, memory, rules, now);
    const shared = message.reason === "retried"
      ? { delayed: message.delayed, firstOfMessage: false }
      : {};
    return { verdict: { ...pass(message.reason), ...shared }, changes };
  }

  const isNew = since === undefined;
  const begun = since ?? now;
  return {
    verdict: {
      decision: "defer",
      reason: isNew ? "new" : "early",
      wait: begun + rules.delay - now,
      ...(isNew ? {} : { origin: subject.origins[sinceAt]!.name }),
    },
    changes: rememberDefer(subject.triplets, records, begun, now, isNew),
  };
}

/** In shadow mode nothing is deferred or refused, and so nothing was delayed either. */
function inMode(verdict: Verdict, rules: Rules): Verdict {
  if (rules.mode !== "shadow") return verdict;
  const { delayed: _delayed, firstOfMessage: _first, ...rest } = verdict;
  return verdict.decision === "pass"
    ? rest
    : { ...rest, decision: "pass", shadow: verdict.decision };
}

/** What is decided about, besides what is remembered of it. */
export interface Case {
  /** The attempt. */
  readonly attempt: Attempt;
  /** What the lists say of it. */
  readonly listing: Listing;
  /** What was learnt of the client; absent while nothing was, which {@linkcode decide} may ask for. */
  readonly evidence?: Evidence;
  /** What {@linkcode subjectOf} made of the attempt and evidence, if the caller has it already. */
  readonly subject?: Subject;
}

/**
 * Decides one attempt by evidence that is there.
 *
 * @param memory what is remembered of the attempt's triplets, origins and message; nothing else is
 * asked for.
 * @param now milliseconds since the epoch.
 * @returns the verdict, and the changes that must be remembered before it is told.
 */
export function decide(
  about: Case & { readonly evidence: Evidence },
  memory: Memory,
  rules: Rules,
  now: number,
): Decision;
/**
 * Decides one attempt, or asks for evidence where there is none.
 *
 * @param memory what is remembered of the attempt's triplets, origins and message; nothing else is
 * asked for.
 * @param now milliseconds since the epoch.
 * @returns the verdict, and the changes that must be remembered before it is told; or that evidence is
 * needed.
 */
export function decide(about: Case, memory: Memory, rules: Rules, now: number): Decision | Question;
export function decide(
  about: Case,
  memory: Memory,
  rules: Rules,
  now: number,
): Decision | Question {
  const prechecked = precheck(about.attempt, rules, about.listing);
  if (prechecked !== undefined) return { verdict: prechecked, changes: [] };
  return decidePrechecked(about, memory, rules, now);
}

/** Decides like {@linkcode decide}, for an attempt that the prechecks left undecided. */
export function decidePrechecked(
  about: Case,
  memory: Memory,
  rules: Rules,
  now: number,
): Decision | Question {
  const { attempt, listing, evidence } = about;
  const subject = about.subject ?? subjectOf(attempt, rules, evidence);
  // Who is never proven earns nothing either.
  const applied = listing.alwaysGreylist ? { ...rules, autoWhitelistClients: 0 } : rules;
  const decision = decideKnown(subject, listing, memory, applied, now) ??
    greylist(subject, memory, applied, now);
  if (decision.verdict.decision !== "defer") return inModeOf(decision, rules);
  if (evidence !== undefined) {
    const weighed = applyEvidence(subject, evidence, memory, applied, now, decision.verdict);
    return inModeOf(weighed ?? decision, rules);
  }
  if (wouldAsk(subject, memory, applied, now, decision.verdict.reason)) return { ask: "evidence" };
  return inModeOf(decision, rules);
}

/** What lets pass without a wait, and is neither on a list nor known. */
function decideKnown(
  subject: Subject,
  listing: Listing,
  memory: Memory,
  rules: Rules,
  now: number,
): Decision | undefined {
  const proven = autoWhitelistedBy(subject, memory, rules, now);
  if (proven !== undefined) return proven;
  if (listing.released) return passUndelayed(subject, memory, rules, now, pass("allowed"));
  return correspond(subject, memory, rules, now);
}

function inModeOf({ verdict, changes }: Decision, rules: Rules): Decision {
  return { verdict: inMode(verdict, rules), changes };
}
