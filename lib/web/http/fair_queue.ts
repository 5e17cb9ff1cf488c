/**
 * Keeping the status page from taking a processor for itself: after each piece of work it rests for as
 * long as the work took, so that however many ask, the mail has the machine.
 *
 * @module
 */

/** No rest is longer, in milliseconds: a search through everything must not stop the page. */
const LONGEST_REST = 200;

/** Does one piece of work after the other. */
export class FairQueue {
  #turn: Promise<void> = Promise.resolve();

  /** Does a piece of work when it is its turn. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    await before;
    const begin = performance.now();
    try {
      return await work();
    } finally {
      setTimeout(resolve, Math.min(LONGEST_REST, performance.now() - begin));
    }
  }
}
