/**
 * The limits of notices: floods, rates, retries, and what is unusual. Pure; times are milliseconds since the epoch.
 *
 * @module
 */
import { HOUR, MINUTE } from "../text/duration.ts";

/** Occurrences within the window from which they are a flood, and how long it lasts after the last. */
export interface FloodLimits {
  readonly count: number;
  readonly window: number;
  readonly lasts: number;
}

/** First contacts that would each make a notice. */
export const CANDIDATE_FLOOD: FloodLimits = { count: 20, window: 10 * MINUTE, lasts: HOUR };

/** All first contacts; a home server has some hundreds a day. */
export const CONTACT_FLOOD: FloodLimits = { count: 600, window: 10 * MINUTE, lasts: HOUR };

export class FloodWatch {
  readonly #limits: FloodLimits;
  /** The latest occurrences, in a ring. */
  readonly #times: number[] = [];
  #next = 0;
  #until = 0;

  constructor(limits: FloodLimits) {
    this.#limits = limits;
  }

  /** Counts an occurrence; returns whether a flood is on. */
  count(now: number): boolean {
    const { count, window, lasts } = this.#limits;
    const oldest = this.#times[this.#next];
    this.#times[this.#next] = now;
    this.#next = (this.#next + 1) % count;
    // A clock that was set back must neither begin a flood nor prolong one.
    if (oldest !== undefined && Math.abs(now - oldest) <= window) this.#until = now + lasts;
    return this.isOn(now);
  }

  isOn(now: number): boolean {
    return now < this.#until && this.#until - now <= this.#limits.lasts;
  }
}

/** Time between two notices of a recipient. */
export const NOTICE_PERIOD = HOUR;

/** Maximum number of notices of a recipient within a day, besides the digest. */
export const MAX_DAILY_NOTICES = 6;

/** Lateness from which mail counts as not retried in its usual time. */
const USUAL_FACTOR = 2;
const USUAL_MINIMUM = 15 * MINUTE;
/** For a sender domain without history. */
const USUAL_UNKNOWN = HOUR;

/** @param usual median delay of the sender domain's retries; undefined if unknown. */
export function lateAfter(usual: number | undefined): number {
  return usual === undefined ? USUAL_UNKNOWN : Math.max(USUAL_MINIMUM, USUAL_FACTOR * usual);
}

/** Failed tries of a notice are repeated after this time, doubled each time. */
const FIRST_RETRY = MINUTE;
const LONGEST_RETRY = 2 * HOUR;

/** @param tries number of failed tries, at least 1. */
export function retryAfter(tries: number): number {
  return Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** (tries - 1));
}

/** Hours of silence at least, and times the longest silence known, that are unusually long. */
const SILENT_MINIMUM = 6 * HOUR;
const SILENT_FACTOR = 2;
/** Fewer hours with requests say nothing about what is usual. */
const SILENT_HOURS_KNOWN = 48;

/**
 * The time without a request of Postfix after which it is unusually long.
 *
 * @param hours beginnings of the hours with requests of the last weeks, in order.
 * @returns undefined while too little is known.
 */
export function silenceLimit(hours: readonly number[]): number | undefined {
  if (hours.length < SILENT_HOURS_KNOWN) return undefined;
  let longest = 0;
  for (let at = 1; at < hours.length; at++) {
    longest = Math.max(longest, hours[at]! - hours[at - 1]!);
  }
  return Math.max(SILENT_MINIMUM, SILENT_FACTOR * longest);
}
