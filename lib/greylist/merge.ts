/**
 * How records of several sites combine. Each function is commutative, associative and idempotent, so
 * that sites which saw the same changes, in any order and any number of times, hold the same records.
 *
 * @module
 */
import {
  MAX_ORIGINS,
  type Pending,
  type Relation,
  type Reputation,
  type ServedDomain,
} from "./model.ts";
import { countsAt, MAX_DOMAINS } from "./reputation.ts";

/** The key of a pending triplet after its retry was accepted, so that no copy brings it back. */
export interface EndedPending {
  readonly network: string;
  readonly firstSeen: number;
  readonly expires: number;
  /** When the retry was accepted. */
  readonly ended: number;
}

export type PendingState = Pending | EndedPending;

export function isEnded(state: PendingState): state is EndedPending {
  return "ended" in state;
}

/**
 * Combines two states of a triplet. Of two that began in different periods of the retry window, the
 * later replaces the earlier: the earlier one was over, or soon would be, and its first attempt must
 * not shorten or outdate the wait of the other. Comparing the end of one with the last attempt of the
 * other would not be associative.
 *
 * @param retryWindow the same at all sites.
 */
export function mergePending(
  a: PendingState,
  b: PendingState,
  retryWindow: number,
): PendingState {
  const period = (state: PendingState) => Math.floor(state.firstSeen / retryWindow);
  const difference = period(a) - period(b);
  if (difference !== 0) return difference > 0 ? a : b;
  const network = a.network < b.network ? a.network : b.network;
  const firstSeen = Math.min(a.firstSeen, b.firstSeen);
  const expires = Math.max(a.expires, b.expires);
  if (isEnded(a) || isEnded(b)) {
    const ended = Math.min(
      isEnded(a) ? a.ended : Infinity,
      isEnded(b) ? b.ended : Infinity,
    );
    return { network, firstSeen, expires, ended };
  }
  return {
    network,
    origins: unitedOrigins(a.origins, b.origins),
    firstSeen,
    lastSeen: Math.max(a.lastSeen, b.lastSeen),
    tries: Math.max(a.tries, b.tries),
    expires,
  };
}

/** Combines two relations. Expiry goes by the last message, which is the later of both. */
export function mergeRelation(a: Relation, b: Relation): Relation {
  return {
    origins: unitedOrigins(a.origins, b.origins),
    firstSeen: Math.min(a.firstSeen, b.firstSeen),
    lastSeen: Math.max(a.lastSeen, b.lastSeen),
  };
}

/** Addresses last: a pool has many of them and one name. */
function breadthOf(origin: string): number {
  if (origin.startsWith("ip:")) return 2;
  return origin.startsWith("net:") ? 1 : 0;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The origins of both, at most {@linkcode MAX_ORIGINS}, by an order that belongs to the origins alone:
 * the first n of a union do not depend on the order of the unions. Addresses come first in the result.
 */
function unitedOrigins(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])]
    .sort((one, other) => breadthOf(one) - breadthOf(other) || compareText(one, other))
    .slice(0, MAX_ORIGINS)
    .sort((one, other) => breadthOf(other) - breadthOf(one) || compareText(one, other));
}

/** The share of one site in the counts of an origin. */
export interface ReputationPart extends Reputation {
  /** The incarnation of the site. */
  readonly site: string;
  /** When a DNS listing or a trap last cleared the reputation, as far as the site knew; 0 for never. */
  readonly cleared: number;
}

/** The newer of two states of a part; only its site changes a part. */
export function newerPart(a: ReputationPart, b: ReputationPart): ReputationPart {
  const order = a.cleared - b.cleared || a.updated - b.updated || a.lastSeen - b.lastSeen ||
    a.total - b.total || a.retried - b.retried || a.abandoned - b.abandoned ||
    compareText(JSON.stringify(canonicalPart(a)), JSON.stringify(canonicalPart(b)));
  return order >= 0 ? a : b;
}

function canonicalPart(part: ReputationPart): unknown[] {
  return Object.entries(part).sort(([a], [b]) => compareText(a, b));
}

/** The parts of both, the newer of each site, in the order of the sites. */
export function mergeParts(
  a: readonly ReputationPart[],
  b: readonly ReputationPart[],
): ReputationPart[] {
  const bySite = new Map<string, ReputationPart>();
  for (const part of [...a, ...b]) {
    const known = bySite.get(part.site);
    bySite.set(part.site, known === undefined ? part : newerPart(known, part));
  }
  return [...bySite.values()].sort((one, other) => compareText(one.site, other.site));
}

/**
 * The reputation that all sites together give an origin: counts are summed. A part that ended before
 * the last message by more than a lifetime is over. What a site retried before another cleared the
 * origin does not count until that site has cleared it as well.
 *
 * @param parts at least one, as {@linkcode mergeParts} returns them.
 * @param lifetime the same at all sites.
 */
export function combinedReputation(
  parts: readonly ReputationPart[],
  lifetime: number,
): Reputation {
  const latest = (field: "lastSeen" | "updated" | "cleared" | "lastRetried" | "lastAbandoned") =>
    Math.max(...live.map((part) => part[field]));
  const lastSeen = Math.max(...parts.map((part) => part.lastSeen));
  const live = parts.filter((part) => lastSeen - part.lastSeen <= lifetime);
  const updated = latest("updated");
  const cleared = latest("cleared");
  let retried = 0;
  let abandoned = 0;
  let total = 0;
  for (const part of live) {
    const counts = countsAt(part, updated);
    abandoned += counts.abandoned;
    if (part.cleared < cleared) continue;
    retried += counts.retried;
    total += part.total;
  }
  const trapped = live.flatMap(({ trappedUntil }) => trappedUntil ?? []);
  const domains = live.filter((part) => part.cleared >= cleared)
    .flatMap((part) => part.domains ?? []);
  return {
    retried,
    abandoned,
    total,
    updated,
    firstSeen: Math.min(...live.map(({ firstSeen }) => firstSeen)),
    lastSeen,
    lastRetried: latest("lastRetried"),
    lastAbandoned: latest("lastAbandoned"),
    ...(trapped.length === 0 ? {} : { trappedUntil: Math.max(...trapped) }),
    ...(domains.length === 0 ? {} : { domains: unitedDomains(domains) }),
  };
}

/** Each domain since the earliest time; the first ones. */
function unitedDomains(domains: readonly ServedDomain[]): ServedDomain[] {
  const since = new Map<string, number>();
  for (const one of domains) {
    since.set(one.domain, Math.min(one.since, since.get(one.domain) ?? Infinity));
  }
  return [...since].map(([domain, time]) => ({ domain, since: time }))
    .sort((a, b) => a.since - b.since || compareText(a.domain, b.domain))
    .slice(0, MAX_DOMAINS);
}

/** Counts below this are rounding errors of a difference. */
const PRECISION = 1e-9;

/**
 * What one site counted, from the combined reputation that it wrote and the parts of the others.
 *
 * @param cleared when the site last knew the reputation to be cleared.
 */
export function ownPart(
  site: string,
  combined: Reputation,
  others: readonly ReputationPart[],
  cleared: number,
): ReputationPart {
  let { retried, abandoned, total } = combined;
  for (const part of others) {
    if (part.lastSeen < combined.firstSeen) continue;
    const counts = countsAt(part, combined.updated);
    abandoned -= counts.abandoned;
    if (part.cleared < cleared) continue;
    retried -= counts.retried;
    total -= part.total;
  }
  const counted = (number: number) => Math.max(0, Math.round(number / PRECISION) * PRECISION);
  return {
    ...combined,
    site,
    retried: counted(retried),
    abandoned: counted(abandoned),
    total: Math.max(0, total),
    cleared,
  };
}

/** A list entry, or that it was removed; identified by its list, attribute and pattern. */
export interface EntryState {
  /** When it was added, changed or removed. */
  readonly stamp: number;
  /** Absent if it was removed. */
  readonly entry?: {
    readonly note: string;
    readonly addedBy: string;
    readonly created: number;
    /** Absent for never. */
    readonly expires?: number;
  };
}

/** The later of two states; at the same time, that it was removed. */
export function mergeEntry(a: EntryState, b: EntryState): EntryState {
  if (a.stamp !== b.stamp) return a.stamp > b.stamp ? a : b;
  if (a.entry === undefined || b.entry === undefined) return a.entry === undefined ? a : b;
  return compareText(textOf(a.entry), textOf(b.entry)) >= 0 ? a : b;
}

function textOf({ note, addedBy, created, expires }: NonNullable<EntryState["entry"]>): string {
  return JSON.stringify([created, expires ?? null, note, addedBy]);
}
