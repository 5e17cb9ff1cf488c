/**
 * How what is remembered stands at a moment.
 *
 * @module
 */
import type { Rules } from "./rules.ts";
import type { OriginRecord, Triplet } from "./model.ts";

/** How one remembered triplet stands at a moment. */
export type TripletState =
  | { readonly kind: "unknown" }
  /** It has to come back; `since` is in milliseconds since the epoch. */
  | { readonly kind: "waiting"; readonly since: number }
  | { readonly kind: "known" };

/** How a triplet stands. */
export function tripletState(
  record: Omit<Triplet, "counted"> | undefined,
  rules: Rules,
  now: number,
): TripletState {
  if (record === undefined) return { kind: "unknown" };
  if (record.passed !== undefined) {
    return now - record.lastSeen > rules.lifetime ? { kind: "unknown" } : { kind: "known" };
  }
  // A clock that was set back must not make anybody wait for longer than the delay.
  const since = Math.min(record.firstSeen, now);
  return now - since > rules.retryWindow ? { kind: "unknown" } : { kind: "waiting", since };
}

/** Whether an origin was seen within its life. */
export function isLive(
  record: Pick<OriginRecord, "lastSeen"> | undefined,
  rules: Rules,
  now: number,
): boolean {
  return record !== undefined && now - record.lastSeen <= rules.lifetime;
}

/** Whether an origin has kept its word often enough, and within its life. */
export function isAutoWhitelisted(
  record: Pick<OriginRecord, "deliveries" | "lastSeen"> | undefined,
  rules: Rules,
  now: number,
): boolean {
  return rules.autoWhitelistClients > 0 && record !== undefined &&
    record.deliveries >= rules.autoWhitelistClients && isLive(record, rules, now);
}
