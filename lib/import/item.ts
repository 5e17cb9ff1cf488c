/**
 * The records of an import, and their merge with the stored ones: nothing that is stored is shortened
 * or lowered.
 *
 * @module
 */
import { relationKeysOf } from "../greylist/attempt.ts";
import type { Memory } from "../greylist/memory.ts";
import {
  type Change,
  MAX_NETWORKS,
  type Pending,
  type Relation,
  type RelationKey,
  type Reputation,
  type ServedDomain,
} from "../greylist/model.ts";
import { normaliseRecipient, retrySender } from "../greylist/normalise.ts";
import { countsAt, isLive } from "../greylist/reputation.ts";
import type { Rules } from "../greylist/rules.ts";
import { isPending, mergeOrigins } from "../greylist/triplets.ts";
import type { SourceClient } from "./source_client.ts";

/** A record to be stored. */
export type Item = Exclude<Change, { readonly kind: "message" }> & {
  readonly record: Pending | Relation | Reputation;
};

/** An array, or a sequence that is generated item by item. */
export interface Items extends Iterable<Item> {
  readonly length: number;
}

/** Opt-in or opt-out of a recipient. */
export interface Choice {
  readonly list: "opt-in" | "opt-out";
  /** An address or a domain. */
  readonly pattern: string;
}

export interface SourceError {
  /** Counted from 1; 0 where there are no lines. */
  readonly line: number;
  readonly why: string;
}

/** The error of a file without content: often a command before a pipe has failed. */
export const EMPTY = "no data";

/** The content of one file. */
export interface Source {
  readonly items: readonly Item[];
  readonly choices: readonly Choice[];
  readonly errors: readonly SourceError[];
}

/** Parameters of reading. */
export interface Reading {
  readonly rules: Rules;
  /** Delay of the other server, in milliseconds. */
  readonly delay: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The largest count of another program that is taken over. */
const MAX_COUNT = 1_000_000;

/**
 * A time of another program as a whole number of milliseconds: not in the future, where it would never
 * expire, and not before 1970.
 */
export function pastTime(time: number, now: number): number {
  return Math.max(0, Math.min(Math.round(time), now));
}

/** True if the daemon would have removed the record already. */
export function isExpired(item: Item, rules: Rules, now: number): boolean {
  if (item.kind === "pending") return !isPending(item.record!, now);
  return !isLive(item.record, rules, now);
}

/** The change that an item makes; undefined if the stored record is as good. */
export function changeOf(item: Item, memory: Memory): Change | undefined {
  switch (item.kind) {
    case "pending":
      return pendingChange(item, memory);
    case "relation": {
      const before = memory.relation(item.key);
      const record = before === undefined
        ? item.record
        : mergeRelation(before, item.record, memory);
      return record === before ? undefined : { ...item, record };
    }
    case "reputation": {
      const before = memory.reputation(item.key);
      const record = before === undefined
        ? item.record
        : mergeReputation(before, item.record, memory);
      return record === before ? undefined : { ...item, record };
    }
  }
}

function pendingChange(
  item: Item & { readonly kind: "pending" },
  memory: Memory,
): Change | undefined {
  const { key, record } = item;
  if (record === undefined) return undefined;
  // The recipient of a key has no extension.
  const isKnown = relationKeysOf(key.sender, key.recipient, "").some((relationKey) => {
    const known = memory.relation(relationKey)?.origins ?? [];
    return record.origins.some((origin) => memory.includes(known, origin));
  });
  // A known sender does not wait.
  if (isKnown) return undefined;
  const waiting = memory.pending(key);
  const before = waiting.find(({ network }) => memory.includes([network], record.network));
  if (before === undefined) return waiting.length < MAX_NETWORKS ? item : undefined;
  const origins = mergeOrigins(memory, before.origins, record.origins);
  const { firstSeen, lastSeen, tries, expires } = before;
  if (
    origins === before.origins && firstSeen <= record.firstSeen && lastSeen >= record.lastSeen &&
    tries >= record.tries && expires >= record.expires
  ) {
    return undefined;
  }
  const merged: Pending = {
    network: before.network,
    origins,
    firstSeen: Math.min(firstSeen, record.firstSeen),
    lastSeen: Math.max(lastSeen, record.lastSeen),
    tries: Math.max(tries, record.tries),
    expires: Math.max(expires, record.expires),
  };
  return { ...item, record: merged };
}

/** @returns `before` itself if nothing changes. */
function mergeRelation(before: Relation, added: Relation, memory: Memory): Relation {
  const origins = mergeOrigins(memory, before.origins, added.origins);
  const firstSeen = Math.min(before.firstSeen, added.firstSeen);
  const lastSeen = Math.max(before.lastSeen, added.lastSeen);
  const isSame = origins === before.origins && firstSeen === before.firstSeen &&
    lastSeen === before.lastSeen;
  return isSame ? before : { origins, firstSeen, lastSeen };
}

/** @returns `before` itself if nothing changes. */
function mergeReputation(before: Reputation, added: Reputation, memory: Memory): Reputation {
  const updated = Math.max(before.updated, added.updated);
  const [one, other] = [countsAt(before, updated), countsAt(added, updated)];
  const domains = mergeDomains(before.domains, added.domains, memory);
  const isSame = one.retried >= other.retried && one.abandoned >= other.abandoned &&
    before.total >= added.total && before.firstSeen <= added.firstSeen &&
    before.lastSeen >= added.lastSeen && domains === before.domains;
  if (isSame) return before;
  return {
    ...before,
    retried: Math.max(one.retried, other.retried),
    abandoned: Math.max(one.abandoned, other.abandoned),
    total: Math.max(before.total, added.total),
    updated,
    firstSeen: Math.min(before.firstSeen, added.firstSeen),
    lastSeen: Math.max(before.lastSeen, added.lastSeen),
    lastRetried: Math.max(before.lastRetried, added.lastRetried),
    lastAbandoned: Math.max(before.lastAbandoned, added.lastAbandoned),
    ...(domains === undefined ? {} : { domains }),
  };
}

function mergeDomains(
  before: readonly ServedDomain[] | undefined,
  added: readonly ServedDomain[] | undefined,
  memory: Memory,
): readonly ServedDomain[] | undefined {
  const missing = (added ?? []).filter(({ domain }) =>
    !(before ?? []).some((one) => memory.includes([one.domain], domain))
  );
  return missing.length === 0 ? before : [...(before ?? []), ...missing];
}

/** Times of the first and last attempt; any numbers of another program, in milliseconds. */
interface Seen {
  readonly first: number;
  readonly last: number;
}

/** A message that the other server deferred, tried from `first` to `last`. */
export function pendingItem(
  { network, origin }: SourceClient,
  { sender, recipient, first, last }: Seen & {
    readonly sender: string;
    readonly recipient: string;
  },
  { rules, now }: Reading,
): Item {
  const firstSeen = pastTime(first, now);
  return {
    kind: "pending",
    key: {
      sender: retrySender(sender),
      recipient: normaliseRecipient(recipient, rules.recipientDelimiter),
    },
    network,
    record: {
      network,
      origins: [origin],
      firstSeen,
      lastSeen: Math.max(firstSeen, pastTime(last, now)),
      tries: 1,
      expires: firstSeen + rules.retryWindow,
    },
  };
}

/** Mail that passed from an origin. */
export function relationItem(
  key: RelationKey,
  origin: string,
  { first, last }: Seen,
  { now }: Reading,
): Item {
  const firstSeen = pastTime(first, now);
  const lastSeen = Math.max(firstSeen, pastTime(last, now));
  return { kind: "relation", key, record: { origins: [origin], firstSeen, lastSeen } };
}

/** The reputation of `count` retried messages of an origin. */
export function reputationItem(
  name: string,
  count: number,
  { first, last }: Seen,
  { now }: Reading,
): Item {
  const total = Math.max(0, Math.min(Math.floor(count), MAX_COUNT));
  const firstSeen = pastTime(first, now);
  const lastSeen = Math.max(firstSeen, pastTime(last, now));
  return {
    kind: "reputation",
    key: name,
    record: {
      retried: total,
      abandoned: 0,
      total,
      updated: lastSeen,
      firstSeen,
      lastSeen,
      lastRetried: lastSeen,
      lastAbandoned: 0,
    },
  };
}
