/**
 * When each subject last had a notice: stored, and in memory while the database does not work.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { NoticeStore } from "../store/notices.ts";
import { DAY } from "../text/duration.ts";
import { MAX_DAILY_NOTICES } from "./limits.ts";

const MAX_IN_MEMORY = 10_000;

export class NoticeTimes {
  readonly #store: Pick<NoticeStore, "lastTime" | "setTime">;
  readonly #memory = new LRUCache<string, number>({ max: MAX_IN_MEMORY });

  constructor(store: Pick<NoticeStore, "lastTime" | "setTime">) {
    this.#store = store;
  }

  /** Undefined for never. */
  last(subject: string): number | undefined {
    const known = this.#memory.get(subject);
    if (known !== undefined) return known;
    try {
      return this.#store.lastTime(subject);
    } catch {
      // The store reports its own errors.
      return undefined;
    }
  }

  /** The same; a time after now, from before the clock was set back, becomes now. */
  lastUntil(subject: string, now: number): number | undefined {
    const last = this.last(subject);
    if (last === undefined || last <= now) return last;
    this.set(subject, now);
    return now;
  }

  set(subject: string, now: number): void {
    this.#memory.set(subject, now);
    try {
      this.#store.setTime(subject, now);
    } catch {
      // The memory has it.
    }
  }

  /** True if the subject had a notice within the period before now. */
  isWithin(subject: string, period: number, now: number): boolean {
    const last = this.last(subject);
    return last !== undefined && now >= last && now - last < period;
  }

  /** Takes the turn of a subject, unless it had one within the period. */
  take(subject: string, period: number, now: number): boolean {
    if (this.isWithin(subject, period, now)) return false;
    this.set(subject, now);
    return true;
  }
}

/** The daily limit of notices to a recipient; stored, so that it applies across restarts. */
export class DailyLimit {
  readonly #times: NoticeTimes;

  constructor(times: NoticeTimes) {
    this.#times = times;
  }

  /** The subjects of a recipient's daily notices, one for each that is allowed. */
  #subjects(recipient: string): string[] {
    return Array.from({ length: MAX_DAILY_NOTICES }, (_, at) => `daily ${at} ${recipient}`);
  }

  #freeSubject(recipient: string, now: number): string | undefined {
    return this.#subjects(recipient)
      .find((subject) => !this.#times.isWithin(subject, DAY, now));
  }

  isReached(recipient: string, now: number): boolean {
    return this.#freeSubject(recipient, now) === undefined;
  }

  /** Counts a notice, unless the limit is reached. */
  add(recipient: string, now: number): void {
    const subject = this.#freeSubject(recipient, now);
    if (subject !== undefined) this.#times.set(subject, now);
  }
}
