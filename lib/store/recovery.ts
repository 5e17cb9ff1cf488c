import { type Connection, DatabaseAccess } from "./connection.ts";
import type { StartWorker } from "./checkpointer.ts";
import { type DatabaseError, databaseErrorOf } from "./database_error.ts";
import { fileAt, openConnection, setAside, type StoreSettings } from "./open.ts";

export interface RecoveryEvents {
  /** An operation failed, or a corrupt file could not be moved aside. */
  failed(error: DatabaseError): void;
  /** An operation succeeded after one had failed. */
  recovered(): void;
  /** The file was deleted or replaced; the file at its path is opened, or a new one created. */
  replaced(): void;
  /** A corrupt file was moved to this path; the next operation creates a new one. */
  setAside(path: string): void;
}

export interface RecoveryOptions {
  readonly startWorker?: StartWorker;
  /** Milliseconds after an error in which operations fail without being tried. */
  readonly retryPeriod?: number;
  /** Milliseconds between two checks that the open file is still the one at its path. */
  readonly checkPeriod?: number;
}

/**
 * A database that is opened by its first operation and reopened after an error. A corrupt file is moved
 * aside.
 */
export class RecoveringDatabase extends DatabaseAccess {
  readonly #settings: StoreSettings;
  readonly #events: RecoveryEvents;
  readonly #startWorker: StartWorker | undefined;
  readonly #retryPeriod: number;
  readonly #checkPeriod: number;
  #connection: Connection | undefined;
  #error: DatabaseError | undefined;
  /** By `performance.now()`, as is `#checkAt`. */
  #retryAt = 0;
  #checkAt = 0;
  /** Identity of the open file. */
  #file = "";

  constructor(
    settings: StoreSettings,
    events: RecoveryEvents,
    { startWorker, retryPeriod = 1000, checkPeriod = 1000 }: RecoveryOptions = {},
  ) {
    super();
    this.#settings = settings;
    this.#events = events;
    this.#startWorker = startWorker;
    this.#retryPeriod = retryPeriod;
    this.#checkPeriod = checkPeriod;
  }

  /** The error of the newest operation; undefined if it succeeded. */
  get error(): DatabaseError | undefined {
    return this.#error;
  }

  use<T>(operation: (connection: Connection) => T): T {
    if (this.#error !== undefined && performance.now() < this.#retryAt) throw this.#error;
    let result: T;
    try {
      this.#checkFile();
      result = operation(this.#connection ??= this.#open());
    } catch (error) {
      throw this.#fail(error);
    }
    if (this.#error !== undefined) {
      this.#error = undefined;
      this.#events.recovered();
    }
    return result;
  }

  close(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
  }

  #open(): Connection {
    const connection = openConnection(this.#settings, this.#startWorker);
    connection.pseudonymise();
    this.#file = fileAt(this.#settings.database);
    return connection;
  }

  /** Writes to a deleted or replaced file would be lost. */
  #checkFile(): void {
    if (this.#connection === undefined) return;
    const now = performance.now();
    if (now < this.#checkAt) return;
    this.#checkAt = now + this.#checkPeriod;
    if (fileAt(this.#settings.database) === this.#file) return;
    this.#abandon();
    this.#events.replaced();
  }

  #abandon(): void {
    try {
      this.close();
    } catch {
      // The error that led here is reported.
    }
  }

  #fail(cause: unknown): DatabaseError {
    const error = databaseErrorOf(cause, this.#settings.database);
    this.#error = error;
    this.#retryAt = performance.now() + this.#retryPeriod;
    this.#events.failed(error);
    // A file that was repaired, remounted or replaced is only seen by opening it again.
    if (error.kind !== "locked") this.#abandon();
    if (error.kind === "corrupt") this.#setAside();
    return error;
  }

  #setAside(): void {
    try {
      this.#events.setAside(setAside(this.#settings.database, Date.now()));
      this.#retryAt = 0;
    } catch (error) {
      this.#events.failed(databaseErrorOf(error, this.#settings.database));
    }
  }
}
