/**
 * An origin of a client that becomes known only after its attempt was answered.
 *
 * @module
 */
import type { Subject } from "./attempt.ts";
import type { Memory } from "./memory.ts";
import type { Rules } from "./rules.ts";
import { type TripletState, tripletState } from "./triplet_state.ts";
import type { Change, Triplet } from "./model.ts";

function isBetter(one: TripletState, other: TripletState): boolean {
  if (one.kind === "unknown" || other.kind === "known") return false;
  if (one.kind === "known" || other.kind === "unknown") return true;
  return one.since < other.since;
}

/**
 * What the last of a subject's origins takes over from the others: that the mail waits since then, or
 * is known. What it has earned is its own.
 */
export function inheritState(
  subject: Subject,
  memory: Memory,
  rules: Rules,
  now: number,
): Change[] {
  const key = subject.triplets.at(-1)!;
  const own = memory.triplet(key);
  let best: Triplet | undefined = own;
  for (const other of subject.triplets.slice(0, -1)) {
    const record = memory.triplet(other);
    if (isBetter(tripletState(record, rules, now), tripletState(best, rules, now))) best = record;
  }
  if (best === undefined || best === own) return [];
  return [{ kind: "triplet", key, record: { ...best, counted: own?.counted ?? false } }];
}
