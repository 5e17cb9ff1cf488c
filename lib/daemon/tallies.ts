/**
 * Counts of verdicts and delays by the hour, until they are written.
 *
 * @module
 */
import type { Reason, Verdict } from "../greylist/model.ts";
import { DELAY_BOUNDS, type DelayTally, type Tally } from "../store/history.ts";
import { HOUR } from "../text/duration.ts";

/** Upper bound in seconds of the bucket that counts a delay in milliseconds. */
export function delayBucket(delayed: number): number {
  return DELAY_BOUNDS.find((bound) => delayed <= bound * 1000) ?? Infinity;
}

type Counted<T> = { -readonly [Name in keyof T]: T[Name] };

export class UnwrittenTallies {
  /** The few tallies of each reason. */
  readonly #tallies = new Map<Reason, Counted<Tally>[]>();
  readonly #delays: Counted<DelayTally>[] = [];

  get isEmpty(): boolean {
    return this.#tallies.size === 0;
  }

  get tallies(): readonly Tally[] {
    return [...this.#tallies.values()].flat();
  }

  get delays(): readonly DelayTally[] {
    return this.#delays;
  }

  /** @param time of the request, in milliseconds since the epoch. */
  count(verdict: Verdict, time: number): void {
    const { decision, reason, shadow, delayed } = verdict;
    const hour = time - time % HOUR;
    this.#add(hour, decision, reason, shadow, 1);
    if (delayed !== undefined && verdict.firstOfMessage === true) {
      this.#addDelay({ hour, upTo: delayBucket(delayed), count: 1 });
    }
  }

  /** Adds counts that could not be written. */
  restore({ tallies, delays }: Pick<UnwrittenTallies, "tallies" | "delays">): void {
    for (const { hour, decision, reason, shadow, count } of tallies) {
      this.#add(hour, decision, reason, shadow, count);
    }
    for (const delay of delays) this.#addDelay(delay);
  }

  #add(
    hour: number,
    decision: Tally["decision"],
    reason: Reason,
    shadow: Tally["shadow"],
    count: number,
  ): void {
    let tallies = this.#tallies.get(reason);
    if (tallies === undefined) this.#tallies.set(reason, tallies = []);
    for (const tally of tallies) {
      if (tally.hour !== hour || tally.decision !== decision || tally.shadow !== shadow) continue;
      tally.count += count;
      return;
    }
    tallies.push({ hour, decision, reason, ...(shadow === undefined ? {} : { shadow }), count });
  }

  #addDelay({ hour, upTo, count }: DelayTally): void {
    const delay = this.#delays.find((one) => one.hour === hour && one.upTo === upTo);
    if (delay === undefined) this.#delays.push({ hour, upTo, count });
    else delay.count += count;
  }
}
