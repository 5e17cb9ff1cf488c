/**
 * The store's interfaces, each as wide as its users need. Operations are synchronous, run in one
 * transaction each, and throw a {@linkcode DatabaseError} if the database fails; nothing is stored then.
 * Times are milliseconds since the epoch.
 *
 * @module
 */
import type { ListName } from "../lists/matcher.ts";
import type { MatchOn } from "../lists/pattern.ts";
import type { Memory } from "../greylist/memory.ts";
import type { Change, Pending, PendingKey, Relation, Reputation } from "../greylist/model.ts";
import type { ShareStore } from "./share_table.ts";
import type { Forgotten, HistoryStore, Page, Search } from "./history.ts";
import type { NoticeStore } from "./notices.ts";

/** Decides which changes to store, by records that are read when it asks for them. */
export type Judge = (memory: Memory) => readonly Change[];

/** A pending triplet whose retry window is over. */
export interface ExpiredPending extends PendingKey {
  /** Sender and recipient are hashes; the memory takes them as keys. */
  readonly isHidden: boolean;
  readonly record: Pending;
}

/** The changes that expired pending triplets cause; their own removal is not among them. */
export type ReportExpired = (
  expired: readonly ExpiredPending[],
  memory: Memory,
) => readonly Change[];

/** Position of a pass of expiry: after this row of this table. */
export interface Cursor {
  readonly table:
    | "pending"
    | "relation"
    | "recipient"
    | "reputation"
    | "decision"
    | "deferral";
  /** Key of the row; empty for the beginning of the table. */
  readonly after: readonly string[];
}

/** The pending triplets of a client network, or of all, that exceed a limit. */
export interface Eviction {
  /** The network as stored, such as `net:192.0.2.0/24`; absent for all. */
  readonly network?: string;
  /** Those first seen before this are removed. */
  readonly before: number;
}

/** Pending triplets of one client network that were first seen within the same second. */
export interface PendingCount {
  /** The network as stored. */
  readonly network: string;
  /** The earliest and latest time among them. */
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

export interface Expiry {
  /** Pending triplets that expire before this are removed. */
  readonly pendingBefore: number;
  /** Relations and reputations last seen before this are removed. */
  readonly seenBefore: number;
  /** Decisions made and deferrals last seen before this are removed. */
  readonly historyBefore: number;
  /** Maximum number of decisions; the oldest are removed beyond it. */
  readonly historyRows: number;
  /** Maximum number of deferrals; the oldest are removed beyond it. */
  readonly deferralRows: number;
  readonly evictions: readonly Eviction[];
}

/** The result of one slice of a pass of expiry. */
export interface Expired {
  /** Number of removed rows. */
  readonly removed: number;
  /** The pending triplets among the rows that remain. */
  readonly pending: readonly PendingCount[];
  /** Position of the next slice; undefined at the end of the pass. */
  readonly next: Cursor | undefined;
}

/** A relation as stored. */
export interface StoredRelation extends Relation {
  /** The folded sender, or `@` and a domain. */
  readonly sender: string;
  readonly recipient: string;
}

/** A reputation as stored. */
export interface StoredReputation extends Reputation {
  readonly name: string;
}

export interface OriginSearch extends Search {
  /** Whole origins: one must match. Takes the place of the text. */
  readonly origins?: readonly string[] | undefined;
}

export interface GreylistStore {
  /**
   * Has `judge` decide in one transaction and stores the changes that it returns. Returns after the
   * commit. `judge` must be pure: it runs again if another process wrote meanwhile. Changes of
   * messages are not stored.
   */
  exchange(judge: Judge): void;

  /**
   * Removes the expired among the next `rows` rows after the cursor; undefined begins a pass. `report`
   * is told of pending triplets that expired, not of those that are evicted.
   */
  expire(
    expiry: Expiry,
    cursor: Cursor | undefined,
    rows: number,
    report: ReportExpired,
  ): Expired;

  /** Finds relations by sender, recipient or origin, in no particular order. */
  findRelations(search: OriginSearch): Page<StoredRelation>;

  /** Finds reputations by name, in no particular order; an origin finds its pairs as well. */
  findReputations(search: OriginSearch): Page<StoredReputation>;
}

export interface NewEntry {
  /** The list of the entry; `release` holds pairs whose next retry is accepted. */
  readonly list: ListName | "release";
  /** The attribute that the pattern matches; `pair` is a sender and a recipient. */
  readonly matchOn: MatchOn | "pair";
  /** As written by `formatPattern` or `formatPair`. */
  readonly pattern: string;
  /** Free text; may be empty. */
  readonly note: string;
  /** A user or a command. */
  readonly addedBy: string;
  readonly created: number;
  /** Absent for never. */
  readonly expires?: number;
}

export interface StoredEntry extends NewEntry {
  /** Never assigned again. */
  readonly id: number;
  /** Number of decisions by this entry. */
  readonly hits: number;
  /** Absent for none. */
  readonly lastHit?: number;
}

export interface EntrySearch extends Search {
  /** Absent for all lists. */
  readonly list?: NewEntry["list"] | undefined;
}

/** Decisions by a rule since its hits were last stored. */
export interface Hits {
  /** The `id` of an entry, or the name of a rule of a file or of the built-in list. */
  readonly rule: number | string;
  readonly count: number;
  /** Time of the newest. */
  readonly last: number;
}

/** All decisions by a rule of a file or of the built-in list. */
export interface RuleHits {
  readonly rule: string;
  readonly hits: number;
  readonly lastHit: number;
}

/** The entries of a list file that were last read without a problem. */
export interface KeptFile {
  readonly path: string;
  readonly matchOn: MatchOn;
  /** Line numbers, counted from 1, and patterns as written by `formatPattern`. */
  readonly rules: readonly (readonly [line: number, pattern: string])[];
  /** Why the daemon cannot use the file now; absent if it can. */
  readonly problem?: string;
  /** Since when it cannot, in milliseconds since the epoch. */
  readonly since?: number;
}

/** The entries of the allow, block and other lists, and the hits of all rules. */
export interface ListStore {
  /** All entries, the oldest first, ended ones included. */
  entries(): readonly StoredEntry[];

  /** Finds entries by pattern or note, the newest first. */
  find(search: EntrySearch): Page<StoredEntry>;

  entry(id: number): StoredEntry | undefined;

  /**
   * Adds an entry. One with the same list, attribute and pattern is replaced and keeps its `id` and
   * hits.
   */
  add(entry: NewEntry): StoredEntry;

  /** @returns false if there is no such entry. */
  remove(id: number): boolean;

  /** Removes entries that ended before a time, and returns their number. */
  removeEnded(before: number): number;

  /** A number that changes whenever any process adds or removes an entry. */
  revision(): number;

  countHits(hits: readonly Hits[]): void;

  ruleHits(): readonly RuleHits[];

  keptFiles(): readonly KeptFile[];

  /** Replaces all kept files. */
  keepFiles(files: readonly KeptFile[]): void;
}

/** A `read-token` permits requests that change nothing. */
export type CredentialKind = "password" | "token" | "read-token";

export interface Credential {
  readonly kind: CredentialKind;
  /** Name of a token; empty for the password. */
  readonly name: string;
  readonly hash: string;
  readonly created: number;
}

/** The administrator's password and the tokens of programs. */
export interface CredentialStore {
  /** By kind and name. */
  all(): readonly Credential[];

  /** Stores a credential in place of the one of its kind and name. */
  put(credential: Credential): void;

  /** @returns false if there is no such credential. */
  remove(kind: CredentialKind, name: string): boolean;
}

export interface StoreSize {
  /** Pending triplets. */
  readonly pending: number;
  readonly relations: number;
  readonly reputations: number;
}

export interface Store {
  readonly greylist: GreylistStore;
  readonly lists: ListStore;
  readonly history: HistoryStore;
  readonly credentials: CredentialStore;
  readonly share: ShareStore;
  readonly notices: NoticeStore;

  /**
   * Removes the triplets, deferrals and decisions of a mail address, as sender or recipient, or the
   * deferrals, decisions, pending triplets and reputation of a client's IP address, and their traces
   * in the files. Relations with the client stay without its address. Entries of the lists stay.
   */
  forget(address: string): Forgotten;

  /** Writes without changing anything; throws if the database cannot be written. */
  check(): void;

  /** Counts all rows, so it is not for the path of a request. */
  size(): StoreSize;

  /** Closes the database. Closing twice does no harm. */
  close(): void;
}
