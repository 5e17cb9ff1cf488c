/**
 * How what is stored looks in JSON, for the command line and the API alike: times in ISO 8601,
 * durations in seconds, null for what there is not.
 *
 * @module
 */
import type { ListName } from "../lists/matcher.ts";
import type { Reason, Verdict } from "../greylist/model.ts";
import type { MatchOn } from "../lists/pattern.ts";
import type { Deferral, StoredDecision } from "../store/history.ts";
import type { StoredEntry, StoredOrigin, StoredTriplet } from "../store/store.ts";
import { dateOf } from "./format.ts";
import type { Summary } from "./summary.ts";

/** An entry of a list. */
export interface EntryJson {
  /** Its number. */
  readonly id: number;
  /** The list that it is in. */
  readonly list: ListName | "release";
  /** What it is about. */
  readonly match_on: MatchOn | "pair";
  /** What it matches. */
  readonly pattern: string;
  /** Why it is there. */
  readonly note: string;
  /** Who or what added it. */
  readonly added_by: string;
  /** When it was added. */
  readonly created: string;
  /** When it ends; null for never. */
  readonly expires: string | null;
  /** How often it decided. */
  readonly hits: number;
  /** When it last did; null for never. */
  readonly last_hit: string | null;
}

/** An entry of a list in JSON. */
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

/** A sender and a recipient whose mail was put off. */
export interface DeferralJson {
  /** Its number. */
  readonly id: number;
  /** The normalised sender; empty for the null sender. */
  readonly sender: string;
  /** The normalised recipient. */
  readonly recipient: string;
  /** The address that it last came from. */
  readonly client_address: string;
  /** The name of that client; `unknown` for an unverified one. */
  readonly client_name: string;
  /** What that client calls itself. */
  readonly helo_name: string;
  /** The network that it last came from, as the name of an origin. */
  readonly network: string;
  /** How often it was put off. */
  readonly tries: number;
  /** How often it came from another network than the time before. */
  readonly network_changes: number;
  /** When it was first put off. */
  readonly first_tried: string;
  /** When it was last put off. */
  readonly last_tried: string;
}

/** What was put off, in JSON. */
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
  };
}

/** One decision. */
export interface DecisionJson {
  /** Its number. */
  readonly id: number;
  /** When. */
  readonly time: string;
  /** What was decided. */
  readonly decision: Verdict["decision"];
  /** Why. */
  readonly reason: Reason;
  /** In shadow mode: what the decision would have been. */
  readonly shadow: "defer" | "reject" | null;
  /** The client's address. */
  readonly client_address: string;
  /** The client's name; `unknown` for an unverified one. */
  readonly client_name: string;
  /** What the client calls itself. */
  readonly helo_name: string;
  /** The sender; empty for the null sender. */
  readonly sender: string;
  /** The recipient. */
  readonly recipient: string;
  /** The deferral that it belongs to. */
  readonly deferral_id: number | null;
  /** The origin that agreed. */
  readonly origin: string | null;
  /** The entry of a list that decided. */
  readonly by: string | null;
  /** What was left to wait. */
  readonly wait_seconds: number | null;
  /** What it had waited. */
  readonly delay_seconds: number | null;
}

/** A decision in JSON. */
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

/** A triplet that passes at once. */
export interface KnownJson {
  /** The name of the origin. */
  readonly origin: string;
  /** The normalised sender; empty for the null sender. */
  readonly sender: string;
  /** The normalised recipient. */
  readonly recipient: string;
  /** When it first came back in time. */
  readonly since: string | null;
  /** When it was last used. */
  readonly last_used: string;
}

/** A known triplet in JSON. */
export function knownAsJson(one: StoredTriplet): KnownJson {
  return {
    origin: one.origin,
    sender: one.sender,
    recipient: one.recipient,
    since: dateOf(one.passed),
    last_used: new Date(one.lastSeen).toISOString(),
  };
}

/** An origin whose mail passes at once. */
export interface AutoWhitelistedJson {
  /** Its name. */
  readonly origin: string;
  /** The deliveries of different triplets that were counted. */
  readonly deliveries: number;
  /** When the first was counted. */
  readonly since: string;
  /** When it last delivered. */
  readonly last_used: string;
}

/** A proven origin in JSON. */
export function autoWhitelistedAsJson(one: StoredOrigin): AutoWhitelistedJson {
  return {
    origin: one.name,
    deliveries: one.deliveries,
    since: new Date(one.firstSeen).toISOString(),
    last_used: new Date(one.lastSeen).toISOString(),
  };
}

/** What happened within a period, in numbers. */
export interface SummaryJson {
  /** Its beginning, at a full hour. */
  readonly since: string;
  /** All requests. */
  readonly requests: number;
  /** Requests by the reason of their verdict; reasons without any are left out. */
  readonly reasons: Readonly<Record<string, number>>;
  /** In shadow mode: requests that would have been put off or refused. */
  readonly shadow: { readonly defer: number; readonly reject: number };
  /** How long delayed mail had waited; null where that is not known, or longer than is counted. */
  readonly delayed: {
    readonly messages: number;
    readonly p50_seconds: number | null;
    readonly p90_seconds: number | null;
    readonly histogram: readonly {
      readonly up_to_seconds: number | null;
      readonly count: number;
    }[];
  };
  /** What became of what was put off. */
  readonly deferred: {
    readonly retried: number;
    readonly rejected: number;
    readonly waiting: number;
    readonly not_retried: number;
  };
}

/** What happened within a period, in JSON. */
export function summaryAsJson(summary: Summary): SummaryJson {
  const { since, requests, reasons, shadow, delays, deferrals } = summary;
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
      retried: deferrals.returned,
      rejected: deferrals.refused,
      waiting: deferrals.waiting,
      not_retried: deferrals.lost,
    },
  };
}
