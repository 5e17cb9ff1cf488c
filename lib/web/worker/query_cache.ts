/**
 * Results of slow queries, so that pages and their refreshes share them.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { SECOND } from "../../text/duration.ts";

/** Keys contain durations that a visitor chooses. */
const MAX_ENTRIES = 100;

const MIN_LIFETIME = SECOND;

/** A result lives this many times as long as the query took. */
const LIFETIME_FACTOR = 30;

interface Entry {
  readonly result: unknown;
  /** By the monotonic clock. */
  readonly expires: number;
}

/** Keeps each result for a time that depends on the cost of its query. */
export class QueryCache {
  readonly #entries = new LRUCache<string, Entry>({ max: MAX_ENTRIES });
  readonly #elapsed: () => number;

  /** @param elapsed a monotonic clock in milliseconds. */
  constructor(elapsed: () => number = () => performance.now()) {
    this.#elapsed = elapsed;
  }

  /** The cached result, or that of the query. */
  get<T>(key: string, query: () => T): T {
    const begin = this.#elapsed();
    const cached = this.#entries.get(key);
    if (cached !== undefined && begin < cached.expires) return cached.result as T;
    const result = query();
    const end = this.#elapsed();
    const expires = end + Math.max(MIN_LIFETIME, LIFETIME_FACTOR * (end - begin));
    this.#entries.set(key, { result, expires });
    return result;
  }

  clear(): void {
    this.#entries.clear();
  }
}
