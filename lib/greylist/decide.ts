/**
 * The greylisting decision (RFC 6647): pure functions of what is known, the rules and the time.
 *
 * @module
 */
import { contains, isLoopback } from "../mail/network.ts";
import { type Attempt, type Listing, type Subject, subjectOf } from "./attempt.ts";
import type { Memory } from "./memory.ts";
import { canProve } from "./origin.ts";
import type { Rules } from "./rules.ts";
import type {
  Change,
  Decision,
  MessageRecord,
  OriginRecord,
  Triplet,
  TripletKey,
  Verdict,
} from "./verdict.ts";

/** An origin's deliveries count once in this time, so that one message to many is not many. */
const COUNT_PERIOD = 3_600_000;

/** A life renewed within this time is not renewed again: it saves a write for every message of a burst. */
const RENEWAL_PERIOD = 60_000;

const pass = (reason: Verdict["reason"]): Verdict => ({ decision: "pass", reason });

/**
 * What can be decided without looking anything up: requests that greylisting has no part in, and those
 * that the administrator's lists decide.
 *
 * @returns the verdict, or undefined if the attempt has to be greylisted.
 */
export function screen(attempt: Attempt, rules: Rules, listing: Listing): Verdict | undefined {
  const verdict = screenPlainly(attempt, rules, listing);
  return verdict === undefined ? undefined : inMode(verdict, rules);
}

function screenPlainly(attempt: Attempt, rules: Rules, listing: Listing): Verdict | undefined {
  if (rules.mode === "off") return pass("out-of-scope");
  const stage = attempt.sender === "" && rules.nullSender === "data" ? "DATA" : "RCPT";
  if (attempt.stage !== "RCPT" && attempt.stage !== stage) return pass("out-of-scope");
  if (attempt.authenticated) return pass("authenticated");
  if (isLoopback(attempt.address)) return pass("out-of-scope");
  if (rules.trustedNetworks.some((network) => contains(network, attempt.address))) {
    return pass("allowed");
  }
  if (listing.decisive === "allow") return pass("allowed");
  if (listing.decisive === "block") return { decision: "reject", reason: "blocked" };
  if (!listing.optedIn) return pass("not-opted-in");
  return attempt.stage === stage ? undefined : pass("out-of-scope");
}

/** How one remembered triplet stands at a moment. */
type Standing =
  | { readonly kind: "unknown" }
  | { readonly kind: "waiting"; readonly since: number }
  | { readonly kind: "known" };

function standing(record: Triplet | undefined, rules: Rules, now: number): Standing {
  if (record === undefined) return { kind: "unknown" };
  if (record.passed !== undefined) {
    return now - record.lastSeen > rules.lifetime ? { kind: "unknown" } : { kind: "known" };
  }
  // A clock that was set back must not make anybody wait for longer than the delay.
  const since = Math.min(record.firstSeen, now);
  return now - since > rules.retryWindow ? { kind: "unknown" } : { kind: "waiting", since };
}

function isLive(record: OriginRecord | undefined, rules: Rules, now: number): boolean {
  return record !== undefined && now - record.lastSeen <= rules.lifetime;
}

function later(time: number, now: number): number {
  return Math.max(time, now);
}

function isFresh(lastSeen: number, now: number): boolean {
  return now - lastSeen < RENEWAL_PERIOD;
}

function provenBy(
  subject: Subject,
  memory: Memory,
  rules: Rules,
  now: number,
): Decision | undefined {
  if (rules.autoWhitelistClients === 0) return undefined;
  for (const origin of subject.origins) {
    const record = memory.origin(origin.name);
    if (record === undefined || record.deliveries < rules.autoWhitelistClients) continue;
    if (!isLive(record, rules, now) || !canProve(origin, subject.senderDomain)) continue;
    const renewed: OriginRecord = { ...record, lastSeen: later(record.lastSeen, now) };
    const changes: Change[] = isFresh(record.lastSeen, now)
      ? []
      : [{ kind: "origin", key: origin.name, record: renewed }];
    return { verdict: { ...pass("proven"), origin: origin.name }, changes };
  }
  return undefined;
}

/** What is remembered of a delivery that was accepted: every origin knows it, and some earn by it. */
function rememberPass(
  subject: Subject,
  records: readonly (Triplet | undefined)[],
  memory: Memory,
  rules: Rules,
  now: number,
): Change[] {
  const changes: Change[] = [];
  subject.origins.forEach((origin, at) => {
    const found = records[at];
    const before = standing(found, rules, now).kind === "unknown" ? undefined : found;
    const kept = memory.origin(origin.name);
    const earned = isLive(kept, rules, now) ? kept : undefined;
    const counts = rules.autoWhitelistClients > 0 && canProve(origin, subject.senderDomain) &&
      !(before?.counted ?? false) &&
      (earned === undefined || now - earned.lastCounted >= COUNT_PERIOD);
    if (before?.passed === undefined || counts || !isFresh(before.lastSeen, now)) {
      const record: Triplet = {
        firstSeen: before?.firstSeen ?? now,
        lastSeen: later(before?.lastSeen ?? now, now),
        tries: before?.tries ?? 0,
        passed: before?.passed ?? now,
        counted: counts || (before?.counted ?? false),
      };
      changes.push({ kind: "triplet", key: subject.triplets[at]!, record });
    }
    if (counts) {
      const record: OriginRecord = {
        firstSeen: earned?.firstSeen ?? now,
        lastSeen: later(earned?.lastSeen ?? now, now),
        deliveries: (earned?.deliveries ?? 0) + 1,
        lastCounted: now,
      };
      changes.push({ kind: "origin", key: origin.name, record });
    } else if (earned !== undefined && !isFresh(earned.lastSeen, now)) {
      const record = { ...earned, lastSeen: later(earned.lastSeen, now) };
      changes.push({ kind: "origin", key: origin.name, record });
    }
  });
  return changes;
}

/** What is remembered of a delivery that was put off: every origin waits, and since when. */
function rememberDefer(
  keys: readonly TripletKey[],
  records: readonly (Triplet | undefined)[],
  since: number,
  now: number,
  isNew: boolean,
): Change[] {
  return keys.map((key, at) => {
    const before = isNew ? undefined : records[at];
    const record: Triplet = {
      firstSeen: since,
      lastSeen: now,
      tries: (before?.tries ?? 0) + 1,
      counted: false,
    };
    return { kind: "triplet", key, record };
  });
}

function rememberMessage(
  subject: Subject,
  outcome: Pick<MessageRecord, "reason" | "delayed">,
): Change[] {
  if (subject.instance === "") return [];
  const record = { ...outcome, origin: subject.origins[0]!.name, sender: subject.sender };
  return [{ kind: "message", key: subject.instance, record }];
}

/** What is remembered of the message that an attempt belongs to. */
function messageOf(subject: Subject, memory: Memory): MessageRecord | undefined {
  const record = subject.instance === "" ? undefined : memory.message(subject.instance);
  const isSame = record?.origin === subject.origins[0]!.name && record.sender === subject.sender;
  return isSame ? record : undefined;
}

function greylist(subject: Subject, memory: Memory, rules: Rules, now: number): Decision {
  const records = subject.triplets.map((key) => memory.triplet(key));
  const standings = records.map((record) => standing(record, rules, now));
  const message = messageOf(subject, memory);

  const knownAt = standings.findIndex(({ kind }) => kind === "known");
  if (knownAt !== -1) {
    const changes = rememberPass(subject, records, memory, rules, now);
    if (message === undefined) {
      changes.push(...rememberMessage(subject, { reason: "known", delayed: 0 }));
    }
    return { verdict: { ...pass("known"), origin: subject.origins[knownAt]!.name }, changes };
  }

  let since: number | undefined;
  let sinceAt = -1;
  standings.forEach((one, at) => {
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

/** What was released passes and is remembered as if it had waited. */
function release(subject: Subject, memory: Memory, rules: Rules, now: number): Decision {
  const records = subject.triplets.map((key) => memory.triplet(key));
  return {
    verdict: pass("allowed"),
    changes: rememberPass(subject, records, memory, rules, now),
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
  /** What {@linkcode subjectOf} made of the attempt, if the caller has it already. */
  readonly subject?: Subject;
}

/**
 * Decides one attempt.
 *
 * @param memory what is remembered of the attempt's triplets, origins and message; nothing else is
 * asked for.
 * @param now milliseconds since the epoch.
 * @returns the verdict, and the changes that must be remembered before it is told.
 */
export function decide(about: Case, memory: Memory, rules: Rules, now: number): Decision {
  const { attempt, listing } = about;
  const screened = screen(attempt, rules, listing);
  if (screened !== undefined) return { verdict: screened, changes: [] };
  const subject = about.subject ?? subjectOf(attempt, rules);
  // Who is never proven earns nothing either.
  const applied = listing.neverProven ? { ...rules, autoWhitelistClients: 0 } : rules;
  const { verdict, changes } = provenBy(subject, memory, applied, now) ??
    (listing.released ? release : greylist)(subject, memory, applied, now);
  return { verdict: inMode(verdict, rules), changes };
}
