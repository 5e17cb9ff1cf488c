/**
 * Pending triplets and relations: how an attempt matches them, and what it leaves behind.
 *
 * @module
 */
import type { Attempt } from "./attempt.ts";
import type { Evidence } from "./evidence.ts";
import { isForAnyRecipient, KNOWN_SENDERS_MARK, knownSenderKeys } from "./known_sender.ts";
import type { Memory } from "./memory.ts";
import {
  type Change,
  MAX_NETWORKS,
  MAX_ORIGINS,
  type Pending,
  type Relation,
  type RelationKey,
  type Reputation,
} from "./model.ts";
import { registrableDomain } from "../net/hostname.ts";
import { DAY, HOUR } from "../text/duration.ts";
import {
  correspondentName,
  matchable,
  matchOrigins,
  type MatchQuestion,
  type Origins,
  pairName,
  present,
} from "./origins.ts";
import {
  afterAbandoned,
  afterRetried,
  chargedNames,
  cleared,
  countsDomains,
  isLive,
  seen,
  servedDomain,
} from "./reputation.ts";
import type { Rules } from "./rules.ts";

/** A last-seen time younger than this is not renewed: it saves a write for each message of a burst. */
const RENEWAL_PERIOD = HOUR;

/** One attempt with everything that its decision looks at. */
export interface Context {
  readonly attempt: Attempt;
  /** Undefined while no evidence was gathered. */
  readonly evidence: Evidence | undefined;
  readonly origins: Origins;
  readonly memory: Memory;
  readonly rules: Rules;
  readonly now: number;
}

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

/** Whether the DNS lists name the client, as far as they were asked. */
export function isListed({ evidence }: Context): boolean {
  return evidence?.listings.isListed ?? false;
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

/** Whether the client belongs to the sender's domain: SPF passes or the organisation is the same. */
export function speaksForDomain(
  { attempt, origins }: Context,
  key?: RelationKey,
): boolean {
  const domain = key === undefined ? attempt.senderDomain : key.sender.slice(1);
  if (domain === undefined) return false;
  return origins.org === `org:${domain}` ||
    origins.spf !== undefined && registrableDomain(origins.spf.slice(4)) === domain;
}

/** Whether SPF authorises the client for the sender's domain among few addresses, with a name or without. */
export function isAuthorisedServer({ attempt, evidence, rules }: Context): boolean {
  if (rules.spf === "off" || evidence?.spfDomain === undefined) return false;
  return evidence.isNarrow === true &&
    registrableDomain(evidence.spfDomain) === attempt.senderDomain;
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

/** Whether an origin of the client retried before. */
function hasRetried({ memory, origins, rules, now }: Context): boolean {
  return chargedNames(origins).some((name) => {
    const record = memory.reputation(name);
    return record !== undefined && record.total > 0 && isLive(record, rules, now);
  });
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

function earnings(context: Context): Change[] {
  const { attempt, memory, rules, now, origins } = context;
  const { senderDomain } = attempt;
  const changes: Change[] = [];
  const names = isListed(context) ? [] : chargedNames(origins);
  for (const name of names) {
    const served = countsDomains(name) && senderDomain !== undefined
      ? servedDomain(senderDomain, isCorrespondent(context), now)
      : undefined;
    const record = afterRetried(
      memory.reputation(name),
      rules,
      now,
      served,
      memory,
    );
    if (record !== undefined) changes.push({ kind: "reputation", key: name, record });
  }
  return changes;
}

/** Whether local users write to the sender's domain. */
export function isCorrespondent({ attempt, memory, rules, now }: Context): boolean {
  const domain = correspondentDomain(attempt);
  if (!rules.learnOutbound || domain === undefined) return false;
  return isLive(memory.reputation(correspondentName(domain)), rules, now);
}

/** The domain that local users may have written to: the sender's, or for a bounce its client's. */
export function correspondentDomain(
  { sender, senderDomain, identity }: Attempt,
): string | undefined {
  return senderDomain === undefined ? undefined : sender === "" ? senderDomain : identity;
}

/**
 * The reputations that a pending triplet costs after its retry window; none if its sender and recipient
 * passed meanwhile by another way.
 *
 * @param relationKeys the relations of its sender and recipient, as far as they are known.
 */
export function reportAbandoned(
  { memory, rules, now }: Pick<Context, "memory" | "rules" | "now">,
  relationKeys: readonly RelationKey[],
  record: Pending,
): Change[] {
  const isSuperseded = relationKeys.some((key) =>
    (memory.relation(key)?.lastSeen ?? -Infinity) >= record.firstSeen
  );
  if (isSuperseded || rules.autoWhitelistClients === 0) return [];
  // An origin that never retried has no record and gets none: most strangers are bots.
  return record.origins.filter((name) => name !== record.network)
    .flatMap((name) => abandoned(name, memory.reputation(name), rules, now));
}

function abandoned(
  name: string,
  before: Reputation | undefined,
  rules: Rules,
  now: number,
  period?: number,
): Change[] {
  const after = before === undefined ? undefined : afterAbandoned(before, rules, now, period);
  return after === undefined ? [] : [{ kind: "reputation", key: name, record: after }];
}

/** Trust that a DNS listing ends: of the exact address, and of its network for the sender's domain. */
export function listingChanges(context: Context): Change[] {
  const { memory, now, origins } = context;
  return [
    ...clearedRecord(origins.ip, memory, now),
    ...clearedPairs(context),
    ...wideAbandonments(context, HOUR),
  ];
}

function clearedRecord(name: string, memory: Memory, now: number): Change[] {
  const before = memory.reputation(name);
  if (before === undefined || before.total === 0) return [];
  return [{ kind: "reputation", key: name, record: cleared(before, now) }];
}

/** The loss of the reputation of the address and its network for the sender's domain. */
export function clearedPairs({ attempt, memory, now, origins }: Context): Change[] {
  const { senderDomain } = attempt;
  if (senderDomain === undefined) return [];
  return [origins.ip, origins.net].flatMap((origin) =>
    clearedRecord(pairName(origin, senderDomain), memory, now)
  );
}

/** One abandoned message for the origins that other clients share, at most one in a period. */
export function wideAbandonments(
  { memory, now, origins, rules }: Context,
  period: number,
): Change[] {
  const { spf, parent, via } = origins;
  return [spf, parent, via].flatMap((name): Change[] => {
    return name === undefined ? [] : abandoned(name, memory.reputation(name), rules, now, period);
  });
}
