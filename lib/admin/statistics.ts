/**
 * Statistics of decisions, delays and deferred mail; pure.
 *
 * @module
 */
import { type Reason, REASON_TEXTS } from "../greylist/model.ts";
import {
  type DeferralCounts,
  DELAY_BOUNDS,
  type DelayTally,
  type Tally,
} from "../store/history.ts";
import { DAY, HOUR } from "../text/duration.ts";

/** Delays of accepted mail. */
export interface Delays {
  /** Messages. */
  readonly count: number;
  /** Median, as an upper bound in seconds; undefined without messages. */
  readonly p50: number | undefined;
  /** 90th percentile, as an upper bound in seconds; undefined without messages. */
  readonly p90: number | undefined;
  /** Upper bounds in seconds, each bucket above the one before. */
  readonly histogram: readonly { readonly upTo: number; readonly count: number }[];
}

export interface Summary {
  /** Beginning of the period at a full hour, in milliseconds since the epoch. */
  readonly since: number;
  readonly requests: number;
  /** Requests by reason; without zeros. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Requests that shadow mode accepted. */
  readonly shadow: { readonly defer: number; readonly reject: number };
  readonly delays: Delays;
  readonly deferrals: DeferralCounts;
  /** Deferrals whose retry found the client on a DNS list. */
  readonly listed: number;
}

export function summarise(
  tallies: readonly Tally[],
  delays: readonly DelayTally[],
  deferrals: DeferralCounts,
  listed: number,
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
    listed,
  };
}

function delaysOf(tallies: readonly DelayTally[]): Delays {
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

export interface Figures {
  /** Requests passed without delay. */
  readonly passedUndelayed: number;
  /** First attempts deferred. */
  readonly deferred: number;
  /** Retries accepted. */
  readonly retried: number;
  /** Requests rejected by the block list or by a DNS list. */
  readonly blocked: number;
}

export interface Bucket extends Figures {
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** Milliseconds. */
  readonly length: number;
}

export const PERIODS = ["24h", "7d", "30d"] as const;

export type Period = typeof PERIODS[number];

/** Length of the baseline, before the last 24 hours. */
const BASELINE_DAYS = 7;

const SHAPES: Readonly<Record<Period, { readonly count: number; readonly length: number }>> = {
  "24h": { count: 24, length: HOUR },
  "7d": { count: 28, length: 6 * HOUR },
  "30d": { count: 30, length: DAY },
};

/** Reasons of mail passed without delay that would otherwise be greylisted. */
export const UNDELAYED_REASONS: readonly Reason[] = [
  "allowed",
  "auto-whitelisted",
  "correspondent",
  "known",
  "low-suspicion",
  "spf-pass",
  "not-opted-in",
];

function figureOf({ reason, decision, shadow }: Tally): keyof Figures | undefined {
  if ((shadow ?? decision) === "reject") return "blocked";
  if (reason === "new" || reason === "trap") return "deferred";
  if (reason === "retried") return "retried";
  return UNDELAYED_REASONS.includes(reason) ? "passedUndelayed" : undefined;
}

export function figuresOf(tallies: readonly Tally[]): Figures {
  const figures = { passedUndelayed: 0, deferred: 0, retried: 0, blocked: 0 };
  for (const tally of tallies) {
    const figure = figureOf(tally);
    if (figure !== undefined) figures[figure] += tally.count;
  }
  return figures;
}

/** Beginning of a trend at a full hour, in milliseconds since the epoch. */
export function trendSince(period: Period, now: number): number {
  const { count, length } = SHAPES[period];
  return now - now % HOUR + HOUR - count * length;
}

/**
 * Buckets of a period; the last one ends with the current hour.
 *
 * @param tallies since {@linkcode trendSince}.
 */
export function trendOf(tallies: readonly Tally[], period: Period, now: number): Bucket[] {
  const { count, length } = SHAPES[period];
  const since = trendSince(period, now);
  const pieces = Array.from({ length: count }, (): Tally[] => []);
  for (const tally of tallies) pieces[Math.floor((tally.hour - since) / length)]?.push(tally);
  return pieces.map((piece, at) => ({ from: since + at * length, length, ...figuresOf(piece) }));
}

export interface Today {
  /** The last 24 hours, including the current hour. */
  readonly last: TodayFigures;
  /** Daily mean of the week before; undefined without a complete day. */
  readonly baseline: TodayFigures | undefined;
}

export interface TodayFigures extends Figures {
  /** Messages accepted after a delay. */
  readonly delayed: number;
  /** Deferred pairs whose retry window ended without a retry. */
  readonly notRetried: number;
}

/** Beginning of the tallies for {@linkcode todayOf}, in milliseconds since the epoch. */
export function todaySince(now: number): number {
  return lastDay(now) - BASELINE_DAYS * DAY;
}

function lastDay(now: number): number {
  return now - now % HOUR + HOUR - DAY;
}

/**
 * Complete days before the last 24 hours with tallies.
 *
 * @param tallies since {@linkcode todaySince}.
 */
export function baselineDays(tallies: readonly Tally[], now: number): number {
  const first = tallies[0]?.hour;
  return first === undefined ? 0 : Math.max(0, Math.floor((lastDay(now) - first) / DAY));
}

/**
 * The figures of the last 24 hours and their baseline.
 *
 * @param tallies since {@linkcode todaySince}, as are the delays.
 * @param notRetried counts the deferrals whose retry window ended within a window, without a retry.
 */
export function todayOf(
  tallies: readonly Tally[],
  delays: readonly DelayTally[],
  notRetried: (from: number, until: number) => number,
  now: number,
): Today {
  const since = lastDay(now);
  const days = baselineDays(tallies, now);
  const from = since - days * DAY;
  const isLast = ({ hour }: { readonly hour: number }) => hour >= since;
  const isBefore = ({ hour }: { readonly hour: number }) => hour >= from && hour < since;
  const figures = (within: typeof isLast, lost: number, share: number): TodayFigures => {
    const { passedUndelayed, deferred, retried, blocked } = figuresOf(tallies.filter(within));
    const delayed = delaysOf(delays.filter(within)).count;
    return {
      passedUndelayed: passedUndelayed / share,
      deferred: deferred / share,
      retried: retried / share,
      blocked: blocked / share,
      delayed: delayed / share,
      notRetried: lost / share,
    };
  };
  return {
    last: figures(isLast, notRetried(now - DAY, now), 1),
    baseline: days === 0
      ? undefined
      : figures(isBefore, notRetried(now - (days + 1) * DAY, now - DAY), days),
  };
}

/** The figures of one period, each over the same window as its list. */
export interface PeriodFigures extends Figures {
  /** Messages accepted after a delay. */
  readonly delayed: number;
  /** Deferrals that began in the period, by their state now. */
  readonly deferrals: DeferralCounts;
}

export interface Report {
  /** Beginning of the window at a full hour; it ends now. In milliseconds since the epoch. */
  readonly since: number;
  readonly figures: PeriodFigures;
  readonly delays: Delays;
  /** The same for the window before, as long as this one; undefined if it is not complete. */
  readonly before: PeriodFigures | undefined;
}

/** Beginning of the window before the one of {@linkcode trendSince}. */
export function reportSince(period: Period, now: number): number {
  const { count, length } = SHAPES[period];
  return trendSince(period, now) - count * length;
}

/**
 * The figures of a period and of the one before.
 *
 * @param tallies since {@linkcode reportSince}, as are the delays.
 * @param count counts the deferrals that began within a window.
 */
export function reportOf(
  tallies: readonly Tally[],
  delays: readonly DelayTally[],
  count: (from: number, until: number) => DeferralCounts,
  period: Period,
  now: number,
): Report {
  const since = trendSince(period, now);
  const start = reportSince(period, now);
  const within = <T extends { readonly hour: number }>(
    all: readonly T[],
    from: number,
    to: number,
  ) => all.filter(({ hour }) => hour >= from && hour < to);
  const figures = (from: number, to: number): PeriodFigures => ({
    ...figuresOf(within(tallies, from, to)),
    delayed: delaysOf(within(delays, from, to)).count,
    deferrals: count(from, to),
  });
  const first = tallies[0]?.hour;
  // A day without mail is no reason to call the window incomplete.
  const isComplete = first !== undefined && first < start + DAY;
  return {
    since,
    figures: figures(since, now + 1),
    delays: delaysOf(within(delays, since, now + 1)),
    before: isComplete ? figures(start, since) : undefined,
  };
}
