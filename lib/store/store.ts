/**
 * What Greylag remembers, whatever keeps it. Everything comes in batches: what the requests of one
 * turn need is one transaction.
 *
 * @module
 */
import type { ListName } from "../lists/matcher.ts";
import type { MatchOn } from "../lists/pattern.ts";
import type { Change, OriginRecord, Triplet, TripletKey } from "../greylist/model.ts";
import type { HistoryStore, Page, Search } from "./history.ts";

/** What was stored under the keys of a batch; the receiver may change the maps. */
export interface Recalled {
  /** The triplets that were asked for, by the `id` of their keys. */
  readonly triplets: Map<string, Triplet>;
  /** The origins of these triplets, by name. */
  readonly origins: Map<string, OriginRecord>;
}

/** Decides what becomes of what was recalled. */
export type Judge = (recalled: Recalled) => readonly Change[];

/** Where an expiry goes on: behind this row of this table. */
export interface Cursor {
  /** The table. */
  readonly table: "triplet" | "origin" | "decision" | "deferral";
  /** The key of the row; empty for the first. */
  readonly after: readonly string[];
}

/** What waits too long of too much: waiting triplets, of one origin or of all. */
export interface Eviction {
  /** The origin's name as it is stored; absent for all. */
  readonly origin?: string;
  /** Those that were first seen before this, in milliseconds since the epoch, are removed. */
  readonly before: number;
}

/** How many triplets of one origin came within one second and wait. Times are milliseconds since the epoch. */
export interface WaitingCount {
  /** The origin's name as it is stored. */
  readonly origin: string;
  /** When the first of them came. */
  readonly first: number;
  /** When the last of them came, within the same second. */
  readonly last: number;
  /** How many. */
  readonly count: number;
}

/** What has outlived its use. Times are milliseconds since the epoch. */
export interface Expiry {
  /** Waiting triplets first seen before this are removed. */
  readonly waitingBefore: number;
  /** Known triplets and origins last seen before this are removed. */
  readonly seenBefore: number;
  /** Decisions made, and what was last put off, before this are removed. */
  readonly historyBefore: number;
  /** So many of the newest decisions are kept at most. */
  readonly historyRows: number;
  /** So much of what was newly put off is kept at most. */
  readonly deferralRows: number;
  /** Of these the oldest that wait are removed; what is known or proven never is. */
  readonly evictions: readonly Eviction[];
}

/** What one slice of an expiry did. */
export interface Expired {
  /** The rows that were removed. */
  readonly removed: number;
  /** What waits among the rows that were looked at and are left. */
  readonly waiting: readonly WaitingCount[];
  /** Where the next slice goes on; undefined when the pass is over. */
  readonly next: Cursor | undefined;
}

/** What is said of a new entry of a list. Times are milliseconds since the epoch. */
export interface NewEntry {
  /** The list that it is in; `release` lets in what waits. */
  readonly list: ListName | "release";
  /** What it is about; a released `pair` is a sender and a recipient. */
  readonly matchOn: MatchOn | "pair";
  /** The pattern, as `formatPattern` writes it, or `formatPair`. */
  readonly pattern: string;
  /** Why it is there; may be empty. */
  readonly note: string;
  /** Who or what added it. */
  readonly addedBy: string;
  /** When it was added. */
  readonly created: number;
  /** When it ends; absent for never. */
  readonly expires?: number;
}

/** A stored entry of a list. */
export interface StoredEntry extends NewEntry {
  /** Its number, which is never given again. */
  readonly id: number;
  /** How often it decided. */
  readonly hits: number;
  /** When it last did; absent for never. */
  readonly lastHit?: number;
}

/** Which entries are meant. */
export interface EntrySearch extends Search {
  /** Only those of this list; all, if it is absent. */
  readonly list?: NewEntry["list"] | undefined;
}

/** The administrator's password, a program's token, or a token that lets a program read only. */
export type CredentialKind = "password" | "token" | "read-token";

/** What proves who somebody is. */
export interface Credential {
  /** What it is. */
  readonly kind: CredentialKind;
  /** The name of a token; empty for the password. */
  readonly name: string;
  /** A hash of it. */
  readonly hash: string;
  /** When it was set, in milliseconds since the epoch. */
  readonly created: number;
}

/** How often an entry or another rule of the lists decided since it was last counted. */
export interface Hits {
  /** The number of the entry, or the name of a rule that is not stored itself. */
  readonly rule: number | string;
  /** How often. */
  readonly count: number;
  /** The last time, in milliseconds since the epoch. */
  readonly last: number;
}

/** How often a rule that is not stored itself decided in all: one of a file, or a built-in one. */
export interface RuleHits {
  /** Its name. */
  readonly rule: string;
  /** How often. */
  readonly hits: number;
  /** The last time, in milliseconds since the epoch. */
  readonly lastHit: number;
}

/** How much is stored. */
export interface StoreSize {
  /** Triplets, waiting and known. */
  readonly triplets: number;
  /** Origins. */
  readonly origins: number;
}

/**
 * A store. Every method throws a {@linkcode StoreFault} if the store is ill; nothing
 * is half done then.
 */
export interface Store extends HistoryStore {
  /**
   * One batch in one transaction: recalls what is stored of the triplets and of their origins, has
   * `judge` decide, and stores the changes that it returns. Returns after the commit. `judge` must be pure: a store
   * that has to repeat a transaction calls it again. Changes of messages are not stored.
   */
  exchange(keys: readonly TripletKey[], judge: Judge): void;

  /**
   * Removes what has expired among the next `rows` rows behind the cursor; undefined begins a pass.
   */
  expire(expiry: Expiry, cursor: Cursor | undefined, rows: number): Expired;

  /** All entries of the lists, the oldest first; those that have ended are among them. */
  entries(): readonly StoredEntry[];

  /** Entries, the newest first; the text is looked for in pattern and note. */
  findEntries(search: EntrySearch): Page<StoredEntry>;

  /** The entry of that number; undefined if there is none. */
  entry(id: number): StoredEntry | undefined;

  /**
   * Adds an entry; one with the same list, match_on and pattern is replaced and keeps its number and hits.
   *
   * @returns the entry as it is stored.
   */
  addEntry(entry: NewEntry): StoredEntry;

  /** Removes an entry; tells whether it was there. */
  removeEntry(id: number): boolean;

  /** Removes the entries that ended before a time, in milliseconds since the epoch; tells how many. */
  removeEndedEntries(before: number): number;

  /** A number that changes whenever an entry is added or removed, by whatever process. */
  entriesRevision(): number;

  /** Adds to the hits of entries and of other rules. */
  countHits(hits: readonly Hits[]): void;

  /** The hits of the rules that are not stored themselves. */
  ruleHits(): readonly RuleHits[];

  /** The password and the tokens, by kind and name. */
  credentials(): readonly Credential[];

  /** Stores a credential in place of the one of its kind and name. */
  putCredential(credential: Credential): void;

  /** Removes a credential; tells whether it was there. */
  removeCredential(kind: CredentialKind, name: string): boolean;

  /** Writes something that changes nothing: it throws if the store could not remember anything now. */
  check(): void;

  /** Counts what is stored; reads everything, so it is not for the way of a request. */
  size(): StoreSize;

  /** Closes it. Nothing may be asked afterwards; closing twice does no harm. */
  close(): void;
}
