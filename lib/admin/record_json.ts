/**
 * JSON of the command line and the API: times in ISO 8601, durations in seconds, null for absent values.
 *
 * @module
 */
import type { ListName } from "../lists/matcher.ts";
import type { Reason, Verdict } from "../greylist/model.ts";
import type { MatchOn } from "../lists/pattern.ts";
import type { Deferral, StoredDecision } from "../store/history.ts";
import type { Candidate } from "../greylist/reputation.ts";
import type { StoredEntry, StoredRelation } from "../store/store.ts";
import type { AutoWhitelisted } from "./queries.ts";
import { dateOf, round } from "./format.ts";
import type { Summary } from "./statistics.ts";

export interface EntryJson {
  readonly id: number;
  readonly list: ListName | "release";
  readonly match_on: MatchOn | "pair";
  readonly pattern: string;
  readonly note: string;
  readonly added_by: string;
  readonly created: string;
  /** Null for never. */
  readonly expires: string | null;
  readonly hits: number;
  /** Null for never. */
  readonly last_hit: string | null;
}

export function entryAsJson(entry: StoredEntry): EntryJson {
  const { id, list, matchOn, pattern, note, addedBy, created, expires, hits, lastHit } = entry;
  return {
    id,
    list,
    match_on: matchOn,
    pattern,
    note,
    hits,
    added_by: addedBy,
    created: new Date(created).toISOString(),
    expires: dateOf(expires),
    last_hit: dateOf(lastHit),
  };
}

export interface DeferralJson {
  readonly id: number;
  /** Normalised; empty for the null sender. */
  readonly sender: string;
  readonly recipient: string;
  readonly client_address: string;
  /** `unknown` for an unverified name. */
  readonly client_name: string;
  readonly helo_name: string;
  /** Name of an origin. */
  readonly network: string;
  readonly tries: number;
  /** Number of attempts from another network than the attempt before. */
  readonly network_changes: number;
  readonly first_tried: string;
  readonly last_tried: string;
  /** Time from which a retry of the last client is accepted. */
  readonly accepted_from: string;
}

export function deferralAsJson(one: Deferral): DeferralJson {
  return {
    id: one.id,
    sender: one.sender,
    recipient: one.recipient,
    client_address: one.clientAddress,
    client_name: one.clientName,
    helo_name: one.heloName,
    network: one.network,
    tries: one.tries,
    network_changes: one.networkChanges,
    first_tried: new Date(one.firstSeen).toISOString(),
    last_tried: new Date(one.lastSeen).toISOString(),
    accepted_from: new Date(one.acceptedFrom).toISOString(),
  };
}

export interface DecisionJson {
  readonly id: number;
  readonly time: string;
  readonly decision: Verdict["decision"];
  readonly reason: Reason;
  /** The decision outside shadow mode. */
  readonly shadow: "defer" | "reject" | null;
  readonly client_address: string;
  /** `unknown` for an unverified name. */
  readonly client_name: string;
  readonly helo_name: string;
  /** Empty for the null sender. */
  readonly sender: string;
  readonly recipient: string;
  readonly deferral_id: number | null;
  readonly origin: string | null;
  /** The list entry that decided. */
  readonly by: string | null;
  readonly wait_seconds: number | null;
  readonly delay_seconds: number | null;
}

export function decisionAsJson(one: StoredDecision): DecisionJson {
  return {
    id: one.id,
    time: new Date(one.time).toISOString(),
    decision: one.decision,
    reason: one.reason,
    shadow: one.shadow ?? null,
    client_address: one.clientAddress,
    client_name: one.clientName,
    helo_name: one.heloName,
    sender: one.sender,
    recipient: one.recipient,
    deferral_id: one.deferral ?? null,
    origin: one.origin ?? null,
    by: one.by ?? null,
    wait_seconds: one.wait === undefined ? null : Math.ceil(one.wait / 1000),
    delay_seconds: one.delayed === undefined ? null : Math.floor(one.delayed / 1000),
  };
}

/** A sender and recipient whose mail passes without delay. */
export interface KnownJson {
  /** The folded sender, or `@` and a domain; empty for the null sender. */
  readonly sender: string;
  readonly recipient: string;
  /** The newest last. */
  readonly origins: readonly string[];
  readonly since: string;
  readonly last_used: string;
}

export function knownAsJson(one: StoredRelation): KnownJson {
  return {
    sender: one.sender,
    recipient: one.recipient,
    origins: one.origins,
    since: new Date(one.firstSeen).toISOString(),
    last_used: new Date(one.lastSeen).toISOString(),
  };
}

/** An origin whose mail passes without delay. */
export interface AutoWhitelistedJson {
  readonly origin: string;
  readonly kind: Candidate["kind"];
  /** Decayed, to one decimal, as is the next. */
  readonly retried: number;
  readonly abandoned: number;
  readonly since: string;
  readonly last_used: string;
}

export function autoWhitelistedAsJson(one: AutoWhitelisted): AutoWhitelistedJson {
  return {
    origin: one.name,
    kind: one.kind,
    retried: round(one.retried),
    abandoned: round(one.abandoned),
    since: new Date(one.firstSeen).toISOString(),
    last_used: new Date(one.lastSeen).toISOString(),
  };
}

export interface SummaryJson {
  /** A full hour. */
  readonly since: string;
  readonly requests: number;
  /** Requests by reason; without zeros. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Requests that shadow mode accepted. */
  readonly shadow: { readonly defer: number; readonly reject: number };
  /** Null for an unknown delay, or one beyond the last bucket. */
  readonly delayed: {
    readonly messages: number;
    readonly p50_seconds: number | null;
    readonly p90_seconds: number | null;
    readonly histogram: readonly {
      readonly up_to_seconds: number | null;
      readonly count: number;
    }[];
  };
  readonly deferred: {
    readonly retried: number;
    readonly rejected: number;
    readonly waiting: number;
    readonly not_retried: number;
    readonly listed: number;
  };
}

export function summaryAsJson(summary: Summary): SummaryJson {
  const { since, requests, reasons, shadow, delays, deferrals, listed } = summary;
  const seconds = (upTo: number | undefined) =>
    upTo === undefined || upTo === Infinity ? null : upTo;
  return {
    since: new Date(since).toISOString(),
    requests,
    reasons,
    shadow,
    delayed: {
      messages: delays.count,
      p50_seconds: seconds(delays.p50),
      p90_seconds: seconds(delays.p90),
      histogram: delays.histogram.map(({ upTo, count }) => ({
        up_to_seconds: seconds(upTo),
        count,
      })),
    },
    deferred: {
      retried: deferrals.retried,
      rejected: deferrals.rejected,
      waiting: deferrals.waiting,
      not_retried: deferrals["not-retried"],
      listed,
    },
  };
}
