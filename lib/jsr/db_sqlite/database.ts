import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";
import { type RestBindParameters, Statement } from "./statement.ts";

export interface DatabaseOpenOptions {
  readonly?: boolean;
  /** Create a missing file (default: true). */
  create?: boolean;
  memory?: boolean;
  /** Return integers of up to 64 bits; otherwise they are cut to 32 bits. */
  int64?: boolean;
}

export class Database {
  #db: DatabaseSync;
  #path: string;
  #open = true;
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

  get open(): boolean {
    return this.#open;
  }

  get path(): string {
    return this.#path;
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction;
  }

  get autocommit(): boolean {
    return !this.#db.isTransaction;
  }

  /** Number of rows that the last statement changed. */
  get changes(): number {
    return this.prepare("SELECT changes()").value<[number]>()![0];
  }

  /** Number of rows changed since the connection was opened. */
  get totalChanges(): number {
    return this.prepare("SELECT total_changes()").value<[number]>()![0];
  }

  get lastInsertRowId(): number {
    return this.prepare("SELECT last_insert_rowid()").value<[number]>()![0];
  }

  /** Makes a function callable in SQL; its arguments and result are values of columns. */
  function(name: string, fn: (...values: SQLOutputValue[]) => SQLInputValue): void {
    this.#db.function(name, { deterministic: true }, fn);
  }

  prepare(sql: string): Statement {
    return new Statement(this, this.#db, sql);
  }

  /** Returns the number of changed rows. Several statements are allowed only without parameters. */
  exec(sql: string, ...params: RestBindParameters): number {
    if (params.length > 0) return this.prepare(sql).run(...params);
    this.#db.exec(sql);
    return this.changes;
  }

  /** An alias of {@linkcode Database.exec}. */
  run(sql: string, ...params: RestBindParameters): number {
    return this.exec(sql, ...params);
  }

  /** May be called twice. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#db.close();
  }
}
