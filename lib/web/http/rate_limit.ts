/**
 * Token buckets: a burst at once, then one use an interval.
 *
 * @module
 */
import { LRUCache } from "lru-cache";

export interface Rate {
  readonly burst: number;
  readonly intervalMs: number;
}

/** Beyond it the key that was unused longest is forgotten. */
const MAX_KEYS = 1000;

/**
 * Limits the uses of each key (GCRA). Times are milliseconds on the monotonic clock.
 */
export class RateLimit {
  readonly #intervalMs: number;
  readonly #burstMs: number;
  /** Time at which the bucket of a key is full again. */
  readonly #fullAt = new LRUCache<string, number>({ max: MAX_KEYS });

  constructor({ burst, intervalMs }: Rate) {
    this.#intervalMs = intervalMs;
    this.#burstMs = (burst - 1) * intervalMs;
  }

  /** Milliseconds until a key may be used again; 0 for now. */
  waitFor(key: string, now: number): number {
    return Math.max(0, (this.#fullAt.peek(key) ?? now) - now - this.#burstMs);
  }

  use(key: string, now: number): void {
    this.#fullAt.set(key, Math.max(now, this.#fullAt.peek(key) ?? now) + this.#intervalMs);
  }
}
