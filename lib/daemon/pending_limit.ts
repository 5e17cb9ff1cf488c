/**
 * Who floods the database (RFC 6647, 8.2): from counts of what waits, which of it is the oldest of too
 * much. Pure.
 *
 * @module
 */
import type { Eviction, PendingCount } from "../store/store.ts";

/** How much may wait at once. */
export interface PendingLimits {
  /** Triplets in all. */
  readonly maxPending: number;
  /** Triplets of one origin. */
  readonly maxPendingPerOrigin: number;
}

/** So many origins are counted at most; of more, those of which least waits are forgotten first. */
const MAX_ORIGINS = 50_000;

/** What came within one second. */
interface Second {
  count: number;
  first: number;
  last: number;
}

/** Seconds by their number since the epoch. */
type Seconds = Map<number, Second>;

const SECOND = 1000;

function addTo(seconds: Seconds, { first, last, count }: PendingCount): void {
  const number = Math.floor(first / SECOND);
  const second = seconds.get(number);
  if (second === undefined) {
    seconds.set(number, { count, first, last });
    return;
  }
  second.count += count;
  second.first = Math.min(second.first, first);
  second.last = Math.max(second.last, last);
}

/**
 * Counts what waits in one pass through the database. Which of an origin's triplets are the oldest is
 * only counted for those that had too many in the pass before.
 */
export class PendingCounter {
  readonly #watched: ReadonlyMap<string, Seconds>;
  readonly #origins = new Map<string, number>();
  readonly #all: Seconds = new Map();

  /** A count that begins; `watched` are the origins that had too many. */
  constructor(watched: readonly string[] = []) {
    this.#watched = new Map(watched.map((origin) => [origin, new Map()]));
  }

  /** Adds what waits in one slice. */
  add(counts: readonly PendingCount[]): void {
    for (const waiting of counts) {
      const { origin, count } = waiting;
      this.#origins.set(origin, (this.#origins.get(origin) ?? 0) + count);
      addTo(this.#all, waiting);
      const seconds = this.#watched.get(origin);
      if (seconds !== undefined) addTo(seconds, waiting);
    }
    if (this.#origins.size > MAX_ORIGINS) this.#forgetFew();
  }

  /** The origins that have too many. */
  overLimit({ maxPendingPerOrigin }: PendingLimits): string[] {
    return [...this.#origins].filter(([, count]) => count > maxPendingPerOrigin)
      .map(([origin]) => origin);
  }

  /** What is to be removed in the next pass: what waits longest of too much. */
  evictions({ maxPending, maxPendingPerOrigin }: PendingLimits): Eviction[] {
    const evictions: Eviction[] = [];
    for (const [origin, seconds] of this.#watched) {
      const before = endOfOldest(seconds, maxPendingPerOrigin);
      if (before !== undefined) evictions.push({ origin, before });
    }
    const before = endOfOldest(this.#all, maxPending);
    return before === undefined ? evictions : [...evictions, { before }];
  }

  #forgetFew(): void {
    const counts = [...this.#origins.values()].sort((a, b) => a - b);
    const median = counts[counts.length >> 1]!;
    for (const [origin, count] of this.#origins) {
      if (count <= median && !this.#watched.has(origin)) this.#origins.delete(origin);
    }
  }
}

/** Before which time too many are, so that about `most` are later; undefined if all may stay. */
function endOfOldest(seconds: Seconds, most: number): number | undefined {
  let room = most;
  const newest = [...seconds.values()].sort((a, b) => b.first - a.first);
  for (const { count, first, last } of newest) {
    // Within a second as if they had come evenly; the next pass sees what is left.
    if (count > room) return first + Math.ceil((last - first + 1) * (1 - room / count));
    room -= count;
  }
  return undefined;
}
