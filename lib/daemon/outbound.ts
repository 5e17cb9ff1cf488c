/**
 * Learns to which domains our own users write.
 *
 * @module
 */
import type { Attempt } from "../greylist/attempt.ts";
import { correspondent } from "../greylist/origin.ts";
import { type Change, tripletKey } from "../greylist/model.ts";
import { canonicalDomain, splitAddress } from "../net/email_address.ts";
import type { GreylistStore } from "../store/store.ts";

/** A domain is remembered anew so often at most, in milliseconds. */
const RENEWAL_PERIOD = 3_600_000;

/** What was learnt is written so often, in milliseconds. */
const WRITE_PERIOD = 500;

/** So many domains are learnt at once at most: beyond that it is no mail of people. */
const MAX_PENDING = 1000;

const MAX_KNOWN = 10_000;

/** Keeps the domains of our own users' recipients in a store. */
export class Outbound {
  readonly #store: GreylistStore;
  /** When each domain was last learnt, in milliseconds since the epoch. */
  readonly #learnt = new Map<string, number>();
  #waiting = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Learns into a store. */
  constructor(store: GreylistStore) {
    this.#store = store;
  }

  /** Learns from the mail of one of our own users. */
  learn({ recipient }: Attempt, now: number): void {
    const domain = canonicalDomain(splitAddress(recipient).domain);
    const last = this.#learnt.get(domain);
    const isFresh = last !== undefined && now >= last && now - last < RENEWAL_PERIOD;
    if (domain === "" || isFresh || this.#waiting.size >= MAX_PENDING) return;
    this.#learnt.delete(domain);
    this.#learnt.set(domain, now);
    if (this.#learnt.size > MAX_KNOWN) {
      const [oldest] = this.#learnt.keys();
      this.#learnt.delete(oldest!);
    }
    this.#waiting.set(domain, now);
    this.#timer ??= setTimeout(() => this.settle(), WRITE_PERIOD);
  }

  /** Writes what was learnt. */
  settle(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = [...this.#waiting];
    this.#waiting = new Map();
    if (waiting.length === 0) return;
    const keys = waiting.map(([domain]) => tripletKey(correspondent(domain), "", ""));
    try {
      this.#store.exchange(keys, ({ origins }) =>
        waiting.map(([, time], at): Change => {
          const key = keys[at]!.origin;
          const before = origins.get(key);
          return {
            kind: "origin",
            key,
            record: {
              firstSeen: before?.firstSeen ?? time,
              lastSeen: Math.max(time, before?.lastSeen ?? time),
              deliveries: 0,
              lastCounted: time,
            },
          };
        }));
    } catch {
      // The store told of its illness itself; the next mail to that domain is learnt from again.
      for (const [domain] of waiting) this.#learnt.delete(domain);
    }
  }
}
