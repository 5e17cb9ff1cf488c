import { Database, type Statement } from "@db/sqlite";
import { DEFAULT_RECIPIENT_DELIMITER } from "../net/email_address.ts";
import { Checkpointer, type StartWorker } from "./checkpointer.ts";
import { DatabaseError, databaseErrorOf } from "./database_error.ts";
import { rewriteTables, truncateLog } from "./erase.ts";
import { GreylistRecords } from "./greylist_records.ts";
import type { Pseudonym } from "./pseudonym.ts";
import { pseudonymise } from "./pseudonymise.ts";
import { defineRelationOrigins } from "./relation_origins.ts";
import { Outbox } from "./outbox.ts";
import { migrate } from "./schema.ts";
import { isSiteSet, readForgetKey, readSite, setSite, type SharedAs } from "./site.ts";
import { inTransaction } from "./transaction.ts";

/** Milliseconds to wait for a lock of another process; every request waits as long. */
const BUSY_TIMEOUT = 250;

/** The same for {@linkcode Connection.eraseDeleted}, for which no request waits. */
const ERASE_TIMEOUT = 10_000;

/**
 * Pages in the log after which a commit copies it into the database itself. With a checkpointer this
 * is only for one that does not keep up.
 */
const CHECKPOINT_PAGES = { alone: 1000, withCheckpointer: 16_000 };

/** Size in bytes to which the log is truncated after a checkpoint. */
const LOG_BYTES = 8 * 1024 * 1024;

/** SQLite's page cache. */
const CACHE_KIB = 4096;

type Work<T> = (connection: Connection) => T;

/** A database on which transactions run: one connection, or one that is reopened after an error. */
export abstract class DatabaseAccess {
  /**
   * Runs an operation on the open database.
   *
   * @throws {DatabaseError} if the operation fails.
   */
  abstract use<T>(operation: Work<T>): T;

  /** Closes the database. Closing twice does no harm. */
  abstract close(): void;

  /** Runs reads in one transaction. */
  read<T>(work: Work<T>): T {
    return this.use((connection) => connection.transact("read", work));
  }

  /** Runs reads and writes in one transaction that locks first. */
  write<T>(work: Work<T>): T {
    return this.use((connection) => connection.transact("write", work));
  }

  /**
   * Runs reads and possible writes in one transaction that locks when it first writes. If another
   * process wrote after the first read, `work` runs again, so it must be pure but for the database.
   */
  readThenWrite<T>(work: Work<T>): T {
    return this.use((connection) => {
      try {
        return connection.transact("read", work);
      } catch (error) {
        if (!(error instanceof DatabaseError) || error.kind !== "locked") throw error;
        return connection.transact("write", work);
      }
    });
  }
}

export interface ShareOption {
  /** The identity of the database file, to recognise a copy. */
  readonly file: string;
  /** Absent to end sharing. */
  readonly as?: SharedAs | undefined;
}

export interface ConnectionOptions {
  /** Replaces addresses before they are written; absent to store them in clear. */
  readonly pseudonym?: Pseudonym | undefined;
  /** The setting `recipient_delimiter`. */
  readonly recipientDelimiter?: string | undefined;
  /** Begins or ends sharing with other sites; absent to leave that as it is. */
  readonly share?: ShareOption | undefined;
  /** Starts the thread that copies the log into the database; absent to do it when committing. */
  readonly startWorker?: StartWorker | undefined;
}

/** One SQLite file in WAL mode: readers and the writer do not wait for each other. */
export class Connection extends DatabaseAccess {
  readonly db: Database;
  readonly pseudonym: Pseudonym | undefined;
  readonly recipientDelimiter: string;
  readonly #path: string;
  readonly #checkpointer: Checkpointer | undefined;
  readonly #statements = new Map<string, Statement>();
  readonly #beginRead: Statement;
  readonly #beginWrite: Statement;
  readonly #commit: Statement;
  readonly records: GreylistRecords;
  #outbox: Outbox | undefined;
  #forgetKey: Uint8Array | undefined;
  #written = 0;

  /**
   * Opens or creates the file and migrates it to this version.
   *
   * @throws {DatabaseError} if it cannot be opened, read or written.
   */
  constructor(
    path: string,
    { pseudonym, recipientDelimiter = DEFAULT_RECIPIENT_DELIMITER, startWorker, share }:
      ConnectionOptions = {},
  ) {
    super();
    this.#path = path;
    this.pseudonym = pseudonym;
    this.recipientDelimiter = recipientDelimiter;
    this.#checkpointer = startWorker && new Checkpointer(path, startWorker);
    let db: Database | undefined;
    try {
      db = new Database(path, { int64: true });
      this.db = db;
      db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
      // A new database has nothing to lose: saves four waits for the disk.
      const isNew = db.prepare("PRAGMA page_count").value<[number]>()![0] === 0;
      db.exec(`
        PRAGMA synchronous = ${isNew ? "OFF" : "NORMAL"};
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES[startWorker ? "withCheckpointer" : "alone"]};
        PRAGMA cache_size = -${CACHE_KIB};
        PRAGMA journal_size_limit = ${LOG_BYTES};
        PRAGMA temp_store = MEMORY;
      `);
      migrate(db, path);
      defineRelationOrigins(db);
      this.#beginRead = db.prepare("BEGIN");
      this.#beginWrite = db.prepare("BEGIN IMMEDIATE");
      this.#commit = db.prepare("COMMIT");
      this.records = new GreylistRecords(db, pseudonym);
      if (share !== undefined && !isSiteSet(db, share.file, share.as)) {
        inTransaction(db, () => setSite(db!, share.file, share.as));
      }
      this.readSite();
    } catch (error) {
      db?.close();
      throw databaseErrorOf(error, path);
    }
  }

  /**
   * With a pseudonym, replaces the addresses that an earlier run stored in clear. Closes the database if
   * that fails.
   *
   * @throws {DatabaseError}
   */
  pseudonymise(): void {
    if (this.pseudonym === undefined) return;
    try {
      pseudonymise(this.db, this.pseudonym);
      this.readSite();
    } catch (error) {
      this.close();
      throw databaseErrorOf(error, this.#path);
    }
  }

  /**
   * Erases remains of deleted rows from the files. Other connections cannot write meanwhile.
   *
   * @throws {DatabaseError}
   */
  eraseDeleted(): void {
    const { db } = this;
    try {
      db.exec(`PRAGMA busy_timeout = ${ERASE_TIMEOUT}`);
      inTransaction(db, () => rewriteTables(db));
      truncateLog(db);
    } catch (error) {
      throw databaseErrorOf(error, this.#path);
    } finally {
      db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    }
  }

  /** Undefined if this site does not share. */
  get outbox(): Outbox | undefined {
    return this.#outbox;
  }

  /** The key of the hashes of forgotten addresses; undefined if this site does not share. */
  get forgetKey(): Uint8Array | undefined {
    return this.#forgetKey;
  }

  /** Reads the identity of this site anew. */
  readSite(): void {
    const site = readSite(this.db);
    this.#forgetKey = site && readForgetKey(this.db);
    this.#outbox = site && new Outbox(this.db, this.records, this.pseudonym);
  }

  /** The prepared statement of a constant SQL text. */
  statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Counts rows written in this transaction towards the next checkpoint. */
  countWritten(rows: number): void {
    this.#written += rows;
  }

  use<T>(operation: Work<T>): T {
    return operation(this);
  }

  /**
   * Runs work in a transaction and commits it; nothing is stored if it throws.
   *
   * @throws {DatabaseError}
   */
  transact<T>(mode: "read" | "write", work: Work<T>): T {
    const { reputations } = this.records;
    this.#written = 0;
    try {
      (mode === "read" ? this.#beginRead : this.#beginWrite).run();
      reputations.begin();
      const result = work(this);
      this.#commit.run();
      this.#checkpointer?.wrote(this.#written);
      return result;
    } catch (error) {
      const databaseError = databaseErrorOf(error, this.#path);
      reputations.clear();
      try {
        if (this.db.inTransaction) this.statement("ROLLBACK").run();
      } catch {
        // The first error says more.
      }
      throw databaseError;
    }
  }

  close(): void {
    this.#checkpointer?.close();
    this.db.close();
  }
}
