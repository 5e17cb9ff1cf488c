import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { Database } from "./database.ts";

/** Missing in Deno's types of node:sqlite. */
interface ArrayStatement extends StatementSync {
  setReturnArrays(enabled: boolean): void;
}

export type BindValue = number | string | bigint | boolean | null | undefined | Date | Uint8Array;

/** Parameters in order, or by name in one object. */
export type RestBindParameters = BindValue[] | [Record<string, BindValue>];

function bindable(value: BindValue): SQLInputValue {
  switch (typeof value) {
    case "boolean":
      return value ? 1 : 0;
    case "undefined":
      return null;
    case "object":
      return value instanceof Date ? value.toISOString() : value;
    default:
      return value;
  }
}

function arePlain(params: RestBindParameters): params is (number | string | null)[] {
  for (const value of params) {
    if (value !== null && typeof value !== "string" && typeof value !== "number") return false;
  }
  return true;
}

function bindings(params: RestBindParameters): SQLInputValue[] {
  if (arePlain(params)) return params;
  const [first] = params;
  const named = typeof first === "object" && first !== null && !(first instanceof Date) &&
    !(first instanceof Uint8Array);
  if (named) {
    // node:sqlite takes an object of named parameters; its types expect it before positional ones.
    const byName = Object.fromEntries(
      Object.entries(first as Record<string, BindValue>).map(([name, value]) => [
        name,
        bindable(value),
      ]),
    );
    return [byName as unknown as SQLInputValue];
  }
  return (params as BindValue[]).map(bindable);
}

export class Statement {
  #rows: StatementSync;
  #arrays: ArrayStatement | undefined;
  #connection: DatabaseSync;
  #sql: string;

  constructor(public db: Database, connection: DatabaseSync, sql: string) {
    this.#connection = connection;
    this.#sql = sql;
    this.#rows = connection.prepare(sql);
  }

  get sql(): string {
    return this.#sql;
  }

  #asArrays(): ArrayStatement {
    if (this.#arrays === undefined) {
      this.#arrays = this.#connection.prepare(this.#sql) as ArrayStatement;
      this.#arrays.setReturnArrays(true);
    }
    return this.#arrays;
  }

  // The published package cuts integers to 32 bits unless int64 is set.
  #narrow<T>(value: T): T {
    return (typeof value === "number" && Number.isInteger(value) ? value | 0 : value) as T;
  }

  #array(row: unknown[]): unknown[] {
    return this.db.int64 ? row : row.map((value) => this.#narrow(value));
  }

  #object(row: Record<string, unknown>): Record<string, unknown> {
    if (this.db.int64) return { ...row };
    return Object.fromEntries(Object.entries(row).map(([name, v]) => [name, this.#narrow(v)]));
  }

  /** Returns the number of changed rows. */
  run(...params: RestBindParameters): number {
    return Number(this.#rows.run(...bindings(params)).changes);
  }

  /** The first row as an array, or undefined if there is none. */
  value<T extends Array<unknown>>(...params: RestBindParameters): T | undefined {
    const row = this.#asArrays().get(...bindings(params)) as unknown[] | undefined;
    return row === undefined ? undefined : this.#array(row) as T;
  }

  /** All rows as arrays. */
  values<T extends Array<unknown>>(...params: RestBindParameters): T[] {
    const rows = this.#asArrays().all(...bindings(params)) as unknown as unknown[][];
    return (this.db.int64 ? rows : rows.map((row) => this.#array(row))) as T[];
  }

  /** The first row as an object, or undefined if there is none. */
  get<T extends object>(...params: RestBindParameters): T | undefined {
    const row = this.#rows.get(...bindings(params));
    return row === undefined ? undefined : this.#object(row) as T;
  }

  /** All rows as objects. */
  all<T extends object = Record<string, unknown>>(...params: RestBindParameters): T[] {
    return this.#rows.all(...bindings(params)).map((row) => this.#object(row) as T);
  }

  /** The statement cannot be used afterwards. */
  finalize(): void {
    // node:sqlite finalises a statement when nothing refers to it, or when the database closes.
    this.#arrays = undefined;
  }
}
