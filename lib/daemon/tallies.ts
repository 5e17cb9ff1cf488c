/**
 * Counts of verdicts and delays by the hour, until they are written.
 *
 * @module
 */
import type { Verdict } from "../greylist/model.ts";
import { DELAY_BOUNDS, type DelayTally, type Tally } from "../store/history.ts";

/** Upper bound in seconds of the bucket that counts a delay in milliseconds. */
export function delayBucket(delayed: number): number {
  return DELAY_BOUNDS.find((bound) => delayed <= bound * 1000) ?? Infinity;
}

/** @param hour its beginning, in milliseconds since the epoch. */
export function tallyOf({ decision, reason, shadow }: Verdict, hour: number): Tally {
  return { hour, decision, reason, ...(shadow === undefined ? {} : { shadow }), count: 1 };
}

export class UnwrittenTallies {
  readonly #tallies = new Map<string, Tally>();
  readonly #delays = new Map<string, DelayTally>();

  get isEmpty(): boolean {
    return this.#tallies.size === 0 && this.#delays.size === 0;
  }

  get tallies(): readonly Tally[] {
    return [...this.#tallies.values()];
  }

  get delays(): readonly DelayTally[] {
    return [...this.#delays.values()];
  }

  add(tally: Tally): void {
    const { hour, decision, reason, shadow } = tally;
    const key = `${hour} ${decision} ${reason} ${shadow}`;
    const count = (this.#tallies.get(key)?.count ?? 0) + tally.count;
    this.#tallies.set(key, { ...tally, count });
  }

  addDelay(tally: DelayTally): void {
    const key = `${tally.hour} ${tally.upTo}`;
    const count = (this.#delays.get(key)?.count ?? 0) + tally.count;
    this.#delays.set(key, { ...tally, count });
  }
}
