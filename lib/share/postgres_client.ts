/**
 * One connection to PostgreSQL, or to what speaks its protocol. postgres.js has no timeout of a query:
 * a call that takes too long ends the client.
 *
 * @module
 */
import type { PeerCertificate } from "node:tls";
import type { Sql, TransactionSql } from "postgres";
import { builtin } from "../node/builtin.ts";
import { SECOND } from "../text/duration.ts";
import { databaseAddress, type DatabaseTarget } from "./target.ts";

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

/** Options of node:tls that verify the name or address of the server. */
function verification(host: string, certificates: readonly string[]) {
  const { checkServerIdentity } = builtin("node:tls");
  return {
    // postgres.js passes no name for an address, and `localhost` would be verified instead.
    checkServerIdentity: (_: string, certificate: PeerCertificate) =>
      checkServerIdentity(host, certificate),
    ...(certificates.length > 0 ? { ca: [...certificates] } : {}),
  };
}

/** In arrays, which the types lack: postgres.js splits a string at colons, and IPv6 has them. */
function address(host: string, port: number): { readonly host: string; readonly port: number } {
  return { host: [host] as unknown as string, port: [port] as unknown as number };
}

export class PostgresClient {
  readonly #sql: Sql;

  private constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @param certificates of CAs, in PEM; empty for the public ones. */
  static async open(
    target: DatabaseTarget,
    password: string,
    certificates: readonly string[],
  ): Promise<PostgresClient> {
    const postgres = await load();
    const url = new URL(target.url);
    url.search = "";
    const { user, host, port, socket, sslMode } = databaseAddress(target);
    const sql = postgres(url.href, {
      username: user,
      ...(socket === undefined ? address(host, port) : { path: socket }),
      ssl: sslMode === "verify-full"
        ? verification(host, certificates)
        : sslMode === "disable" || sslMode === undefined
        ? false
        : sslMode as "prefer" | "require",
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
