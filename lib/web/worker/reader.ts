/**
 * The status page's own connection to the store. It opens on demand and closes when idle, so that
 * the file system can be unmounted or repaired. It never creates, repairs or moves a database: that
 * is the daemon's work.
 *
 * @module
 */
import { DatabaseError, databaseErrorOf } from "../../store/database_error.ts";
import { fileAt, openConnection, type StoreSettings } from "../../store/open.ts";
import { SqliteStore } from "../../store/sqlite.ts";
import type { Store } from "../../store/store.ts";
import { SECOND } from "../../text/duration.ts";

/** Longer than an open page waits between two refreshes, which would reopen it each time. */
const IDLE_TIMEOUT_MS = 3 * SECOND;

export class Reader {
  #settings: StoreSettings;
  readonly #idleTimeoutMs: number;
  #store: Store | undefined;
  /** The identity of the open file. */
  #file = "";
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param idleTimeoutMs the store closes after this time without use. */
  constructor(settings: StoreSettings, idleTimeoutMs = IDLE_TIMEOUT_MS) {
    this.#settings = settings;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  configure(settings: StoreSettings): void {
    // The other settings of a store need a restart.
    const { recipientDelimiter } = settings;
    if (recipientDelimiter === undefined) return;
    if (recipientDelimiter !== this.#settings.recipientDelimiter) this.close();
    this.#settings = { ...this.#settings, recipientDelimiter };
  }

  /** @throws {DatabaseError} if the database is missing or fails; the next use opens it again. */
  use<T>(work: (store: Store) => T): T {
    clearTimeout(this.#idleTimer);
    try {
      // SQLite would go on reading a file that was deleted or replaced.
      if (fileAt(this.#settings.database) !== this.#file) this.close();
      this.#store ??= this.#open();
      return work(this.#store);
    } catch (error) {
      if (error instanceof DatabaseError) this.close();
      throw error;
    } finally {
      this.#idleTimer = setTimeout(() => this.close(), this.#idleTimeoutMs);
    }
  }

  /** The next use opens the store again. */
  close(): void {
    clearTimeout(this.#idleTimer);
    const store = this.#store;
    this.#store = undefined;
    try {
      store?.close();
    } catch {
      // The store failed before; there is nothing left to close.
    }
  }

  #open(): Store {
    try {
      Deno.statSync(this.#settings.database);
    } catch (error) {
      throw databaseErrorOf(error, this.#settings.database);
    }
    const store = new SqliteStore(openConnection(this.#settings));
    this.#file = fileAt(this.#settings.database);
    return store;
  }
}
