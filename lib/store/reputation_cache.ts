import type { Reputation } from "../greylist/model.ts";

/** Reputations kept in memory, about 3 MB. */
const MAX_RECORDS = 10_000;

/** Read access to the table `reputation`. */
export interface ReputationTable {
  /** A number that changes when another connection writes to the database. */
  version(): number;
  /** At most this many records, by their stored names. */
  read(limit: number): Iterable<readonly [name: string, record: Reputation]>;
  find(name: string): Reputation | undefined;
}

/**
 * All reputations, as long as they are few: a stranger is looked up by five names and has none of them.
 * Of more, none is kept.
 */
export class ReputationCache {
  readonly #table: ReputationTable;
  readonly #max: number;
  #records: Map<string, Reputation> | undefined;
  #isTooLarge = false;
  /** The version was read in this transaction. */
  #isCurrent = false;
  #version = NaN;

  constructor(table: ReputationTable, max = MAX_RECORDS) {
    this.#table = table;
    this.#max = max;
  }

  /** Begins a transaction: another process may have written since the last. */
  begin(): void {
    this.#isCurrent = false;
  }

  /** Forgets all records: the transaction failed, or records were removed. */
  clear(): void {
    this.#records = undefined;
    this.#isTooLarge = false;
  }

  /** @param name as it is stored. */
  get(name: string): Reputation | undefined {
    if (!this.#isCurrent) this.#update();
    return this.#records === undefined ? this.#table.find(name) : this.#records.get(name);
  }

  /** Takes a record that this transaction wrote. */
  put(name: string, record: Reputation): void {
    if (this.#records === undefined) return;
    this.#records.set(name, record);
    if (this.#records.size <= this.#max) return;
    this.#records = undefined;
    this.#isTooLarge = true;
  }

  #update(): void {
    const version = this.#table.version();
    if (version !== this.#version) this.clear();
    this.#version = version;
    this.#isCurrent = true;
    if (this.#records !== undefined || this.#isTooLarge) return;
    const records = new Map(this.#table.read(this.#max + 1));
    if (records.size > this.#max) this.#isTooLarge = true;
    else this.#records = records;
  }
}
