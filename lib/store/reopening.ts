/**
 * A store that gets over its illnesses: it is opened again when the cause may be gone, and a corrupt
 * file is set aside for a fresh one.
 *
 * @module
 */
import type { TripletKey } from "../greylist/model.ts";
import { faultOf, type StoreFault } from "./fault.ts";
import { fileAt, openStore, setAside, type StoreSettings } from "./open.ts";
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
  RuleHits,
  Store,
  StoredEntry,
  StoreSize,
} from "./store.ts";

/** After a fault, requests are refused without trying for this long, in milliseconds. */
const RETRY_PERIOD = 1000;

/** How often is looked whether the file is still the one that is open, in milliseconds. */
const LOOK_PERIOD = 1000;

/** What a reopening store tells its owner. */
export interface ReopeningEvents {
  /** It cannot do its work; told for every attempt. */
  ill(fault: StoreFault): void;
  /** It works again. */
  recovered(): void;
  /** The file was deleted, or another put in its place: that one is opened, or a fresh one made. */
  replaced(): void;
  /** A corrupt file was moved to this path, and a fresh one will be begun. */
  setAside(path: string): void;
}

/** A store that opens itself when it is first used, and again after a fault. */
export class ReopeningStore implements Store {
  readonly #settings: StoreSettings;
  readonly #events: ReopeningEvents;
  #store: Store | undefined;
  #fault: StoreFault | undefined;
  /** By `performance.now()`. */
  #retryAt = 0;
  /** Which file is open, and when that is looked at again, by `performance.now()`. */
  #file = "";
  #lookAt = 0;

  /** A store that is not open yet. */
  constructor(settings: StoreSettings, events: ReopeningEvents) {
    this.#settings = settings;
    this.#events = events;
  }

  /** What it suffers from now, if anything. */
  get fault(): StoreFault | undefined {
    return this.#fault;
  }

  /** Passes the batch on to the open store. */
  exchange(keys: readonly TripletKey[], judge: Judge): void {
    return this.#use((store) => store.exchange(keys, judge));
  }

  /** Passes the slice on to the open store. */
  expire(expiry: Expiry, cursor: Cursor | undefined, rows: number): Expired {
    return this.#use((store) => store.expire(expiry, cursor, rows));
  }

  /** Asks the open store. */
  entries(): readonly StoredEntry[] {
    return this.#use((store) => store.entries());
  }

  /** Asks the open store. */
  findEntries(search: EntrySearch): Page<StoredEntry> {
    return this.#use((store) => store.findEntries(search));
  }

  /** Asks the open store. */
  entry(id: number): StoredEntry | undefined {
    return this.#use((store) => store.entry(id));
  }

  /** Passes the entry on to the open store. */
  addEntry(entry: NewEntry): StoredEntry {
    return this.#use((store) => store.addEntry(entry));
  }

  /** Has the open store remove it. */
  removeEntry(id: number): boolean {
    return this.#use((store) => store.removeEntry(id));
  }

  /** Has the open store remove them. */
  removeEndedEntries(before: number): number {
    return this.#use((store) => store.removeEndedEntries(before));
  }

  /** Asks the open store. */
  entriesRevision(): number {
    return this.#use((store) => store.entriesRevision());
  }

  /** Passes the hits on to the open store. */
  countHits(hits: readonly Hits[]): void {
    return this.#use((store) => store.countHits(hits));
  }

  /** Asks the open store. */
  ruleHits(): readonly RuleHits[] {
    return this.#use((store) => store.ruleHits());
  }

  /** Passes what happened on to the open store. */
  record(records: Records): void {
    return this.#use((store) => store.record(records));
  }

  /** Asks the open store. */
  findDecisions(search: DecisionSearch): Page<StoredDecision> {
    return this.#use((store) => store.findDecisions(search));
  }

  /** Asks the open store. */
  findDeferrals(search: DeferralSearch): Page<Deferral> {
    return this.#use((store) => store.findDeferrals(search));
  }

  /** Asks the open store. */
  findTriplets(search: Search): Page<StoredTriplet> {
    return this.#use((store) => store.findTriplets(search));
  }

  /** Asks the open store. */
  findOrigins(search: Search): Page<StoredOrigin> {
    return this.#use((store) => store.findOrigins(search));
  }

  /** Asks the open store. */
  tallies(since: number): readonly Tally[] {
    return this.#use((store) => store.tallies(since));
  }

  /** Asks the open store. */
  countDeferrals(since: number, lostBefore: number, until?: number): DeferralCounts {
    return this.#use((store) => store.countDeferrals(since, lostBefore, until));
  }

  /** Has the open store remove it. */
  forget(address: string): Forgotten {
    return this.#use((store) => store.forget(address));
  }

  /** Asks the open store. */
  credentials(): readonly Credential[] {
    return this.#use((store) => store.credentials());
  }

  /** Passes the credential on to the open store. */
  putCredential(credential: Credential): void {
    return this.#use((store) => store.putCredential(credential));
  }

  /** Has the open store remove it. */
  removeCredential(kind: CredentialKind, name: string): boolean {
    return this.#use((store) => store.removeCredential(kind, name));
  }

  /** Has the open store try. */
  check(): void {
    return this.#use((store) => store.check());
  }

  /** Asks the open store. */
  size(): StoreSize {
    return this.#use((store) => store.size());
  }

  /** Closes what is open. */
  close(): void {
    const store = this.#store;
    this.#store = undefined;
    return store?.close();
  }

  #use<T>(work: (store: Store) => T): T {
    if (this.#fault !== undefined && performance.now() < this.#retryAt) throw this.#fault;
    let result: T;
    try {
      this.#lookAtFile();
      result = work(this.#store ??= this.#open());
    } catch (error) {
      this.#markFailed(error);
    }
    return this.#markHealthy(result);
  }

  #open(): Store {
    const store = openStore(this.#settings);
    this.#file = fileAt(this.#settings.database);
    return store;
  }

  /** A file that was deleted or replaced would take what is written to it along. */
  #lookAtFile(): void {
    if (this.#store === undefined) return;
    const now = performance.now();
    if (now < this.#lookAt) return;
    this.#lookAt = now + LOOK_PERIOD;
    if (fileAt(this.#settings.database) === this.#file) return;
    this.#abandon();
    this.#events.replaced();
  }

  /** Closes what is open, whatever that leads to. */
  #abandon(): void {
    try {
      this.close();
    } catch {
      // It was broken already.
    }
  }

  #markHealthy<T>(value: T): T {
    if (this.#fault !== undefined) {
      this.#fault = undefined;
      this.#events.recovered();
    }
    return value;
  }

  #markFailed(error: unknown): never {
    const fault = faultOf(error, this.#settings.database);
    this.#fault = fault;
    this.#retryAt = performance.now() + RETRY_PERIOD;
    this.#events.ill(fault);
    if (fault.kind !== "locked") this.#reopenLater(fault);
    throw fault;
  }

  /** A file that is mended, remounted or replaced meanwhile is only seen by opening it again. */
  #reopenLater(fault: StoreFault): void {
    this.#abandon();
    if (fault.kind !== "corrupt") return;
    try {
      this.#events.setAside(setAside(this.#settings.database, Date.now()));
      this.#retryAt = 0;
    } catch (error) {
      this.#events.ill(faultOf(error, this.#settings.database));
    }
  }
}
