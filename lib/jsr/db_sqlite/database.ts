import { DatabaseSync } from "node:sqlite";
import { type RestBindParameters, Statement } from "./statement.ts";

/** How a database is opened. */
export interface DatabaseOpenOptions {
  /** Refuse every write. */
  readonly?: boolean;
  /** Make the file if it is not there; true unless said otherwise. */
  create?: boolean;
  /** Keep everything in memory. */
  memory?: boolean;
  /** Return integers beyond 32 bits whole. */
  int64?: boolean;
}

/** One connection to an SQLite database. */
export class Database {
  #db: DatabaseSync;
  #path: string;
  #open = true;
  /** Whether integers beyond 32 bits are returned whole. */
  int64: boolean;

  /**
   * Opens a database file, or `:memory:`.
   *
   * @throws {Error} if it cannot be opened.
   */
  constructor(path: string | URL, options: DatabaseOpenOptions = {}) {
    this.#path = path instanceof URL ? decodeURIComponent(path.pathname) : path;
    this.int64 = options.int64 ?? false;
    const inMemory = options.memory === true || this.#path === ":memory:";
    if (!inMemory && options.create === false) Deno.statSync(this.#path);
    this.#db = new DatabaseSync(inMemory ? ":memory:" : this.#path, {
      readOnly: options.readonly ?? false,
      enableForeignKeyConstraints: false,
    });
  }

  /** Whether the connection is open. */
  get open(): boolean {
    return this.#open;
  }

  /** The path it was opened with. */
  get path(): string {
    return this.#path;
  }

  /** Whether a transaction is under way. */
  get inTransaction(): boolean {
    return this.#db.isTransaction;
  }

  /** Whether every statement commits by itself. */
  get autocommit(): boolean {
    return !this.#db.isTransaction;
  }

  /** The rows that the newest statement changed. */
  get changes(): number {
    return this.prepare("SELECT changes()").value<[number]>()![0];
  }

  /** The rows changed since the connection was opened. */
  get totalChanges(): number {
    return this.prepare("SELECT total_changes()").value<[number]>()![0];
  }

  /** The row id of the newest insert. */
  get lastInsertRowId(): number {
    return this.prepare("SELECT last_insert_rowid()").value<[number]>()![0];
  }

  /** Makes a statement that can be run many times. */
  prepare(sql: string): Statement {
    return new Statement(this, this.#db, sql);
  }

  /** Runs SQL and returns how many rows it changed; several statements only without parameters. */
  exec(sql: string, ...params: RestBindParameters): number {
    if (params.length > 0) return this.prepare(sql).run(...params);
    this.#db.exec(sql);
    return this.changes;
  }

  /** Another name of {@linkcode Database.exec}. */
  run(sql: string, ...params: RestBindParameters): number {
    return this.exec(sql, ...params);
  }

  /** Closes the connection; closing twice does no harm. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#db.close();
  }
}
