/** Caches of bounded size whose entries have a lifetime each. */
import { LRUCache } from "lru-cache";

/** Values by key; the least recently used is evicted first. */
export class ExpiringCache<V extends object | boolean> {
  readonly #cache: LRUCache<string, V>;

  /**
   * @param maxSize the maximum sum of the sizes of all values.
   * @param sizeOf the size of a value, a whole number above 0; 1 if absent.
   * @param clock milliseconds, above 0 and never decreasing.
   */
  constructor(
    maxSize: number,
    sizeOf: (value: V) => number = () => 1,
    clock: () => number = () => performance.now(),
  ) {
    this.#cache = new LRUCache({
      maxSize,
      sizeCalculation: sizeOf,
      perf: { now: clock },
      // Otherwise the clock's value is kept for a while by a timer.
      ttlResolution: 0,
    });
  }

  /** The number of entries, expired ones included. */
  get size(): number {
    return this.#cache.size;
  }

  /** The value of an entry that has not expired. */
  get(key: string): V | undefined {
    return this.#cache.get(key);
  }

  delete(key: string): void {
    this.#cache.delete(key);
  }

  /** Keeps a value for some milliseconds. Without a lifetime, or larger than the cache, it is dropped. */
  set(key: string, value: V, lifetime: number): void {
    if (lifetime > 0) this.#cache.set(key, value, { ttl: lifetime });
    else this.#cache.delete(key);
  }
}

/** The size of a value that holds text: 1, and 1 more for each 256 characters. */
export function sizeOfText(characters: number): number {
  return 1 + Math.floor(characters / 256);
}
