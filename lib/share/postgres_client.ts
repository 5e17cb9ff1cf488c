/**
 * One connection to PostgreSQL, or to what speaks its protocol. postgres.js has no timeout of a query:
 * a call that takes too long ends the client.
 *
 * @module
 */
import type { Sql, TransactionSql } from "postgres";
import { SECOND } from "../text/duration.ts";
import type { DatabaseTarget } from "./target.ts";

const TIMEOUT_MS = 2 * SECOND;

export type Query = Sql | TransactionSql;

/**
 * The package reads PG* from the environment when it is loaded, which this thread must not do. Only the
 * settings of Greylag count anyway.
 */
async function load() {
  Object.defineProperty(globalThis.process, "env", { value: {}, configurable: true });
  const { default: postgres } = await import("postgres");
  return postgres;
}

export class PostgresClient {
  readonly #sql: Sql;

  private constructor(sql: Sql) {
    this.#sql = sql;
  }

  static async open({ url }: DatabaseTarget, password: string): Promise<PostgresClient> {
    const postgres = await load();
    const target = new URL(url);
    const socket = target.searchParams.get("host");
    target.searchParams.delete("host");
    const sql = postgres(target.href, {
      ...(socket === null ? {} : { host: socket }),
      password,
      max: 1,
      connect_timeout: TIMEOUT_MS / SECOND,
      // What it would look up is different in databases that only speak the protocol.
      fetch_types: false,
      // A pooler may give each transaction another connection.
      prepare: false,
      onnotice: () => {},
      connection: { application_name: "greylag" },
    });
    return new PostgresClient(sql);
  }

  /** @throws {Error} from the database, or if it takes too long; the client is of no use then. */
  async run<T>(work: (sql: Query) => Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no answer within ${TIMEOUT_MS / SECOND} s`)),
        TIMEOUT_MS,
      );
    });
    try {
      return await Promise.race([work(this.#sql), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Several statements in one transaction. */
  transaction<T>(work: (sql: TransactionSql) => Promise<T>): Promise<T> {
    return this.run(() => this.#sql.begin(work) as Promise<T>);
  }

  /** Never throws and does not wait. */
  close(): void {
    this.#sql.end({ timeout: 0 }).catch(() => {});
  }
}
