/**
 * The store as the status page uses it: a connection of its own, opened when it is needed, and never
 * making a database, mending one or setting one aside. That is the daemon's work. While nobody looks,
 * nothing is open, so that a file system can be taken away and mended.
 *
 * @module
 */
import { faultOf, StoreFault } from "../../store/fault.ts";
import { fileAt, openStore, type StoreSettings } from "../../store/open.ts";
import type { Awaitable, Store } from "../../store/store.ts";

/**
 * What nobody used for so long is closed, in milliseconds: longer than a page that is open lets pass
 * between two looks, which would else open it anew each time.
 */
const IDLE = 3000;

/** A store that is opened when it is needed. */
export class Reader {
  #settings: StoreSettings;
  #store: Store | undefined;
  /** Which file is open. */
  #file = "";
  #users = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;

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
    clearTimeout(this.#idle);
    this.#users++;
    try {
      // One that was deleted or replaced would go on being read.
      if (this.#users === 1 && fileAt(this.#settings.database) !== this.#file) await this.close();
      this.#store ??= this.#open();
      return await work(this.#store);
    } catch (error) {
      if (error instanceof StoreFault) await this.close();
      throw error;
    } finally {
      this.#users--;
      if (this.#users === 0) this.#idle = setTimeout(() => this.close(), IDLE);
    }
  }

  /** Closes what is open; the next use opens it again. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
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
    const store = openStore(this.#settings);
    this.#file = fileAt(this.#settings.database);
    return store;
  }
}
