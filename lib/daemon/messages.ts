/**
 * Memory of messages whose recipients come one by one, so that all of them share a verdict.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { MessageRecord } from "../greylist/model.ts";

/** Messages in progress at once; far more than Postfix has processes. */
const MAX_MESSAGES = 2000;

/** Messages by Postfix's `instance`. */
export class Messages {
  readonly #records: LRUCache<string, MessageRecord>;

  constructor(max = MAX_MESSAGES) {
    this.#records = new LRUCache({ max });
  }

  get(instance: string): MessageRecord | undefined {
    return this.#records.get(instance);
  }

  remember(records: ReadonlyMap<string, MessageRecord>): void {
    for (const [instance, record] of records) this.#records.set(instance, record);
  }
}
