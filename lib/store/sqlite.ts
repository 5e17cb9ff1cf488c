/**
 * The store in one SQLite file.
 *
 * @module
 */
import { Database, type Statement } from "@db/sqlite";
import type { Change, OriginRecord, Triplet, TripletKey } from "../greylist/model.ts";
import { Checkpointer } from "./checkpointer.ts";
import { deleteCredential, readCredentials, writeCredential } from "./credential_table.ts";
import {
  deleteEndedEntries,
  deleteEntry,
  readEntries,
  readEntry,
  readRevision,
  readRuleHits,
  rewriteRevision,
  searchEntries,
  writeEntry,
  writeHits,
} from "./entry_table.ts";
import { deleteExpired } from "./expiry.ts";
import { faultOf, StoreFault } from "./fault.ts";
import { pseudonymise } from "./pseudonymise.ts";
import type {
  DecisionSearch,
  Deferral,
  DeferralCounts,
  DeferralSearch,
  Forgotten,
  Page,
  Records,
  Search,
  StoredDecision,
  StoredOrigin,
  StoredTriplet,
  Tally,
} from "./history.ts";
import {
  deleteTraces,
  findTraces,
  readDeferralCounts,
  readTallies,
  writeRecords,
} from "./history_table.ts";
import { hideOrigin, type Pseudonym } from "./pseudonym.ts";
import { migrate } from "./schema.ts";
import { searchDecisions, searchDeferrals, searchOrigins, searchTriplets } from "./search.ts";
import type {
  Credential,
  CredentialKind,
  Cursor,
  EntrySearch,
  Expired,
  Expiry,
  Hits,
  Judge,
  NewEntry,
  Recalled,
  RuleHits,
  Store,
  StoredEntry,
  StoreSize,
} from "./store.ts";

/** How long to wait for another process that writes, in milliseconds: the socket waits as well. */
const BUSY_TIMEOUT = 250;

/**
 * The pages after which the connection that writes copies the log into the file itself: far more than
 * the checkpointer lets gather.
 */
const CHECKPOINT_PAGES = 16_000;

/** After a rush the log gives back what it has above this, in bytes. */
const LOG_BYTES = 8 * 1024 * 1024;

/** What SQLite keeps of the file in memory, in KiB. */
const CACHE_KIB = 4096;

/** So many keys are recalled by one statement. */
const KEYS_AT_ONCE = 8;

type TripletRow = [number, number, number, number | null, number];
type OriginRow = [number, number, number, number];
type RecalledRow = [
  n: number,
  ...(TripletRow | [null, null, null, null, null]),
  ...(OriginRow | [null, null, null, null]),
];

/** The store in one SQLite file, in WAL mode: readers and the writer do not wait for each other. */
export class SqliteStore implements Store {
  readonly #path: string;
  readonly #db: Database;
  readonly #beginRead: Statement;
  readonly #beginWrite: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;
  /** Statement n recalls what is stored under n keys. */
  readonly #recallers: Statement[] = [];
  readonly #writeTriplet: Statement;
  readonly #writeOrigin: Statement;

  readonly #hide: Pseudonym;
  readonly #pseudonym: Pseudonym | undefined;
  readonly #checkpointer: Checkpointer;

  /**
   * Opens the file, makes it if it is not there, and brings it to this version.
   *
   * @param pseudonym replaces addresses before they are written; without it they are stored as they
   * are. What an earlier run stored without one is replaced now.
   * @throws {StoreFault} if it cannot be opened, read or written.
   */
  constructor(path: string, pseudonym?: Pseudonym) {
    this.#path = path;
    this.#checkpointer = new Checkpointer(path);
    this.#pseudonym = pseudonym;
    this.#hide = pseudonym ?? ((text) => text);
    let db: Database | undefined;
    try {
      db = new Database(path, { int64: true });
      this.#db = db;
      db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
      db.exec("PRAGMA journal_mode = WAL");
      db.exec("PRAGMA synchronous = NORMAL");
      db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
      db.exec(`PRAGMA journal_size_limit = ${LOG_BYTES}`);
      db.exec("PRAGMA temp_store = MEMORY");
      migrate(db, path);
      if (pseudonym !== undefined) pseudonymise(db, pseudonym);
      this.#beginRead = db.prepare("BEGIN");
      this.#beginWrite = db.prepare("BEGIN IMMEDIATE");
      this.#commit = db.prepare("COMMIT");
      this.#rollback = db.prepare("ROLLBACK");
      this.#writeTriplet = db.prepare(
        "REPLACE INTO triplet (sender, recipient, origin, first_seen, last_seen, tries, passed, " +
          "counted) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      );
      this.#writeOrigin = db.prepare(
        "REPLACE INTO origin (name, first_seen, last_seen, deliveries, last_counted) " +
          "VALUES (?, ?, ?, ?, ?)",
      );
    } catch (error) {
      db?.close();
      throw faultOf(error, path);
    }
  }

  /** One batch in one transaction. */
  exchange(keys: readonly TripletKey[], judge: Judge): void {
    let written = 0;
    const work = () => {
      const changes = judge(this.#recall(keys));
      for (const change of changes) this.#write(change);
      written = changes.length;
    };
    try {
      // Most batches of known mail write nothing, and need not wait for anybody who does.
      this.#transact(this.#beginRead, work);
    } catch (error) {
      // Another process wrote after this one had read: begin again, and lock first.
      if (!(error instanceof StoreFault) || error.kind !== "locked") throw error;
      this.#transact(this.#beginWrite, work);
    }
    this.#checkpointer.wrote(written);
  }

  /** Removes what has expired among the next `rows` rows. */
  expire(expiry: Expiry, cursor: Cursor | undefined, rows: number): Expired {
    return this.#transact(this.#beginWrite, () => deleteExpired(this.#db, expiry, cursor, rows));
  }

  /** All entries of the lists, the oldest first. */
  entries(): readonly StoredEntry[] {
    return this.#transact(this.#beginRead, () => readEntries(this.#db));
  }

  /** Entries, the newest first. */
  findEntries(search: EntrySearch): Page<StoredEntry> {
    return this.#transact(this.#beginRead, () => searchEntries(this.#db, search));
  }

  /** The entry of that number. */
  entry(id: number): StoredEntry | undefined {
    return this.#transact(this.#beginRead, () => readEntry(this.#db, id));
  }

  /** Adds or replaces an entry. */
  addEntry(entry: NewEntry): StoredEntry {
    return this.#transact(this.#beginWrite, () => writeEntry(this.#db, entry));
  }

  /** Removes an entry. */
  removeEntry(id: number): boolean {
    return this.#transact(this.#beginWrite, () => deleteEntry(this.#db, id));
  }

  /** Removes the entries that ended before a time. */
  removeEndedEntries(before: number): number {
    return this.#transact(this.#beginWrite, () => deleteEndedEntries(this.#db, before));
  }

  /** A number that changes with every change of an entry. */
  entriesRevision(): number {
    return this.#transact(this.#beginRead, () => readRevision(this.#db));
  }

  /** Adds to the hits of entries and of other rules. */
  countHits(hits: readonly Hits[]): void {
    this.#transact(this.#beginWrite, () => writeHits(this.#db, hits));
  }

  /** The hits of the rules that are not stored themselves. */
  ruleHits(): readonly RuleHits[] {
    return this.#transact(this.#beginRead, () => readRuleHits(this.#db));
  }

  /** The password and the tokens. */
  credentials(): readonly Credential[] {
    return this.#transact(this.#beginRead, () => readCredentials(this.#db));
  }

  /** Stores a credential. */
  putCredential(credential: Credential): void {
    this.#transact(this.#beginWrite, () => writeCredential(this.#db, credential));
  }

  /** Removes a credential. */
  removeCredential(kind: CredentialKind, name: string): boolean {
    return this.#transact(this.#beginWrite, () => deleteCredential(this.#db, kind, name));
  }

  /** Writes something that changes nothing. */
  check(): void {
    this.#transact(this.#beginWrite, () => rewriteRevision(this.#db));
  }

  /** Counts what is stored. */
  size(): StoreSize {
    const count = (table: string) =>
      this.#db.prepare(`SELECT count(*) FROM ${table}`).value<[number]>()![0];
    return this.#transact(
      this.#beginRead,
      () => ({ triplets: count("triplet"), origins: count("origin") }),
    );
  }

  /** Closes the file. */
  close(): void {
    this.#checkpointer.close();
    this.#db.close();
  }

  /** Keeps what happened. */
  record(records: Records): void {
    this.#transact(this.#beginWrite, () => writeRecords(this.#db, records, this.#pseudonym));
    this.#checkpointer.wrote(records.decisions.length);
  }

  /** Decisions, the newest first. */
  findDecisions(search: DecisionSearch): Page<StoredDecision> {
    return this.#transact(
      this.#beginRead,
      () => searchDecisions(this.#db, search, this.#pseudonym),
    );
  }

  /** What was put off, the newest first. */
  findDeferrals(search: DeferralSearch): Page<Deferral> {
    return this.#transact(
      this.#beginRead,
      () => searchDeferrals(this.#db, search, this.#pseudonym),
    );
  }

  /** Triplets in no order. */
  findTriplets(search: Search): Page<StoredTriplet> {
    return this.#transact(
      this.#beginRead,
      () => searchTriplets(this.#db, search, this.#pseudonym),
    );
  }

  /** Origins in no order. */
  findOrigins(search: Search): Page<StoredOrigin> {
    return this.#transact(this.#beginRead, () => searchOrigins(this.#db, search, this.#pseudonym));
  }

  /** Counts of the hours from a time on. */
  tallies(since: number): readonly Tally[] {
    return this.#transact(this.#beginRead, () => readTallies(this.#db, since));
  }

  /** What became of what was first put off within a period. */
  countDeferrals(
    since: number,
    lostBefore: number,
    until = Number.MAX_SAFE_INTEGER,
  ): DeferralCounts {
    return this.#transact(
      this.#beginRead,
      () => readDeferralCounts(this.#db, since, lostBefore, until),
    );
  }

  /** Removes what is stored of one address. */
  forget(address: string): Forgotten {
    // Looking at everything takes a while, and must not keep a daemon from writing.
    const traces = this.#transact(
      this.#beginRead,
      () => findTraces(this.#db, address, this.#pseudonym),
    );
    // Otherwise the text would live on in what the file keeps for reuse, and in the log.
    this.#db.exec("PRAGMA secure_delete = ON");
    const forgotten = this.#transact(this.#beginWrite, () => deleteTraces(this.#db, traces));
    this.#db.exec("PRAGMA secure_delete = OFF");
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return forgotten;
  }

  #transact<T>(begin: Statement, work: () => T): T {
    try {
      begin.run();
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      const fault = faultOf(error, this.#path);
      try {
        if (this.#db.inTransaction) this.#rollback.run();
      } catch {
        // The fault that was first says more.
      }
      throw fault;
    }
  }

  #recall(keys: readonly TripletKey[]): Recalled {
    const triplets = new Map<string, Triplet>();
    const origins = new Map<string, OriginRecord>();
    for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
      const some = keys.slice(at, at + KEYS_AT_ONCE);
      const rows = this.#recaller(some.length).values<RecalledRow>(
        ...some.flatMap((key) => this.#stored(key)),
      );
      for (const [n, firstSeen, lastSeen, tries, passed, counted, ...origin] of rows) {
        const key = some[n]!;
        if (firstSeen !== null) {
          triplets.set(key.id, tripletOf([firstSeen, lastSeen, tries, passed, counted]));
        }
        if (origin[0] !== null) origins.set(key.origin, originOf(origin));
      }
    }
    return { triplets, origins };
  }

  /** One statement for several keys and both tables: a call of SQLite costs more than a look-up. */
  #recaller(count: number): Statement {
    return this.#recallers[count] ??= this.#db.prepare(recallOf(count));
  }

  #stored(key: TripletKey): [string, string, string] {
    return [this.#hide(key.sender), this.#hide(key.recipient), hideOrigin(key.origin, this.#hide)];
  }

  #write(change: Change): void {
    if (change.kind === "triplet") {
      const { firstSeen, lastSeen, tries, passed, counted } = change.record;
      this.#writeTriplet.run(
        ...this.#stored(change.key),
        firstSeen,
        lastSeen,
        tries,
        passed ?? null,
        counted ? 1 : 0,
      );
    } else if (change.kind === "origin") {
      const { firstSeen, lastSeen, deliveries, lastCounted } = change.record;
      this.#writeOrigin.run(
        hideOrigin(change.key, this.#hide),
        firstSeen,
        lastSeen,
        deliveries,
        lastCounted,
      );
    }
  }
}

function recallOf(count: number): string {
  const first = "SELECT 0 AS n, ? AS sender, ? AS recipient, ? AS origin";
  const asked = Array.from({ length: count }, (_, n) => n === 0 ? first : `SELECT ${n}, ?, ?, ?`);
  return "SELECT k.n, t.first_seen, t.last_seen, t.tries, t.passed, t.counted, " +
    "o.first_seen, o.last_seen, o.deliveries, o.last_counted " +
    `FROM (${asked.join(" UNION ALL ")}) k ` +
    "LEFT JOIN triplet t ON t.sender = k.sender AND t.recipient = k.recipient " +
    "AND t.origin = k.origin LEFT JOIN origin o ON o.name = k.origin " +
    "WHERE t.first_seen IS NOT NULL OR o.first_seen IS NOT NULL";
}

function tripletOf([firstSeen, lastSeen, tries, passed, counted]: TripletRow): Triplet {
  return {
    firstSeen,
    lastSeen,
    tries,
    ...(passed === null ? {} : { passed }),
    counted: counted !== 0,
  };
}

function originOf([firstSeen, lastSeen, deliveries, lastCounted]: OriginRow): OriginRecord {
  return { firstSeen, lastSeen, deliveries, lastCounted };
}
