/**
 * Collects the items that are ready in one turn of the event loop, so that they share a transaction.
 *
 * @module
 */

/** Items of one batch; the first must not wait long for the last. */
const MAX_BATCH = 64;

/** Batches in a row before other work of the event loop gets its turn. */
const MAX_IN_A_ROW = 4;

export class Batches<T> {
  readonly #process: (items: T[]) => void;
  #queue: T[] = [];
  #isScheduled = false;

  /** @param process handles one batch; it must not throw. */
  constructor(process: (items: T[]) => void) {
    this.#process = process;
  }

  add(item: T): void {
    this.#queue.push(item);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // Runs once all items of this turn are queued. A timer would cost a lone item 2 ms.
    queueMicrotask(() => this.#run());
  }

  #run(): void {
    for (let batches = 0; this.#queue.length > 0; batches++) {
      if (batches === MAX_IN_A_ROW) {
        // Replies leave and new requests arrive before the rest of a flood is processed.
        setTimeout(() => this.#run(), 0);
        return;
      }
      this.#process(this.#queue.splice(0, MAX_BATCH));
    }
    this.#isScheduled = false;
  }
}
