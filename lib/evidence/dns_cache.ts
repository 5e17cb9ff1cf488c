/**
 * A cache of bounded size whose entries end by themselves.
 *
 * @module
 */

interface Entry<V> {
  readonly value: V;
  /** By the cache's clock. */
  readonly until: number;
}

/** Values by their keys; the one that was used the longest ago makes room. */
export class ExpiringCache<V> {
  readonly #limit: number;
  readonly #clock: () => number;
  readonly #entries = new Map<string, Entry<V>>();

  /**
   * An empty cache.
   *
   * @param limit so many entries at most.
   * @param clock tells milliseconds, and never goes back.
   */
  constructor(limit: number, clock: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** How many entries there are, ended ones among them. */
  get size(): number {
    return this.#entries.size;
  }

  /** What was stored under a key and has not ended. */
  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.until <= this.#clock()) return undefined;
    // What was used last stands at the end.
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Stores a value for some milliseconds; for none, nothing is stored. */
  set(key: string, value: V, lifetime: number): void {
    this.#entries.delete(key);
    if (lifetime <= 0) return;
    this.#entries.set(key, { value, until: this.#clock() + lifetime });
    if (this.#entries.size <= this.#limit) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest!);
  }
}
