/**
 * An origin of a client that becomes known only after its attempt was answered.
 *
 * @module
 */
import type { Subject } from "./attempt.ts";
import type { Memory } from "./memory.ts";
import type { Rules } from "./rules.ts";
import { type Standing, standing } from "./standing.ts";
import type { Change, Triplet } from "./verdict.ts";

function isBetter(one: Standing, other: Standing): boolean {
  if (one.kind === "unknown" || other.kind === "known") return false;
  if (one.kind === "known" || other.kind === "unknown") return true;
  return one.since < other.since;
}

/**
 * What the last of a subject's origins takes over from the others: that the mail waits since then, or
 * is known. What it has earned is its own.
 */
export function adopt(subject: Subject, memory: Memory, rules: Rules, now: number): Change[] {
  const key = subject.triplets.at(-1)!;
  const own = memory.triplet(key);
  let best: Triplet | undefined = own;
  for (const other of subject.triplets.slice(0, -1)) {
    const record = memory.triplet(other);
    if (isBetter(standing(record, rules, now), standing(best, rules, now))) best = record;
  }
  if (best === undefined || best === own) return [];
  return [{ kind: "triplet", key, record: { ...best, counted: own?.counted ?? false } }];
}
