/**
 * Pending triplets and relations: how an attempt matches them, and what it leaves behind.
 *
 * @module
 */
import { DAY, HOUR } from "../text/duration.ts";
import { type Context, isListed, speaksForDomain } from "./context.ts";
import { isForAnyRecipient, KNOWN_SENDERS_MARK, knownSenderKeys } from "./known_sender.ts";
import type { Memory } from "./memory.ts";
import {
  type Change,
  MAX_NETWORKS,
  MAX_ORIGINS,
  type Pending,
  type Relation,
  type RelationKey,
} from "./model.ts";
import { matchable, matchOrigins, type MatchQuestion, present } from "./origins.ts";
import { isLive, seen } from "./reputation.ts";
import { earnings, hasRetried, reportAbandoned } from "./reputation_changes.ts";
import type { Rules } from "./rules.ts";

/** A last-seen time younger than this is not renewed: it saves a write for each message of a burst. */
const RENEWAL_PERIOD = HOUR;

/** The later of two times: a clock that was set back shortens no lifetime. */
function later(time: number, now: number): number {
  return Math.max(time, now);
}

export function isFresh(lastSeen: number, now: number): boolean {
  return now - lastSeen < RENEWAL_PERIOD;
}

function matchQuestion(context: Context): MatchQuestion {
  const { attempt, evidence, memory, origins, rules } = context;
  const isPossible = rules.spf !== "off" && attempt.identity !== "";
  return {
    origins,
    candidate: isPossible ? `spf:${attempt.identity}` : undefined,
    isExact: isListed(context),
    hasEvidence: evidence !== undefined || rules.spf === "off",
    lacksSpf: rules.spf !== "off" && evidence?.spf === "unknown" &&
      origins.org !== `org:${attempt.senderDomain}`,
    memory,
  };
}

/** A match of the attempt with a relation. */
export type RelationMatch =
  | { readonly kind: "known"; readonly key: RelationKey; readonly record: Relation; origin: string }
  | { readonly kind: "evidence" }
  | { readonly kind: "none" };

export function matchRelation(context: Context): RelationMatch {
  const { attempt, memory, rules, now } = context;
  const question = matchQuestion(context);
  let needsEvidence = false;
  for (const key of attempt.relationKeys) {
    const record = memory.relation(key);
    if (record === undefined || !isLive(record, rules, now)) continue;
    const match = matchOrigins(record.origins, question);
    if (match.kind === "evidence") needsEvidence = true;
    if (match.kind !== "match") continue;
    if (key.sender.startsWith("@") && !speaksForDomain(context, key)) {
      needsEvidence ||= !question.hasEvidence;
      continue;
    }
    return { kind: "known", key, record, origin: match.origin };
  }
  return matchKnownSender(context, question) ??
    { kind: needsEvidence ? "evidence" : "none" };
}

function matchKnownSender(
  { attempt, memory, origins, rules, now }: Context,
  question: MatchQuestion,
): RelationMatch | undefined {
  if (!isLive(memory.reputation(KNOWN_SENDERS_MARK), rules, now)) return undefined;
  for (const key of knownSenderKeys(attempt, origins)) {
    const record = memory.relation(key);
    if (record === undefined || !isLive(record, rules, now)) continue;
    const match = matchOrigins(record.origins, question);
    if (match.kind === "match") return { kind: "known", key, record, origin: match.origin };
  }
  return undefined;
}

/** The changes of a known message. */
export function knownChanges(
  context: Context,
  { key, record }: Extract<RelationMatch, { readonly kind: "known" }>,
): Change[] {
  const changes = relationChanges(context);
  const { memory, now } = context;
  if (!isForAnyRecipient(key) || isFresh(record.lastSeen, now)) return changes;
  const mark = seen(memory.reputation(KNOWN_SENDERS_MARK), now);
  return [
    ...changes,
    { kind: "relation", key, record: { ...record, lastSeen: later(record.lastSeen, now) } },
    { kind: "reputation", key: KNOWN_SENDERS_MARK, record: mark },
  ];
}

/** A match of the attempt with pending triplets. */
export interface PendingMatch {
  /** The oldest that matches. */
  readonly record: Pending | undefined;
  readonly origin: string;
  /** Further records may match with evidence. */
  readonly needsEvidence: boolean;
}

export function isPending({ expires }: Pending, now: number): boolean {
  return now <= expires;
}

/** Whether an attempt comes after the retry window, and so is another message. */
export function isLate({ firstSeen }: Pending, { retryWindow }: Rules, now: number): boolean {
  return now - firstSeen > retryWindow;
}

/** A sender's own host is accepted this long after its first attempt: a rented range is gone by then. */
const SETTLED_AFTER = 7 * DAY;

/** Whether the first attempt of a sender's own host, which never retries, is long enough ago. */
export function isSettled({ expires }: Pending, rules: Rules, now: number): boolean {
  return now - (expires - rules.lifetime) >= SETTLED_AFTER;
}

/**
 * Until when a deferred attempt is pending. Some senders never retry: if the client is the sender's
 * own, which a botnet cannot be, a later message counts as long as a relation lasts. A sender that does
 * retry gets the usual time, so that what it abandons is counted soon.
 */
function expiryOf(context: Context, firstSeen: number): number {
  const { rules } = context;
  const isOwn = speaksForDomain(context) && !isListed(context) && !hasRetried(context);
  return firstSeen + (isOwn ? Math.max(rules.retryWindow, rules.lifetime) : rules.retryWindow);
}

export function matchPending(context: Context): PendingMatch {
  const { attempt, memory, now } = context;
  const question = matchQuestion(context);
  let oldest: Pending | undefined;
  let origin = "";
  let needsEvidence = false;
  for (const record of memory.pending(attempt.pendingKey)) {
    if (!isPending(record, now)) continue;
    const match = matchOrigins(record.origins, question);
    if (match.kind === "evidence") needsEvidence = true;
    if (match.kind !== "match") continue;
    if (oldest !== undefined && oldest.firstSeen <= record.firstSeen) continue;
    oldest = record;
    origin = match.origin;
  }
  return { record: oldest, origin, needsEvidence };
}

function includesAll(
  memory: Memory,
  origins: readonly string[],
  found: readonly string[],
): boolean {
  for (const origin of found) {
    if (!memory.includes(origins, origin)) return false;
  }
  return true;
}

/** @returns `before` itself if nothing is added. */
export function mergeOrigins(
  memory: Memory,
  before: readonly string[],
  found: readonly string[],
): readonly string[] {
  if (includesAll(memory, before, found)) return before;
  const added = found.filter((origin) => !memory.includes(before, origin));
  const merged = [...before, ...added];
  // A pool of hosts has many addresses, few networks and one name: the oldest addresses go first.
  while (merged.length > MAX_ORIGINS) {
    const oldest = ["ip:", "net:"]
      .map((kind) => merged.findIndex((one) => one.startsWith(kind) && !added.includes(one)))
      .find((at) => at !== -1);
    merged.splice(oldest ?? 0, 1);
  }
  return merged;
}

/** The relations of a message that passed, known from all origins that the evidence allows. */
export function relationChanges(context: Context): Change[] {
  const { attempt, memory, rules, now, origins } = context;
  const found = isListed(context) ? [origins.ip] : matchable(origins);
  const changes: Change[] = [];
  for (const key of attempt.relationKeys) {
    if (key.sender.startsWith("@") && !speaksForDomain(context, key)) continue;
    const stored = memory.relation(key);
    const before = isLive(stored, rules, now) ? stored : undefined;
    const merged = mergeOrigins(memory, before?.origins ?? [], found);
    if (before !== undefined && merged === before.origins && isFresh(before.lastSeen, now)) {
      continue;
    }
    const record: Relation = {
      origins: merged,
      firstSeen: before?.firstSeen ?? now,
      lastSeen: later(before?.lastSeen ?? now, now),
    };
    changes.push({ kind: "relation", key, record });
  }
  return changes;
}

/** The origins of a deferred attempt: those that match a retry, and those that it may cost. */
function pendingOrigins({ origins }: Context): string[] {
  const { ip, net, org, spf, host, parent, via, netPair, isContradicted, earns } = origins;
  // A host behind a NAT costs nobody's reputation either.
  if (!earns) return [ip, net];
  if (isContradicted) return present([ip, net, org, spf, host]);
  return present([ip, net, org, spf, host, parent === org ? undefined : parent, via, netPair]);
}

function ofNetwork(
  { memory, origins }: Context,
  records: readonly Pending[],
): Pending | undefined {
  return records.find(({ network }) => memory.includes([network], origins.net));
}

/** The record that a deferred attempt leaves, in place of the one that it matched. */
export function deferralChanges(
  context: Context,
  match: Pending | undefined,
): Change[] {
  const { attempt, memory, rules, now, origins } = context;
  const key = attempt.pendingKey;
  const own = pendingOrigins(context);
  if (match !== undefined) {
    const merged = mergeOrigins(memory, match.origins, own);
    const record: Pending = {
      ...match,
      // A clock that was set back must not lengthen the wait.
      firstSeen: Math.min(match.firstSeen, now),
      origins: merged,
      lastSeen: later(match.lastSeen, now),
      tries: match.tries + 1,
      expires: Math.max(match.expires, expiryOf(context, Math.min(match.firstSeen, now))),
    };
    return [{ kind: "pending", key, network: match.network, record }];
  }
  const waiting = memory.pending(key);
  const stale = ofNetwork(context, waiting);
  const changes: Change[] = [];
  if (stale !== undefined) {
    changes.push(...reportAbandoned(context, attempt.relationKeys, stale));
  } else if (waiting.length >= MAX_NETWORKS) {
    changes.push({ kind: "pending", key, network: leastWorthy(context, waiting).network });
  }
  const record: Pending = {
    network: origins.net,
    origins: own,
    firstSeen: now,
    lastSeen: now,
    tries: 1,
    // A sender that never retries keeps the time of its first attempt.
    expires: stale === undefined || !isPending(stale, now)
      ? expiryOf(context, now)
      : Math.max(stale.expires, now + rules.retryWindow),
  };
  return [...changes, { kind: "pending", key, network: origins.net, record }];
}

/** Rank of a pending triplet: 2 for the sender's own server, 1 for a named client, else 0. */
function worthOf({ attempt, memory }: Context, { origins }: Pending): number {
  const own = `org:${attempt.senderDomain}`;
  if (origins.some((one) => one.startsWith("spf:")) || memory.includes(origins, own)) return 2;
  return origins.some((one) => /^(?:org|via):/.test(one)) ? 1 : 0;
}

/**
 * The record that gives way to a new one: the newest of those that are worth least. Forged
 * attempts from many networks must not displace the sender's own server.
 */
function leastWorthy(context: Context, waiting: readonly Pending[]): Pending {
  const worths = waiting.map((one) => worthOf(context, one));
  const least = Math.min(...worths);
  return waiting.filter((_, at) => worths[at] === least)
    .reduce((newest, one) => one.firstSeen > newest.firstSeen ? one : newest);
}

/** The origins that evidence shows after the attempt was answered, added to what the attempt left. */
export function learnOrigins(context: Context): Change[] {
  const { attempt, memory, origins } = context;
  const key = attempt.pendingKey;
  const pending = ofNetwork(context, memory.pending(key));
  const changes: Change[] = [];
  if (pending !== undefined) {
    const merged = mergeOrigins(memory, pending.origins, pendingOrigins(context));
    if (merged !== pending.origins) {
      const expires = Math.max(pending.expires, expiryOf(context, pending.firstSeen));
      const record = { ...pending, origins: merged, expires };
      changes.push({ kind: "pending", key, network: pending.network, record });
    }
  }
  for (const relationKey of attempt.relationKeys) {
    const relation = memory.relation(relationKey);
    if (relation === undefined || !memory.includes(relation.origins, origins.ip)) continue;
    const merged = mergeOrigins(memory, relation.origins, matchable(origins));
    if (merged === relation.origins) continue;
    changes.push({ kind: "relation", key: relationKey, record: { ...relation, origins: merged } });
  }
  return changes;
}

/**
 * Mail servers first retry within half an hour. A later attempt may be another message: it is accepted,
 * earns nothing, and opens no other recipient.
 */
const PROMPT = HOUR;

/** Whether a retry came so soon that it is surely the same message. */
export function isPrompt(delayed: number): boolean {
  return delayed <= PROMPT;
}

/** The changes of an accepted retry: its relation, its pending triplet and reputations. */
export function retryChanges(context: Context, match: Pending): Change[] {
  const { attempt, rules, now } = context;
  const changes = relationChanges(context);
  changes.push({ kind: "pending", key: attempt.pendingKey, network: match.network, ended: now });
  const isMeasured = isPrompt(now - match.firstSeen);
  if (rules.autoWhitelistClients > 0 && isMeasured) changes.push(...earnings(context));
  return changes;
}

/** The changes of a message that comes after its retry window: the one before was abandoned. */
export function lateChanges(context: Context, match: Pending): Change[] {
  const { attempt, now } = context;
  return [
    ...relationChanges(context),
    { kind: "pending", key: attempt.pendingKey, network: match.network, ended: now },
    ...reportAbandoned(context, [], match),
  ];
}
