/**
 * Removing what has expired or ended, in slices so small that no request notices.
 *
 * @module
 */
import { DatabaseError } from "../store/database_error.ts";
import type { Cursor, Eviction, GreylistStore, ListStore } from "../store/store.ts";
import { PendingCounter, type PendingLimits } from "./pending_limit.ts";
import type { EventLog } from "./event_log.ts";

/** What decides when something has expired. Durations are in milliseconds. */
export interface Lifetimes extends PendingLimits {
  /** How long decisions are kept. */
  readonly history: number;
  /** So many decisions are kept at most. */
  readonly historyRows: number;
  /** How long a waiting triplet is kept since its first attempt. */
  readonly retryWindow: number;
  /** How long everything else is kept since its last use. */
  readonly lifetime: number;
}

/** A pass that is over. */
export interface LastPass {
  /** When it was over, in milliseconds since the epoch. */
  readonly ended: number;
  /** The rows that it removed. */
  readonly removed: number;
}

/** A slice may hold the loop for 10 ms; half of that is aimed at. */
const SLICE_TARGET = 5;

/** Between two slices of a pass, in milliseconds. */
const SLICE_PAUSE = 200;

/** The same while there is too much. */
const HURRIED_PAUSE = 20;

/** Between two passes, in milliseconds. */
const PASS_PAUSE = 10 * 60_000;

/** Between two passes is looked whether too much came, so often, in milliseconds. */
const WATCH_PERIOD = 5000;

/** So large a part of what may wait at all is worth a pass of its own. */
const MUCH = 10;

/** So few strangers never are. */
const FEW = 1000;

/** So long an entry that has ended is still shown, in milliseconds. */
const ENDED_KEPT = 7 * 86_400_000;

const FIRST_ROWS = 200;
const MAX_ROWS = 5000;

/**
 * How many rows the next slice should look at, so that it takes as long as it should.
 *
 * @param rows what the last slice looked at.
 * @param took milliseconds that it held the loop.
 */
export function nextRows(rows: number, took: number): number {
  // Growing slowly and shrinking at once keeps a slow disk from being asked for too much again.
  const ideal = took <= 0 ? rows * 2 : rows * SLICE_TARGET / took;
  return Math.round(Math.max(10, Math.min(MAX_ROWS, rows * 1.5, ideal)));
}

/** The tables that maintenance cleans. */
export interface MaintainedStore {
  readonly greylist: Pick<GreylistStore, "expire">;
  readonly lists: Pick<ListStore, "removeEnded">;
}

/** The background task of one store. */
export class Maintenance {
  readonly #store: MaintainedStore;
  readonly #journal: EventLog;
  readonly #time: () => number;
  #lifetimes: Lifetimes;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #rows = FIRST_ROWS;
  #removed = 0;
  #counter = new PendingCounter();
  /** The origins that had too many in the last pass. */
  #overLimit: readonly string[] = [];
  #evictions: readonly Eviction[] = [];
  /** Whether there is, or was in the last pass, too much. */
  #isHurried = false;
  #strangersBefore = 0;
  #passDue = 0;
  #lastPass: LastPass | undefined;

  /** A task that is not running; `time` tells the moment by which things expire. */
  constructor(store: MaintainedStore, lifetimes: Lifetimes, journal: EventLog, time: () => number) {
    this.#store = store;
    this.#lifetimes = lifetimes;
    this.#journal = journal;
    this.#time = time;
  }

  /** Takes new settings. */
  configure(lifetimes: Lifetimes): void {
    this.#lifetimes = lifetimes;
  }

  /** The last pass that is over; undefined before the first is. */
  get lastPass(): LastPass | undefined {
    return this.#lastPass;
  }

  /** Begins the first pass soon. */
  start(): void {
    this.#schedule(undefined, SLICE_PAUSE);
  }

  /** Ends after the slice under way. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Does one slice.
   *
   * @returns where the next goes on, or undefined if the pass is over.
   */
  slice(cursor: Cursor | undefined): Cursor | undefined {
    if (cursor === undefined) this.#begin();
    const now = this.#time();
    const expiry = {
      pendingBefore: now - this.#lifetimes.retryWindow,
      seenBefore: now - this.#lifetimes.lifetime,
      historyBefore: now - this.#lifetimes.history,
      historyRows: this.#lifetimes.historyRows,
      deferralRows: this.#lifetimes.historyRows,
      evictions: this.#evictions,
    };
    const begin = performance.now();
    const { next, removed, pending } = this.#store.greylist.expire(expiry, cursor, this.#rows);
    this.#rows = nextRows(this.#rows, performance.now() - begin);
    this.#removed += removed;
    this.#counter.add(pending);
    if (next === undefined) {
      this.#judge();
      this.#removed += this.#store.lists.removeEnded(now - ENDED_KEPT);
      this.#lastPass = { ended: now, removed: this.#removed };
    }
    return next;
  }

  /** A pass that a fault ended before its time is not counted on. */
  #begin(): void {
    this.#counter = new PendingCounter(this.#overLimit);
    this.#removed = 0;
    // Whoever comes from now on may come behind the cursor, and is left to the next pass.
    this.#strangersBefore = this.#journal.counters.reasons.new;
  }

  #schedule(cursor: Cursor | undefined, pause: number): void {
    this.#timer = setTimeout(() => {
      let next: Cursor | undefined;
      try {
        next = this.slice(cursor);
      } catch (error) {
        if (!(error instanceof DatabaseError)) this.#journal.bug(error);
      }
      if (this.#timer === undefined) return;
      if (next === undefined) this.#wait();
      else this.#schedule(next, this.#isHurried ? HURRIED_PAUSE : SLICE_PAUSE);
    }, pause);
  }

  /** At the end of a pass: what the next has to remove, because there is too much of it. */
  #judge(): void {
    this.#overLimit = this.#counter.overLimit(this.#lifetimes);
    this.#evictions = this.#counter.evictions(this.#lifetimes);
    this.#isHurried = this.#overLimit.length + this.#evictions.length > 0;
    if (this.#evictions.length > 0) this.#journal.overLimit();
  }

  /** Until the next pass is due, or so many strangers came that it must not wait. */
  #wait(): void {
    this.#passDue = performance.now() + (this.#isHurried ? 0 : PASS_PAUSE);
    this.#watch();
  }

  #watch(): void {
    const came = this.#journal.counters.reasons.new - this.#strangersBefore;
    const { maxPending, maxPendingPerOrigin } = this.#lifetimes;
    // They may all be of one origin.
    const much = Math.min(maxPending / MUCH, Math.max(maxPendingPerOrigin, FEW));
    if (came > much) this.#isHurried = true;
    if (this.#isHurried || performance.now() >= this.#passDue) {
      this.#schedule(undefined, SLICE_PAUSE);
    } else {
      this.#timer = setTimeout(() => this.#watch(), WATCH_PERIOD);
    }
  }
}
