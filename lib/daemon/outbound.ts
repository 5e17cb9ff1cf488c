/**
 * Learns the domains that our own users write to.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { Attempt } from "../greylist/attempt.ts";
import type { Change } from "../greylist/model.ts";
import { correspondentName } from "../greylist/origins.ts";
import { seen } from "../greylist/reputation.ts";
import { canonicalDomain, splitAddress } from "../net/email_address.ts";
import type { GreylistStore } from "../store/store.ts";
import { HOUR } from "../text/duration.ts";

/** A domain is stored again at most once in this period, in milliseconds. */
const RENEWAL_PERIOD = HOUR;

/** Milliseconds between two writes. */
const WRITE_PERIOD = 500;

/** Maximum domains in one write; further ones are not learned. */
const MAX_UNWRITTEN = 1000;

/** Domains whose last write is remembered. */
const MAX_RECENT = 2000;

export class Outbound {
  readonly #store: Pick<GreylistStore, "exchange">;
  readonly #writePeriod: number;
  /** The last write of each domain, in milliseconds since the epoch. */
  readonly #recent = new LRUCache<string, number>({ max: MAX_RECENT });
  #unwritten = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Pick<GreylistStore, "exchange">, writePeriod = WRITE_PERIOD) {
    this.#store = store;
    this.#writePeriod = writePeriod;
  }

  /** Learns from an attempt of one of our own users. */
  learn({ recipient }: Attempt, now: number): void {
    const domain = canonicalDomain(splitAddress(recipient).domain);
    const last = this.#recent.get(domain);
    const isRecent = last !== undefined && now >= last && now - last < RENEWAL_PERIOD;
    if (domain === "" || isRecent || this.#unwritten.size >= MAX_UNWRITTEN) return;
    this.#recent.set(domain, now);
    this.#unwritten.set(domain, now);
    this.#timer ??= setTimeout(() => this.settle(), this.#writePeriod);
  }

  /** Writes what was learned. */
  settle(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const domains = [...this.#unwritten];
    this.#unwritten = new Map();
    if (domains.length === 0) return;
    try {
      this.#store.exchange((memory) =>
        domains.map(([domain, time]): Change => {
          const key = correspondentName(domain);
          return { kind: "reputation", key, record: seen(memory.reputation(key), time) };
        })
      );
    } catch {
      // The store reports its own errors; the next mail to the domain is learned from.
      for (const [domain] of domains) this.#recent.delete(domain);
    }
  }
}
