/**
 * The figures that an administrator looks at first, and their trend; pure.
 *
 * @module
 */
import type { DelayTally, Tally } from "../store/history.ts";
import type { Reason } from "../greylist/model.ts";
import { DAY, HOUR } from "../text/duration.ts";
import { delaysOf } from "./summary.ts";

/** What happened to strangers and friends within a period. */
export interface Figures {
  /** Requests that passed without any wait. */
  readonly passedUndelayed: number;
  /** Requests of strangers that were put off for the first time. */
  readonly deferred: number;
  /** Requests that came back in time and passed. */
  readonly retried: number;
  /** Requests that the block list refused. */
  readonly blocked: number;
}

/** The figures of a piece of time. */
export interface Bucket extends Figures {
  /** When it begins, in milliseconds since the epoch. */
  readonly from: number;
  /** How long it is, in milliseconds. */
  readonly length: number;
}

/** The periods that a trend can be shown for. */
export const PERIODS = ["24h", "7d", "30d"] as const;

/** One of {@linkcode PERIODS}. */
export type Period = typeof PERIODS[number];

/** The days before the last 24 hours that are the usual. */
const USUAL_DAYS = 7;

const SHAPES: Readonly<Record<Period, { readonly count: number; readonly length: number }>> = {
  "24h": { count: 24, length: HOUR },
  "7d": { count: 28, length: 6 * HOUR },
  "30d": { count: 30, length: DAY },
};

/** Reasons of mail that passed without any wait, and that greylisting has a part in. */
export const UNDELAYED_REASONS: readonly Reason[] = [
  "allowed",
  "auto-whitelisted",
  "correspondent",
  "known",
  "low-suspicion",
  "spf-pass",
  "not-opted-in",
];

/** The figure that counts a verdict. */
function figureOf({ reason, shadow }: Tally): keyof Figures | undefined {
  if (shadow === "reject") return "blocked";
  if (reason === "new") return "deferred";
  if (reason === "retried") return "retried";
  if (reason === "blocked") return "blocked";
  return UNDELAYED_REASONS.includes(reason) ? "passedUndelayed" : undefined;
}

/** The figures of some counts. */
export function figuresOf(tallies: readonly Tally[]): Figures {
  const figures = { passedUndelayed: 0, deferred: 0, retried: 0, blocked: 0 };
  for (const tally of tallies) {
    const figure = figureOf(tally);
    if (figure !== undefined) figures[figure] += tally.count;
  }
  return figures;
}

/** When a trend begins, in milliseconds since the epoch: at a full hour. */
export function trendSince(period: Period, now: number): number {
  const { count, length } = SHAPES[period];
  return now - now % HOUR + HOUR - count * length;
}

/**
 * The figures of a period, piece by piece; the last piece ends with the hour that is now.
 *
 * @param tallies the counts since {@linkcode trendSince}.
 */
export function trendOf(tallies: readonly Tally[], period: Period, now: number): Bucket[] {
  const { count, length } = SHAPES[period];
  const since = trendSince(period, now);
  const pieces = Array.from({ length: count }, (): Tally[] => []);
  for (const tally of tallies) pieces[Math.floor((tally.hour - since) / length)]?.push(tally);
  return pieces.map((piece, at) => ({ from: since + at * length, length, ...figuresOf(piece) }));
}

/** What was in the last 24 hours, and what is usual. */
export interface Today {
  /** The last 24 hours, the hour that is now among them. */
  readonly last: TodayFigures;
  /** The mean of the days before, a week at most; undefined while there is no whole day. */
  readonly baseline: TodayFigures | undefined;
}

/** The figures of 24 hours. */
export interface TodayFigures extends Figures {
  /** Messages that were accepted after they had to wait. */
  readonly delayed: number;
  /** What was put off and did not come back: its time was over within these 24 hours. */
  readonly notRetried: number;
}

/** When the counts for a today begin, in milliseconds since the epoch. */
export function todaySince(now: number): number {
  return lastDay(now) - USUAL_DAYS * DAY;
}

function lastDay(now: number): number {
  return now - now % HOUR + HOUR - DAY;
}

/**
 * Whole days before the last 24 hours of which there are counts.
 *
 * @param tallies the counts since {@linkcode todaySince}.
 */
export function baselineDays(tallies: readonly Tally[], now: number): number {
  const first = tallies[0]?.hour;
  return first === undefined ? 0 : Math.max(0, Math.floor((lastDay(now) - first) / DAY));
}

/**
 * A today.
 *
 * @param tallies the counts since {@linkcode todaySince}, as are the delays.
 * @param notRetried what did not come back: in the last 24 hours, and in all the usual days.
 */
export function todayOf(
  tallies: readonly Tally[],
  delays: readonly DelayTally[],
  notRetried: { readonly last: number; readonly before: number },
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
    last: figures(isLast, notRetried.last, 1),
    baseline: days === 0 ? undefined : figures(isBefore, notRetried.before, days),
  };
}
