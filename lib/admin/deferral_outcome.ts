/**
 * The outcome of deferred mail: what greylisting and the DNS lists stopped.
 *
 * @module
 */
import { DAY, formatDuration } from "../text/duration.ts";
import type { Summary } from "./statistics.ts";

/** The period over which the outcome is shown, in milliseconds. */
export const OUTCOME_PERIOD = 30 * DAY;

/** Deferrals that are no longer waiting, and those of them that were stopped. */
export interface Outcome {
  readonly deferred: number;
  readonly notRetried: number;
  /** A DNS list named the client when it retried. */
  readonly listed: number;
}

/** @returns undefined if no deferral has an outcome yet. */
export function outcomeOf(
  { deferrals, listed }: Pick<Summary, "deferrals" | "listed">,
): Outcome | undefined {
  const { retried, rejected, "not-retried": notRetried } = deferrals;
  const deferred = retried + rejected + notRetried;
  return deferred === 0 ? undefined : { deferred, notRetried, listed: Math.min(listed, deferred) };
}

function share(part: number, whole: number): string {
  const percent = 100 * part / whole;
  return percent > 0 && percent < 0.1 ? "under 0.1 %" : `${Number(percent.toFixed(1))} %`;
}

/** One sentence for an administrator. Without DNS lists nothing is known of listings. */
export function describeOutcome(
  { deferred, notRetried, listed }: Outcome,
  hasDnsLists: boolean,
): string {
  const messages = deferred === 1 ? "message" : "messages";
  const lists = hasDnsLists || listed > 0
    ? `, and a DNS list named the clients of ${share(listed, deferred)} at their retry`
    : "";
  return `Of ${deferred} ${messages} deferred in the last ${formatDuration(OUTCOME_PERIOD)}, ` +
    `${share(notRetried, deferred)} were never retried${lists}.`;
}
