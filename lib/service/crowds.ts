/**
 * Who floods the database (RFC 6647, 8.2): from counts of what waits, which of it is the oldest of too
 * much. Pure.
 *
 * @module
 */
import type { Crowd, WaitingCount } from "../store/store.ts";

/** How much may wait at once. */
export interface CrowdLimits {
  /** Triplets in all. */
  readonly maxWaiting: number;
  /** Triplets of one origin. */
  readonly maxWaitingPerOrigin: number;
}

/** So many origins are counted at most; of more, those of which least waits are forgotten first. */
const MAX_ORIGINS = 50_000;

/**
 * Counts what waits in one pass through the database. Which of an origin's triplets are the oldest is
 * only counted for those that had too many in the pass before.
 */
export class CrowdCounter {
  readonly #watched: ReadonlyMap<string, Map<number, number>>;
  readonly #origins = new Map<string, number>();
  readonly #all = new Map<number, number>();

  /** A count that begins; `watched` are the origins that had too many. */
  constructor(watched: readonly string[] = []) {
    this.#watched = new Map(watched.map((origin) => [origin, new Map()]));
  }

  /** Adds what waits in one slice. */
  add(counts: readonly WaitingCount[]): void {
    for (const { origin, since, count } of counts) {
      this.#origins.set(origin, (this.#origins.get(origin) ?? 0) + count);
      this.#all.set(since, (this.#all.get(since) ?? 0) + count);
      const times = this.#watched.get(origin);
      times?.set(since, (times.get(since) ?? 0) + count);
    }
    if (this.#origins.size > MAX_ORIGINS) this.#forgetFew();
  }

  /** The origins that have too many. */
  crowded({ maxWaitingPerOrigin }: CrowdLimits): string[] {
    return [...this.#origins].filter(([, count]) => count > maxWaitingPerOrigin)
      .map(([origin]) => origin);
  }

  /** What is to be removed in the next pass: what waits longest of too much. */
  crowds({ maxWaiting, maxWaitingPerOrigin }: CrowdLimits): Crowd[] {
    const crowds: Crowd[] = [];
    for (const [origin, times] of this.#watched) {
      const before = endOfOldest(times, maxWaitingPerOrigin);
      if (before !== undefined) crowds.push({ origin, before });
    }
    const before = endOfOldest(this.#all, maxWaiting);
    return before === undefined ? crowds : [...crowds, { before }];
  }

  #forgetFew(): void {
    const counts = [...this.#origins.values()].sort((a, b) => a - b);
    const median = counts[counts.length >> 1]!;
    for (const [origin, count] of this.#origins) {
      if (count <= median && !this.#watched.has(origin)) this.#origins.delete(origin);
    }
  }
}

/** Before which time too many are, so that no more than `most` are later; undefined if all may stay. */
function endOfOldest(times: ReadonlyMap<number, number>, most: number): number | undefined {
  let kept = 0;
  const newest = [...times].sort(([a], [b]) => b - a);
  for (const [at, [since, count]] of newest.entries()) {
    kept += count;
    // Times are told by the second: what came within the newest one stays, however much it is.
    if (kept > most) return at === 0 ? since : newest[at - 1]![0];
  }
  return undefined;
}
