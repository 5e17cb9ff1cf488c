/**
 * How what is remembered stands at a moment.
 *
 * @module
 */
import type { Rules } from "./rules.ts";
import type { OriginRecord, Triplet } from "./verdict.ts";

/** How one remembered triplet stands at a moment. */
export type Standing =
  | { readonly kind: "unknown" }
  /** It has to come back; `since` is in milliseconds since the epoch. */
  | { readonly kind: "waiting"; readonly since: number }
  | { readonly kind: "known" };

/** How a triplet stands. */
export function standing(record: Triplet | undefined, rules: Rules, now: number): Standing {
  if (record === undefined) return { kind: "unknown" };
  if (record.passed !== undefined) {
    return now - record.lastSeen > rules.lifetime ? { kind: "unknown" } : { kind: "known" };
  }
  // A clock that was set back must not make anybody wait for longer than the delay.
  const since = Math.min(record.firstSeen, now);
  return now - since > rules.retryWindow ? { kind: "unknown" } : { kind: "waiting", since };
}

/** Whether an origin was seen within its life. */
export function isLive(record: OriginRecord | undefined, rules: Rules, now: number): boolean {
  return record !== undefined && now - record.lastSeen <= rules.lifetime;
}
