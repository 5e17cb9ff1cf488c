/**
 * The store as the status page uses it: a connection of its own, opened when it is needed, and never
 * making a database, mending one or setting one aside. That is the daemon's work.
 *
 * @module
 */
import { faultOf, StoreFault } from "../store/fault.ts";
import { openStore, type StoreSettings } from "../store/open.ts";
import type { Awaitable, Store } from "../store/store.ts";

/** A store that is opened when it is needed. */
export class Reader {
  #settings: StoreSettings;
  #store: Store | undefined;

  /** A store that is not open yet. */
  constructor(settings: StoreSettings) {
    this.#settings = settings;
  }

  /**
   * Has something done with the store.
   *
   * @throws {StoreFault} if there is none, or if it is ill; the next use opens it again.
   */
  async use<T>(work: (store: Store) => Awaitable<T>): Promise<T> {
    try {
      this.#store ??= this.#open();
      return await work(this.#store);
    } catch (error) {
      if (error instanceof StoreFault) await this.close();
      throw error;
    }
  }

  /** Closes what is open; the next use opens it again. */
  async close(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    try {
      await store?.close();
    } catch {
      // It was broken already.
    }
  }

  #open(): Store {
    try {
      Deno.statSync(this.#settings.database);
    } catch (error) {
      throw faultOf(error, this.#settings.database);
    }
    return openStore(this.#settings);
  }
}
