/**
 * Recurring errors since the start, and the rate limit of their log lines.
 *
 * @module
 */
import { DATABASE_KEY, messagesOf } from "./event_text.ts";
import type { DaemonEvent } from "./events.ts";
import type { LogLevel } from "./log_line.ts";
import { MINUTE } from "../text/duration.ts";

/** Times are milliseconds since the epoch. */
export interface RecurringError {
  /** Hostile text of the last occurrence. */
  readonly text: string;
  readonly level: LogLevel;
  readonly first: number;
  readonly last: number;
  readonly times: number;
}

/** A subscriber that remembers the errors since the start. */
export class ErrorRegistry {
  readonly #clock: () => number;
  readonly #errors = new Map<string, RecurringError>();

  /** @param clock milliseconds since the epoch. */
  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  handle(event: DaemonEvent): void {
    if (event.kind === "decision") return;
    for (const { errorKey, text, level } of messagesOf(event)) {
      if (errorKey === undefined) continue;
      const now = this.#clock();
      const { first = now, times = 0 } = this.#errors.get(errorKey) ?? {};
      this.#errors.delete(errorKey);
      this.#errors.set(errorKey, { text, level, first, last: now, times: times + 1 });
    }
  }

  /** The errors, the most recent last. */
  get errors(): readonly RecurringError[] {
    return [...this.#errors.values()];
  }
}

/** An error is logged at most once in this period, in milliseconds. */
const PERIOD = MINUTE;

/** Limits the log lines of one error. */
export class RepeatLimit {
  readonly #logged = new Map<string, { at: number; suppressed: number }>();

  /**
   * Takes one occurrence.
   *
   * @returns how many before it were suppressed, or undefined if this one is suppressed.
   */
  take(key: string, now: number): number | undefined {
    const last = this.#logged.get(key);
    if (last !== undefined && now >= last.at && now - last.at < PERIOD) {
      last.suppressed++;
      return undefined;
    }
    this.#logged.set(key, { at: now, suppressed: 0 });
    return last?.suppressed ?? 0;
  }

  /** The database works: its next error is logged at once. */
  resetDatabase(): void {
    for (const key of this.#logged.keys()) {
      if (key.startsWith(DATABASE_KEY)) this.#logged.delete(key);
    }
  }
}
