/**
 * A store that gets over its illnesses: it is opened again when the cause may be gone, and a corrupt
 * file is set aside for a fresh one.
 *
 * @module
 */
import type { TripletKey } from "../greylist/verdict.ts";
import { faultOf, type StoreFault } from "./fault.ts";
import { openStore, setAside, type StoreSettings } from "./open.ts";
import type { Cursor, Expired, Expiry, Judge, Store, StoreSize } from "./store.ts";

/** After a fault, requests are refused without trying for this long, in milliseconds. */
const RETRY_PERIOD = 1000;

/** What a reopening store tells its owner. */
export interface ReopeningEvents {
  /** It cannot do its work; told for every attempt. */
  ill(fault: StoreFault): void;
  /** It works again. */
  recovered(): void;
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
  exchange(keys: readonly TripletKey[], judge: Judge): Promise<void> {
    return this.#use((store) => store.exchange(keys, judge));
  }

  /** Passes the slice on to the open store. */
  expire(expiry: Expiry, cursor: Cursor | undefined, rows: number): Promise<Expired> {
    return this.#use((store) => store.expire(expiry, cursor, rows));
  }

  /** Asks the open store. */
  size(): Promise<StoreSize> {
    return this.#use((store) => store.size());
  }

  /** Closes what is open. */
  async close(): Promise<void> {
    await this.#store?.close();
    this.#store = undefined;
  }

  async #use<T>(work: (store: Store) => Promise<T>): Promise<T> {
    if (this.#fault !== undefined && performance.now() < this.#retryAt) throw this.#fault;
    try {
      this.#store ??= openStore(this.#settings);
      const result = await work(this.#store);
      if (this.#fault !== undefined) {
        this.#fault = undefined;
        this.#events.recovered();
      }
      return result;
    } catch (error) {
      const fault = faultOf(error, this.#settings.database);
      await this.#fallIll(fault);
      throw fault;
    }
  }

  async #fallIll(fault: StoreFault): Promise<void> {
    this.#fault = fault;
    this.#retryAt = performance.now() + RETRY_PERIOD;
    this.#events.ill(fault);
    if (fault.kind === "locked") return;
    // A file that is mended, remounted or replaced meanwhile is only seen by opening it again.
    try {
      await this.close();
      if (fault.kind !== "corrupt") return;
      this.#events.setAside(setAside(this.#settings.database, Date.now()));
      this.#retryAt = 0;
    } catch (error) {
      this.#store = undefined;
      this.#events.ill(faultOf(error, this.#settings.database));
    }
  }
}
