/**
 * The store as the status page uses it: a connection of its own, opened when it is needed, and never
 * making a database, mending one or setting one aside. That is the daemon's work. While nobody looks,
 * nothing is open, so that a file system can be taken away and mended.
 *
 * @module
 */
import { DatabaseError, databaseErrorOf } from "../../store/database_error.ts";
import { fileAt, openStore, type StoreSettings } from "../../store/open.ts";
import type { Store } from "../../store/store.ts";

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
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** A store that is not open yet. */
  constructor(settings: StoreSettings) {
    this.#settings = settings;
  }

  /**
   * Has something done with the store.
   *
   * @throws {DatabaseError} if there is none, or if it is ill; the next use opens it again.
   */
  use<T>(work: (store: Store) => T): Promise<T> {
    return Promise.try(() => this.#use(work));
  }

  #use<T>(work: (store: Store) => T): T {
    clearTimeout(this.#idle);
    try {
      // One that was deleted or replaced would go on being read.
      if (fileAt(this.#settings.database) !== this.#file) this.close();
      this.#store ??= this.#open();
      return work(this.#store);
    } catch (error) {
      if (error instanceof DatabaseError) this.close();
      throw error;
    } finally {
      this.#idle = setTimeout(() => this.close(), IDLE);
    }
  }

  /** Closes what is open; the next use opens it again. */
  close(): void {
    clearTimeout(this.#idle);
    const store = this.#store;
    this.#store = undefined;
    try {
      store?.close();
    } catch {
      // It was broken already.
    }
  }

  #open(): Store {
    try {
      Deno.statSync(this.#settings.database);
    } catch (error) {
      throw databaseErrorOf(error, this.#settings.database);
    }
    const store = openStore(this.#settings);
    this.#file = fileAt(this.#settings.database);
    return store;
  }
}
