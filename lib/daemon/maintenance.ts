/**
 * Removes expired rows in slices so small that no request notices.
 *
 * @module
 */
import { reportAbandoned } from "../greylist/reputation_changes.ts";
import { relationKeysOf } from "../greylist/attempt.ts";
import type { Rules } from "../greylist/rules.ts";
import { WorkingMemory } from "../greylist/memory.ts";
import type { Cursor, GreylistStore, ListStore, ReportExpired } from "../store/store.ts";
import { MINUTE, SECOND, WEEK } from "../text/duration.ts";
import { type ErrorEvent, reportBug } from "./events.ts";
import type { PendingLimit } from "./pending_limit.ts";

/** Durations are in milliseconds. */
export interface Lifetimes {
  /** Of decisions in the history. */
  readonly history: number;
  /** Maximum decisions in the history. */
  readonly historyRows: number;
  /** Of pending triplets, and of everything else; reputation counts the abandoned. */
  readonly rules: Rules;
}

export interface LastPass {
  /** Milliseconds since the epoch. */
  readonly ended: number;
  /** Rows. */
  readonly removed: number;
}

/** Pauses in milliseconds. */
export interface MaintenancePauses {
  /** Between two slices of a pass. */
  readonly slice: number;
  /** The same while too many triplets are pending. */
  readonly hurriedSlice: number;
  /** Between two passes. */
  readonly pass: number;
  /** Between two looks for a flood. */
  readonly watch: number;
}

export const MAINTENANCE_PAUSES: MaintenancePauses = {
  slice: 200,
  hurriedSlice: 20,
  pass: 10 * MINUTE,
  watch: 5 * SECOND,
};

/** A slice may hold the event loop for 10 ms; the target is half of that. */
const SLICE_TARGET = 5;

/** An expired list entry is still shown for this long, in milliseconds. */
const EXPIRED_ENTRY_KEPT = WEEK;

const FIRST_ROWS = 200;
const MIN_ROWS = 10;
const MAX_ROWS = 5000;

/**
 * The rows of the next slice, sized to take {@linkcode SLICE_TARGET}.
 *
 * @param rows the rows of the last slice.
 * @param took milliseconds that it held the event loop.
 */
export function nextRows(rows: number, took: number): number {
  // Growing slowly and shrinking at once never overloads a slow disk twice.
  const ideal = took <= 0 ? rows * 2 : rows * SLICE_TARGET / took;
  return Math.round(Math.max(MIN_ROWS, Math.min(MAX_ROWS, rows * 1.5, ideal)));
}

/** The tables that maintenance cleans. */
export interface MaintainedStore {
  readonly greylist: Pick<GreylistStore, "expire">;
  readonly lists: Pick<ListStore, "removeEnded">;
}

export class Maintenance {
  readonly #store: MaintainedStore;
  readonly #pending: PendingLimit;
  readonly #publish: (event: ErrorEvent) => void;
  readonly #time: () => number;
  readonly #pauses: MaintenancePauses;
  #lifetimes: Lifetimes;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #rows = FIRST_ROWS;
  #removed = 0;
  #isHurried = false;
  /** By `performance.now()`. */
  #passDue = 0;
  #lastPass: LastPass | undefined;

  /** @param time the time by which rows expire, in milliseconds since the epoch. */
  constructor(
    store: MaintainedStore,
    lifetimes: Lifetimes,
    pending: PendingLimit,
    publish: (event: ErrorEvent) => void,
    time: () => number,
    pauses = MAINTENANCE_PAUSES,
  ) {
    this.#store = store;
    this.#lifetimes = lifetimes;
    this.#pending = pending;
    this.#publish = publish;
    this.#time = time;
    this.#pauses = pauses;
  }

  configure(lifetimes: Lifetimes): void {
    this.#lifetimes = lifetimes;
  }

  /** The last complete pass; undefined before the first. */
  get lastPass(): LastPass | undefined {
    return this.#lastPass;
  }

  start(): void {
    this.#schedule(undefined, this.#pauses.slice);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** @returns the cursor of the next slice, or undefined at the end of a pass. */
  slice(cursor: Cursor | undefined): Cursor | undefined {
    if (cursor === undefined) {
      this.#pending.beginPass();
      this.#removed = 0;
    }
    const now = this.#time();
    const { rules, history, historyRows } = this.#lifetimes;
    const expiry = {
      pendingBefore: now,
      seenBefore: now - rules.lifetime,
      historyBefore: now - history,
      historyRows,
      deferralRows: historyRows,
      evictions: this.#pending.evictions,
    };
    const begin = performance.now();
    const { next, removed, pending } = this.#store.greylist
      .expire(expiry, cursor, this.#rows, reportWith(rules, now));
    this.#rows = nextRows(this.#rows, performance.now() - begin);
    this.#removed += removed;
    this.#pending.add(pending);
    if (next === undefined) {
      this.#pending.endPass();
      this.#isHurried = this.#pending.isExceeded;
      this.#removed += this.#store.lists.removeEnded(now - EXPIRED_ENTRY_KEPT);
      this.#lastPass = { ended: now, removed: this.#removed };
    }
    return next;
  }

  #schedule(cursor: Cursor | undefined, pause: number): void {
    this.#timer = setTimeout(() => {
      let next: Cursor | undefined;
      try {
        next = this.slice(cursor);
      } catch (error) {
        reportBug(error, this.#publish);
      }
      if (this.#timer === undefined) return;
      const { slice, hurriedSlice } = this.#pauses;
      if (next === undefined) this.#awaitNextPass();
      else this.#schedule(next, this.#isHurried ? hurriedSlice : slice);
    }, pause);
  }

  #awaitNextPass(): void {
    this.#passDue = performance.now() + (this.#isHurried ? 0 : this.#pauses.pass);
    this.#watch();
  }

  /** A flood brings the next pass forward. */
  #watch(): void {
    if (this.#pending.isFlooded) this.#isHurried = true;
    if (this.#isHurried || performance.now() >= this.#passDue) {
      this.#schedule(undefined, this.#pauses.slice);
    } else {
      this.#timer = setTimeout(() => this.#watch(), this.#pauses.watch);
    }
  }
}

/** Counts expired pending triplets as abandoned. */
function reportWith(rules: Rules, now: number): ReportExpired {
  return (expired, memory) => {
    const working = new WorkingMemory(memory);
    for (const { sender, recipient, isHidden, record } of expired) {
      // Of a hashed sender only the relation is found that it did not have to be folded for.
      // The recipient of a key has no extension.
      const keys = isHidden ? [{ sender, recipient }] : relationKeysOf(sender, recipient, "");
      working.apply(reportAbandoned({ memory: working, rules, now }, keys, record));
    }
    return working.stored();
  };
}
