/**
 * What a verdict leaves behind.
 *
 * @module
 */
import type { Subject } from "./attempt.ts";
import type { Memory } from "./memory.ts";
import { canProve } from "./origin.ts";
import type { Rules } from "./rules.ts";
import { isLive, tripletState } from "./triplet_state.ts";
import type {
  Change,
  Decision,
  MessageRecord,
  OriginRecord,
  Triplet,
  TripletKey,
  Verdict,
} from "./model.ts";

/** An origin's deliveries count once in this time, so that one message to many is not many. */
const COUNT_PERIOD = 3_600_000;

/** A life renewed within this time is not renewed again: it saves a write for every message of a burst. */
const RENEWAL_PERIOD = 60_000;

/** The later of two times: a clock that was set back shortens no life. */
export function later(time: number, now: number): number {
  return Math.max(time, now);
}

/** Whether a life was renewed so lately that it need not be again. */
export function isFresh(lastSeen: number, now: number): boolean {
  return now - lastSeen < RENEWAL_PERIOD;
}

/** What is remembered of a delivery that was accepted: every origin knows it, and some earn by it. */
export function rememberPass(
  subject: Subject,
  records: readonly (Triplet | undefined)[],
  memory: Memory,
  rules: Rules,
  now: number,
): Change[] {
  const changes: Change[] = [];
  subject.origins.forEach((origin, at) => {
    const found = records[at];
    const before = tripletState(found, rules, now).kind === "unknown" ? undefined : found;
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
export function rememberDefer(
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

/** What is remembered of a message whose first recipient passed, for those that follow. */
export function rememberMessage(
  subject: Subject,
  outcome: Pick<MessageRecord, "reason" | "delayed">,
): Change[] {
  if (subject.instance === "") return [];
  const record = { ...outcome, origin: subject.origins[0]!.name, sender: subject.sender };
  return [{ kind: "message", key: subject.instance, record }];
}

/** A stranger that passes is remembered as if it had waited. */
export function passUndelayed(
  subject: Subject,
  memory: Memory,
  rules: Rules,
  now: number,
  verdict: Verdict,
): Decision {
  const records = subject.triplets.map((key) => memory.triplet(key));
  return { verdict, changes: rememberPass(subject, records, memory, rules, now) };
}
