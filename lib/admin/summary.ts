/**
 * What happened within a period, in numbers.
 *
 * @module
 */
import { REASON_TEXTS } from "../greylist/model.ts";
import type { DeferralCounts, DelayTally, HistoryStore, Tally } from "../store/history.ts";
import { DELAY_BOUNDS } from "../daemon/tallies.ts";
import { HOUR } from "../text/duration.ts";

/** How long delayed mail had waited. */
export interface Delays {
  /** How many messages. */
  readonly count: number;
  /** Half of them waited no longer than this, in seconds; undefined if there is none. */
  readonly p50: number | undefined;
  /** Nine of ten of them waited no longer than this, in seconds; undefined if there is none. */
  readonly p90: number | undefined;
  /** How many waited no longer than each bound in seconds, and longer than the one before. */
  readonly histogram: readonly { readonly upTo: number; readonly count: number }[];
}

/** What happened within a period. */
export interface Summary {
  /** Its beginning, at a full hour, in milliseconds since the epoch. */
  readonly since: number;
  /** All requests. */
  readonly requests: number;
  /** Requests by the reason of their verdict; reasons without any are left out. */
  readonly reasons: Readonly<Record<string, number>>;
  /** In shadow mode: requests that would have been put off or refused. */
  readonly shadow: { readonly defer: number; readonly reject: number };
  /** How long delayed mail had waited. */
  readonly delays: Delays;
  /** What became of what was put off. */
  readonly deferrals: DeferralCounts;
}

/** Counts put together; pure. */
export function summarise(
  tallies: readonly Tally[],
  delays: readonly DelayTally[],
  deferrals: DeferralCounts,
  since: number,
): Summary {
  const reasons: Record<string, number> = {};
  const shadow = { defer: 0, reject: 0 };
  for (const tally of tallies) {
    const { reason, count } = tally;
    if (!(reason in REASON_TEXTS)) continue;
    reasons[reason] = (reasons[reason] ?? 0) + count;
    if (tally.shadow !== undefined) shadow[tally.shadow] += count;
  }
  return {
    since,
    requests: Object.values(reasons).reduce((sum, count) => sum + count, 0),
    reasons,
    shadow,
    delays: delaysOf(delays),
    deferrals,
  };
}

/** How long the mail of some counts had waited. */
export function delaysOf(tallies: readonly DelayTally[]): Delays {
  const histogram = [...DELAY_BOUNDS, Infinity].map((upTo) => ({
    upTo,
    count: tallies.reduce((sum, one) => one.upTo === upTo ? sum + one.count : sum, 0),
  }));
  const count = histogram.reduce((sum, one) => sum + one.count, 0);
  const atShare = (share: number): number | undefined => {
    if (count === 0) return undefined;
    let seen = 0;
    return histogram.find((one) => (seen += one.count) >= share * count)!.upTo;
  };
  return { count, p50: atShare(0.5), p90: atShare(0.9), histogram };
}

/**
 * What happened since a time.
 *
 * @param since in milliseconds since the epoch; the hour that it falls in counts as a whole.
 * @param retryWindow in milliseconds: what was not tried again for so long counts as lost.
 */
export function summaryOf(
  store: HistoryStore,
  since: number,
  now: number,
  retryWindow: number,
): Summary {
  const hour = since - since % HOUR;
  const deferrals = store.countDeferrals(hour, now - retryWindow);
  return summarise(store.tallies(hour), store.delayTallies(hour), deferrals, hour);
}
