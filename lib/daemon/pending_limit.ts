/**
 * Flood control (RFC 6647, section 8.2): how many triplets are pending, and which of them are evicted
 * when there are too many.
 *
 * @module
 */
import type { Eviction, PendingCount } from "../store/store.ts";
import { SECOND } from "../text/duration.ts";
import type { DaemonEvent, LimitEvent } from "./events.ts";

/** Maximum pending triplets. */
export interface PendingLimits {
  /** Of all networks together. */
  readonly maxPending: number;
  /** Of one network. */
  readonly maxPendingPerOrigin: number;
}

/** This share of `maxPending`, deferred since the last pass began, is worth a pass of its own. */
const FLOOD_SHARE = 10;

/** Fewer new triplets than this are never a flood. */
const FLOOD_MINIMUM = 1000;

/**
 * Watches for floods: a subscriber that counts new triplets, and the evictions that each pass through
 * the database leaves to the next.
 */
export class PendingLimit {
  readonly #publish: (event: LimitEvent) => void;
  #limits: PendingLimits;
  #counter = new PendingCounter();
  #evictions: readonly Eviction[] = [];
  /** Networks over their limit in the last pass. */
  #overLimit: readonly string[] = [];
  /** Triplets deferred for the first time since the last pass began. */
  #newTriplets = 0;
  /** The last pass evicted triplets while others came that it may not have counted. */
  #isUncertain = false;

  constructor(limits: PendingLimits, publish: (event: LimitEvent) => void) {
    this.#limits = limits;
    this.#publish = publish;
  }

  configure(limits: PendingLimits): void {
    this.#limits = limits;
  }

  handle(event: DaemonEvent): void {
    if (event.kind === "decision" && event.verdict.reason === "new") this.#newTriplets++;
  }

  /** The evictions of the pass under way. */
  get evictions(): readonly Eviction[] {
    return this.#evictions;
  }

  /** More is pending than allowed, as the last complete pass found, or may be. */
  get isExceeded(): boolean {
    return this.#isUncertain || this.#overLimit.length + this.#evictions.length > 0;
  }

  /** New triplets since the last pass began exceed a share of the limits: the next pass is due. */
  get isFlooded(): boolean {
    const { maxPending, maxPendingPerOrigin } = this.#limits;
    // They may all be of one network.
    return this.#newTriplets >
      Math.min(maxPending / FLOOD_SHARE, Math.max(maxPendingPerOrigin, FLOOD_MINIMUM));
  }

  /** Counts anew: an error may have ended the last pass early. */
  beginPass(): void {
    this.#counter = new PendingCounter(this.#overLimit);
    // A triplet deferred from now on may be behind the cursor, and is left to the next pass.
    this.#newTriplets = 0;
  }

  /** Adds the pending triplets of one slice of the pass. */
  add(counts: readonly PendingCount[]): void {
    this.#counter.add(counts);
  }

  /** Decides what the next pass evicts. */
  endPass(): void {
    this.#isUncertain = this.#evictions.length > 0 && this.#newTriplets > 0;
    this.#overLimit = this.#counter.overLimit(this.#limits);
    this.#evictions = this.#counter.evictions(this.#limits);
    if (this.#evictions.length === 0) return;
    const { maxPending, maxPendingPerOrigin } = this.#limits;
    this.#publish({ kind: "pending-limit", maxPending, maxPendingPerOrigin });
  }
}

/** Maximum networks tracked. Networks with the fewest pending triplets are evicted first. */
const MAX_NETWORKS = 50_000;

/** Triplets first seen within one second. Times are milliseconds since the epoch. */
interface Second {
  count: number;
  first: number;
  last: number;
}

/** By seconds since the epoch. */
type Seconds = Map<number, Second>;

function addTo(seconds: Seconds, { first, last, count }: PendingCount): void {
  const number = Math.floor(first / SECOND);
  const second = seconds.get(number);
  if (second === undefined) {
    seconds.set(number, { count, first, last });
    return;
  }
  second.count += count;
  second.first = Math.min(second.first, first);
  second.last = Math.max(second.last, last);
}

/**
 * Counts the pending triplets in one pass through the database; by the second only in all, and for
 * networks that were over their limit in the pass before.
 */
export class PendingCounter {
  readonly #watched: ReadonlyMap<string, Seconds>;
  readonly #networks = new Map<string, number>();
  readonly #all: Seconds = new Map();

  /** @param watched networks over their limit in the pass before. */
  constructor(watched: readonly string[] = []) {
    this.#watched = new Map(watched.map((network) => [network, new Map()]));
  }

  add(counts: readonly PendingCount[]): void {
    for (const pending of counts) {
      const { network, count } = pending;
      this.#networks.set(network, (this.#networks.get(network) ?? 0) + count);
      addTo(this.#all, pending);
      const seconds = this.#watched.get(network);
      if (seconds !== undefined) addTo(seconds, pending);
    }
    if (this.#networks.size > MAX_NETWORKS) this.#evictSmallNetworks();
  }

  /** The networks over their limit. */
  overLimit({ maxPendingPerOrigin }: PendingLimits): string[] {
    return [...this.#networks].filter(([, count]) => count > maxPendingPerOrigin)
      .map(([network]) => network);
  }

  /** The oldest beyond the limits. */
  evictions({ maxPending, maxPendingPerOrigin }: PendingLimits): Eviction[] {
    const evictions: Eviction[] = [];
    for (const [network, seconds] of this.#watched) {
      const before = endOfOldest(seconds, maxPendingPerOrigin);
      if (before !== undefined) evictions.push({ network, before });
    }
    const before = endOfOldest(this.#all, maxPending);
    return before === undefined ? evictions : [...evictions, { before }];
  }

  #evictSmallNetworks(): void {
    const counts = [...this.#networks.values()].sort((a, b) => a - b);
    const median = counts[counts.length >> 1]!;
    for (const [network, count] of this.#networks) {
      if (count <= median && !this.#watched.has(network)) this.#networks.delete(network);
    }
  }
}

/** The time before which to evict, so that about `most` stay; undefined if all may stay. */
function endOfOldest(seconds: Seconds, most: number): number | undefined {
  let left = most;
  const newest = [...seconds.values()].sort((a, b) => b.first - a.first);
  for (const { count, first, last } of newest) {
    // Assume an even rate within the second; the next pass corrects it.
    if (count > left) return first + Math.ceil((last - first + 1) * (1 - left / count));
    left -= count;
  }
  return undefined;
}
