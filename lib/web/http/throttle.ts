/**
 * A limit on guessing passwords: after five failures from an address, each further attempt has to
 * wait, twice as long as the one before.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { MINUTE, SECOND } from "../../text/duration.ts";

const FREE_FAILURES = 5;
const MAX_WAIT_MS = MINUTE;

/** After this time without an attempt an address starts afresh. */
const RESET_AFTER_MS = 15 * MINUTE;

/** Beyond it the address that failed longest ago is forgotten. */
const MAX_ADDRESSES = 1000;

interface Failures {
  readonly count: number;
  readonly last: number;
}

/** Counts failures by address. Times are milliseconds on the monotonic clock. */
export class Throttle {
  readonly #failures = new LRUCache<string, Failures>({ max: MAX_ADDRESSES });

  /** Milliseconds until the address may try again; 0 for now. */
  waitFor(address: string, now: number): number {
    const failures = this.#failures.peek(address);
    if (failures === undefined || failures.count < FREE_FAILURES) return 0;
    const wait = Math.min(MAX_WAIT_MS, SECOND * 2 ** (failures.count - FREE_FAILURES));
    return Math.max(0, failures.last + wait - now);
  }

  failed(address: string, now: number): void {
    const before = this.#failures.peek(address);
    const isFirst = before === undefined || now - before.last > RESET_AFTER_MS;
    this.#failures.set(address, { count: isFirst ? 1 : before.count + 1, last: now });
  }

  succeeded(address: string): void {
    this.#failures.delete(address);
  }
}
