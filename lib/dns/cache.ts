/**
 * A cache of bounded size whose entries end by themselves.
 *
 * @module
 */

interface Entry<V> {
  readonly value: V;
  readonly weight: number;
  /** By the cache's clock. */
  readonly until: number;
}

/** Values by their keys; the one that was used the longest ago makes room. */
export class ExpiringCache<V> {
  readonly #limit: number;
  readonly #weigh: (value: V) => number;
  readonly #clock: () => number;
  readonly #entries = new Map<string, Entry<V>>();
  #weight = 0;

  /**
   * An empty cache.
   *
   * @param limit so much they may weigh together.
   * @param weigh tells what a value weighs; each weighs 1 if nothing else is said.
   * @param clock tells milliseconds, and never goes back.
   */
  constructor(
    limit: number,
    weigh: (value: V) => number = () => 1,
    clock: () => number = () => performance.now(),
  ) {
    this.#limit = limit;
    this.#weigh = weigh;
    this.#clock = clock;
  }

  /** How many entries there are, ended ones among them. */
  get size(): number {
    return this.#entries.size;
  }

  /** What was stored under a key and has not ended. */
  get(key: string): V | undefined {
    const entry = this.#take(key);
    if (entry === undefined || entry.until <= this.#clock()) return undefined;
    // What was used last stands at the end.
    this.#put(key, entry);
    return entry.value;
  }

  /** Stores a value for some milliseconds; for none, or if it weighs too much, nothing is stored. */
  set(key: string, value: V, lifetime: number): void {
    this.#take(key);
    const weight = this.#weigh(value);
    if (lifetime <= 0 || weight > this.#limit) return;
    this.#put(key, { value, weight, until: this.#clock() + lifetime });
    while (this.#weight > this.#limit) {
      const [oldest] = this.#entries.keys();
      this.#take(oldest!);
    }
  }

  #take(key: string): Entry<V> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#weight -= entry.weight;
    return entry;
  }

  #put(key: string, entry: Entry<V>): void {
    this.#entries.set(key, entry);
    this.#weight += entry.weight;
  }
}

/**
 * What something weighs that holds text: 1, and 1 more for each 256 characters, so that a cache full of long
 * texts takes no more memory than one full of short ones.
 *
 * @param characters how many characters of text it holds.
 */
export function weightOfText(characters: number): number {
  return 1 + Math.floor(characters / 256);
}
