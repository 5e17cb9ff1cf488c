/**
 * Slowing down who guesses passwords: after five wrong ones from an address each further try has to
 * wait, twice as long each time.
 *
 * @module
 */

/** So many wrong tries cost nothing. */
const FREE_TRIES = 5;

/** The longest wait, in milliseconds. */
const LONGEST_WAIT = 60_000;

/** After so long without a try an address begins anew, in milliseconds. */
const FORGOTTEN_AFTER = 15 * 60_000;

/** So many addresses are remembered; the one that tried longest ago is forgotten. */
const MAX_ADDRESSES = 1000;

interface Tries {
  readonly wrong: number;
  readonly last: number;
}

/** Counts wrong tries by the address that they came from. */
export class Throttle {
  readonly #tries = new Map<string, Tries>();

  /** The milliseconds that an address has to wait before its next try; 0 for none. */
  waitFor(address: string, now: number): number {
    const tries = this.#tries.get(address);
    if (tries === undefined || tries.wrong < FREE_TRIES) return 0;
    const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** (tries.wrong - FREE_TRIES));
    return Math.max(0, tries.last + wait - now);
  }

  /** Counts a wrong try. */
  failed(address: string, now: number): void {
    const before = this.#tries.get(address);
    const isOld = before === undefined || now - before.last > FORGOTTEN_AFTER;
    this.#tries.delete(address);
    this.#tries.set(address, { wrong: isOld ? 1 : before.wrong + 1, last: now });
    if (this.#tries.size <= MAX_ADDRESSES) return;
    const [oldest] = this.#tries.keys();
    this.#tries.delete(oldest!);
  }

  /** Forgets the wrong tries of who got it right. */
  succeeded(address: string): void {
    this.#tries.delete(address);
  }
}
