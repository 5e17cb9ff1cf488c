/**
 * Reputation: which origins retry their deferred mail. Only a retry earns, and an abandoned message
 * costs. Times are milliseconds since the epoch.
 *
 * @module
 */
import type { Memory } from "./memory.ts";
import type { Reputation, ServedDomain } from "./model.ts";
import { type Origins, present } from "./origins.ts";
import type { Rules } from "./rules.ts";
import { DAY, HOUR } from "../text/duration.ts";

/** An origin counts one retried and one abandoned message in this time, whatever their number. */
const COUNT_PERIOD = HOUR;

/** Counts halve in this time. */
const HALF_LIFE = 30 * DAY;

/** Share of abandoned messages above which an origin is not auto-whitelisted. */
const MAX_ABANDONED = 0.1;

/**
 * Lower bound of the share of retried messages for an organisation that sends for anybody: 12 of 12
 * reach it.
 */
const MIN_RELIABILITY = 0.75;

/** z of a two-sided 95 % interval. */
const Z = 1.96;

/** A provider is auto-whitelisted with this many sender domains, … */
const PROVIDER_DOMAINS = 3;
/** … and this many that are correspondents or known for this long. */
const ESTABLISHED_DOMAINS = 2;
const ESTABLISHED_AFTER = 7 * DAY;

/** A domain's first retried message is enough after this time: a rented range is gone by then. */
const SETTLED_AFTER = 7 * DAY;

/** Maximum sender domains kept for a provider. */
export const MAX_DOMAINS = 16;

/**
 * A reputation lasts while the decayed count is at least this share of the count that earned it: two
 * half-lives without a measured retry.
 */
const LASTING_SHARE = 0.25;

/** The factor by which counts decay in a time. */
function decay(since: number, now: number): number {
  return 2 ** (-Math.max(0, now - since) / HALF_LIFE);
}

const UNKNOWN: Omit<Reputation, "firstSeen" | "lastSeen" | "updated"> = {
  retried: 0,
  abandoned: 0,
  total: 0,
  lastRetried: 0,
  lastAbandoned: 0,
};

/** The record at a time: counts decayed; empty if it expired. */
function current(record: Reputation | undefined, rules: Rules, now: number): Reputation {
  if (record === undefined || !isLive(record, rules, now)) {
    return {
      ...UNKNOWN,
      firstSeen: now,
      lastSeen: now,
      updated: now,
      ...(record?.trappedUntil === undefined ? {} : { trappedUntil: record.trappedUntil }),
    };
  }
  return {
    ...record,
    ...countsAt(record, now),
    updated: Math.max(record.updated, now),
    lastSeen: Math.max(record.lastSeen, now),
  };
}

/** The retried and abandoned messages, decayed to a time. */
export function countsAt(
  { retried, abandoned, updated }: Reputation,
  now: number,
): Pick<Reputation, "retried" | "abandoned"> {
  const factor = decay(updated, now);
  return { retried: retried * factor, abandoned: abandoned * factor };
}

/** The record of something that was seen, and earns nothing by that. */
export function seen(record: Reputation | undefined, now: number): Reputation {
  if (record !== undefined) return { ...record, lastSeen: Math.max(record.lastSeen, now) };
  return { ...UNKNOWN, firstSeen: now, lastSeen: now, updated: now };
}

/** Whether the origin was seen within the lifetime. */
export function isLive(
  record: Pick<Reputation, "lastSeen"> | undefined,
  rules: Pick<Rules, "lifetime">,
  now: number,
): boolean {
  return record !== undefined && now - record.lastSeen <= rules.lifetime;
}

function domainsWith(
  domains: readonly ServedDomain[],
  served: ServedDomain,
  memory: Pick<Memory, "includes">,
): readonly ServedDomain[] {
  const known = domains.find(({ domain }) => memory.includes([domain], served.domain));
  if (known !== undefined && known.since <= served.since) return domains;
  if (known === undefined && domains.length >= MAX_DOMAINS) return domains;
  return [...domains.filter((one) => one !== known), served];
}

/** A sender domain of a provider; a correspondent counts as established at once. */
export function servedDomain(domain: string, isCorrespondent: boolean, now: number): ServedDomain {
  return { domain, since: isCorrespondent ? now - ESTABLISHED_AFTER : now };
}

/**
 * The record after a retried message.
 *
 * @param served its sender's domain, for a `via:` origin.
 * @returns undefined if one was counted within the hour and nothing else changes.
 */
export function afterRetried(
  record: Reputation | undefined,
  rules: Rules,
  now: number,
  served: ServedDomain | undefined,
  memory: Pick<Memory, "includes">,
): Reputation | undefined {
  const before = current(record, rules, now);
  const domains = served === undefined
    ? before.domains
    : domainsWith(before.domains ?? [], served, memory);
  const counts = now - before.lastRetried >= COUNT_PERIOD;
  if (!counts && domains === before.domains) return undefined;
  return {
    ...before,
    ...(domains === undefined ? {} : { domains }),
    ...(counts ? { retried: before.retried + 1, total: before.total + 1, lastRetried: now } : {}),
  };
}

/**
 * The record after an abandoned message.
 *
 * @param period an abandoned message within this time of the last one is not counted.
 * @returns undefined if it is not counted.
 */
export function afterAbandoned(
  record: Reputation | undefined,
  rules: Rules,
  now: number,
  period = COUNT_PERIOD,
): Reputation | undefined {
  const before = current(record, rules, now);
  if (now - before.lastAbandoned < period) return undefined;
  return { ...before, abandoned: before.abandoned + 1, lastAbandoned: now };
}

/** The record without what it earned: after a DNSBL listing or a trap. */
export function cleared(record: Reputation, now: number): Reputation {
  const { domains: _domains, ...rest } = record;
  return { ...rest, retried: 0, total: 0, updated: now };
}

/** The record of an address that wrote to a trap: without trust, and marked until a time. */
export function trapped(
  record: Reputation | undefined,
  rules: Rules,
  now: number,
  until: number,
): Reputation {
  return { ...cleared(current(record, rules, now), now), trappedUntil: until };
}

/** One first contact in this many of an auto-whitelisted origin is deferred. */
const SAMPLE = 50;

/**
 * Whether a triplet belongs to the sample of first contacts that are deferred although their origin is
 * auto-whitelisted. FNV-1a; the key keeps a sender from choosing, and an empty one samples nothing.
 */
export function isSample(triplet: string, key: string): boolean {
  if (key === "") return false;
  let hash = 0x811c9dc5;
  for (const text of [key, triplet]) {
    for (let at = 0; at < text.length; at++) {
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    }
  }
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  return (hash ^ hash >>> 13) >>> 0 < 2 ** 32 / SAMPLE;
}

/** Share of abandoned messages among those that were counted. */
function abandonedShare({ retried, abandoned }: Reputation): number {
  return abandoned === 0 ? 0 : abandoned / (retried + abandoned);
}

/** Lower bound of the 95 % Wilson interval for a share of `n` trials. */
function wilsonLowerBound(share: number, n: number): number {
  if (n === 0) return 0;
  const square = Z * Z / n;
  const margin = Z * Math.sqrt((share * (1 - share) + square / 4) / n);
  return (share + square / 2 - margin) / (1 + square);
}

/** Whether the organisation retries so reliably that it is trusted for any sender. */
function isReliable(record: Reputation): boolean {
  const share = 1 - abandonedShare(record);
  const n = record.total / Math.max(share, 0.01);
  return wilsonLowerBound(share, n) > MIN_RELIABILITY;
}

/** A reputation by which a client may be auto-whitelisted. */
export interface Candidate {
  readonly name: string;
  /**
   * `address`, `host` (an address for one sender domain), `unnamed-host` (the same for a client without
   * a name), `domain` (further hosts of the sender's domain), `organisation` (for any sender) or
   * `provider`.
   */
  readonly kind: "address" | "host" | "unnamed-host" | "domain" | "organisation" | "provider";
}

/** The reputations that may auto-whitelist a client, the narrowest first. */
export function candidatesOf(origins: Origins, senderDomain: string | undefined): Candidate[] {
  const { isNamed, ip, spf, org, parent, via, netPair, host } = origins;
  const isOwn = org !== undefined && org === `org:${senderDomain}`;
  return present([
    candidate(ip, "address"),
    candidate(host, isNamed ? "host" : "unnamed-host"),
    candidate(netPair, "domain"),
    candidate(spf, "domain"),
    isOwn ? candidate(parent, "domain") : undefined,
    candidate(parent, "organisation"),
    candidate(via, "provider"),
  ]);
}

function candidate(name: string | undefined, kind: Candidate["kind"]): Candidate | undefined {
  return name === undefined ? undefined : { name, kind };
}

/**
 * The kinds under which a stored reputation may auto-whitelist clients, by its name, the widest first;
 * none for a correspondent.
 */
export function kindsOf(name: string): readonly Candidate["kind"][] {
  switch (name.slice(0, name.indexOf(":") + 1)) {
    case "ip:":
      return [name.includes(" ") ? "host" : "address"];
    case "net:":
    case "spf:":
      return ["domain"];
    case "org:":
      return ["organisation", "domain"];
    case "via:":
      return ["provider"];
    default:
      return [];
  }
}

/** The widest kind under which a stored reputation auto-whitelists clients; undefined for none. */
export function autoWhitelistedAs(
  record: Reputation & { readonly name: string },
  rules: Rules,
  now: number,
): Candidate["kind"] | undefined {
  const { name } = record;
  return kindsOf(name).find((kind) => isAutoWhitelisted({ name, kind }, () => record, rules, now));
}

/** Whether a reputation is good enough to skip greylisting. */
export function isAutoWhitelisted(
  candidate: Candidate,
  reputation: (name: string) => Reputation | undefined,
  rules: Rules,
  now: number,
): boolean {
  return obstacleOf(candidate, reputation(candidate.name), rules, now) === undefined;
}

/** Whether reputations that were just earned auto-whitelist a client that they did not before. */
export function isPromotion(
  candidates: readonly Candidate[],
  earned: ReadonlyMap<string, Reputation>,
  before: (name: string) => Reputation | undefined,
  rules: Rules,
  now: number,
): boolean {
  const affected = candidates.filter(({ name }) => earned.has(name));
  const isTrusted = (lookup: (name: string) => Reputation | undefined) =>
    affected.some((candidate) => isAutoWhitelisted(candidate, lookup, rules, now));
  return !isTrusted(before) && isTrusted((name) => earned.get(name));
}

/** Why a reputation does not auto-whitelist. */
export type Obstacle =
  /** Auto-whitelisting of this kind is turned off. */
  | "off"
  /** Nothing is stored, or it expired. */
  | "unknown"
  /** More than a tenth was abandoned. */
  | "abandoned"
  /** Too few retried messages. */
  | "few"
  /** The retries were too long ago. */
  | "stale"
  /** Too few retried messages for any sender. */
  | "unproven"
  /** Too few sender domains, or none of them is established. */
  | "domains";

/** Why a reputation is not good enough to skip greylisting; undefined if it is. */
export function obstacleOf(
  { kind }: Candidate,
  record: Reputation | undefined,
  rules: Rules,
  now: number,
): Obstacle | undefined {
  const threshold = thresholdOf(kind, rules);
  if (rules.autoWhitelistClients === 0 || threshold === 0) return "off";
  if (record === undefined || !isLive(record, rules, now)) return "unknown";
  if (abandonedShare(record) > MAX_ABANDONED) return "abandoned";
  const needed = isWide(kind) && now - record.firstSeen >= SETTLED_AFTER
    ? threshold - 1
    : threshold;
  if (record.total < needed) return "few";
  if (record.retried * decay(record.updated, now) < needed * LASTING_SHARE) return "stale";
  if (kind === "organisation" && !isReliable(record)) return "unproven";
  if (kind === "provider") {
    const domains = record.domains ?? [];
    const established = domains.filter(({ since }) => now - since >= ESTABLISHED_AFTER);
    if (domains.length < PROVIDER_DOMAINS || established.length < ESTABLISHED_DOMAINS) {
      return "domains";
    }
  }
  return undefined;
}

/** Whether one host's retry says less than usual: it may be another host, or one without a name. */
function isWide(kind: Candidate["kind"]): boolean {
  return kind === "domain" || kind === "unnamed-host";
}

/** The retried messages that a kind needs; 0 if it is turned off. */
export function thresholdOf(kind: Candidate["kind"], rules: Rules): number {
  switch (kind) {
    case "address":
      return rules.autoWhitelistClients;
    case "host":
      return rules.autoWhitelistDomains;
    case "domain":
    case "unnamed-host":
      return rules.autoWhitelistDomains === 0 ? 0 : 1 + rules.autoWhitelistDomains;
    case "organisation":
      return Math.min(1, rules.autoWhitelistDomains);
    case "provider":
      return PROVIDER_DOMAINS;
  }
}

/** The reputations that a message of a client earns or costs, by name. */
export function chargedNames(origins: Origins): string[] {
  const { earns, isContradicted, ip, netPair, host, spf, parent, via } = origins;
  if (!earns) return [];
  return isContradicted ? [ip] : present([ip, netPair, host, spf, parent, via]);
}

/** Whether an origin's reputation counts its sender domains. */
export function countsDomains(name: string): boolean {
  return name.startsWith("via:");
}
