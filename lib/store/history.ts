/**
 * Decisions, deferrals and tallies, for people to read; no decision depends on them. Times are
 * milliseconds since the epoch.
 *
 * @module
 */
import type { Reason, Verdict } from "../greylist/model.ts";

type Decision = Verdict["decision"];
type Shadow = NonNullable<Verdict["shadow"]>;

/** One decision. All texts are hostile. */
export interface DecisionRecord {
  readonly time: number;
  readonly decision: Decision;
  readonly reason: Reason;
  /** The decision outside shadow mode. */
  readonly shadow?: Shadow;
  /** The attributes as Postfix passes them. */
  readonly clientAddress: string;
  /** `unknown` if unverified. */
  readonly clientName: string;
  readonly heloName: string;
  readonly sender: string;
  readonly recipient: string;
  /** The sender and recipient under which a retry belongs to its deferral. */
  readonly normalisedSender: string;
  readonly normalisedRecipient: string;
  /** The client's network, as the name of an origin. */
  readonly network: string;
  /** DNS and name evidence; absent if nothing was looked up. */
  readonly evidence?: StoredEvidence | undefined;
  /** The origin that matched, if one did. */
  readonly origin?: string;
  /** Short name of the list entry that decided, if one did. */
  readonly by?: string;
  /** Milliseconds until the next retry is accepted, for a deferral. */
  readonly wait?: number;
  /** Milliseconds since the first attempt, for an accepted retry. */
  readonly delayed?: number;
  /** Likelihood of a real mail server; higher is more. */
  readonly legitimacy: number;
}

/** Evidence for people to read. */
export type StoredEvidence = readonly {
  readonly what: string;
  readonly found: string;
  /** For or against a legitimate client; absent if neutral. */
  readonly speaks?: "for" | "against" | undefined;
}[];

/** A decision as stored. With privacy, hashes stand for addresses and names. */
export interface StoredDecision
  extends
    Omit<DecisionRecord, "normalisedSender" | "normalisedRecipient" | "legitimacy" | "evidence"> {
  /** Increases with time. */
  readonly id: number;
  /** The registrable domain of the sender; empty for the null sender. */
  readonly senderDomain: string;
  /** The `id` of the deferral that it began, continued or ended. */
  readonly deferral?: number;
}

/** The deferred attempts of one sender at one recipient, from all clients. */
export interface Deferral {
  /** Increases with time. */
  readonly id: number;
  /** As the newest attempt gives it, as is the recipient. */
  readonly sender: string;
  readonly recipient: string;
  /** The registrable domain of the sender; empty for the null sender. */
  readonly senderDomain: string;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Time from which the newest attempt's client may retry. */
  readonly acceptedFrom: number;
  /** Number of deferred attempts. */
  readonly tries: number;
  /** Number of attempts from another network than the attempt before. */
  readonly networkChanges: number;
  /** Network and client of the newest attempt; the network is the name of an origin. */
  readonly network: string;
  readonly clientAddress: string;
  readonly clientName: string;
  readonly heloName: string;
  /** Likelihood of a real mail server; higher is more. */
  readonly legitimacy: number;
  /** Of the first attempt. */
  readonly evidence?: StoredEvidence;
  /** Time of acceptance or rejection; absent before. */
  readonly ended?: number;
  /** Reason of acceptance or rejection. */
  readonly endedBy?: Reason;
  /** The site that accepted it; absent for this one. */
  readonly endedAtSite?: string;
}

/** Number of verdicts of one kind within an hour. */
export interface Tally {
  /** Beginning of the hour. */
  readonly hour: number;
  readonly decision: Decision;
  readonly reason: Reason;
  /** The decision outside shadow mode. */
  readonly shadow?: Shadow;
  readonly count: number;
}

/** Upper bounds of the delay histogram, in seconds. */
export const DELAY_BOUNDS: readonly number[] = [
  60,
  120,
  180,
  300,
  600,
  900,
  1800,
  3600,
  7200,
  14_400,
  28_800,
  86_400,
  172_800,
];

/** Number of messages accepted within an hour, by their delay. */
export interface DelayTally {
  /** Beginning of the hour. */
  readonly hour: number;
  /** Upper bound of the bucket in seconds; Infinity for the last. */
  readonly upTo: number;
  readonly count: number;
}

export interface Records {
  /** The oldest first. */
  readonly decisions: readonly DecisionRecord[];
  /** Added to the stored counts, as are the delays. */
  readonly tallies: readonly Tally[];
  readonly delays: readonly DelayTally[];
  /** Milliseconds without an attempt after which a new deferral begins. */
  readonly quietPeriod: number;
}

export interface Search {
  /**
   * Part of an address or a name, case-insensitive; empty for all. With privacy, a whole address or
   * name.
   */
  readonly text: string;
  /** Maximum number of rows. */
  readonly limit: number;
  /** End of the previous page; absent for the first. */
  readonly after?: string | undefined;
}

/** Selects rows by exact values, which combine; an absent one selects all. With privacy, in clear. */
export interface Selection {
  /** The registrable domain of the sender; empty for the null sender. */
  readonly senderDomain?: string | undefined;
  readonly recipient?: string | undefined;
  /** The name of an origin, such as `net:192.0.2.0/24`. */
  readonly network?: string | undefined;
  readonly clientAddress?: string | undefined;
}

export interface DecisionSearch extends Search, Selection {
  /** Absent for all reasons. */
  readonly reasons?: readonly Reason[] | undefined;
  /** Outside shadow mode: a request that only shadow mode passed counts as deferred or rejected. */
  readonly decision?: Decision | undefined;
  readonly deferral?: number | undefined;
  /** Only decisions at this time or later. */
  readonly from?: number | undefined;
  /** Only decisions before this time. */
  readonly until?: number | undefined;
}

export interface Page<Row> {
  /** May be fewer than the limit, or none, before the last page. */
  readonly rows: readonly Row[];
  /** Beginning of the next page; undefined after the last. */
  readonly next: string | undefined;
}

/** The state of a deferral: accepted, rejected, may still be retried, or quiet for too long. */
export type DeferralState = "retried" | "rejected" | "waiting" | "not-retried";

/** Reasons by which a deferral ends as rejected; by any other it was accepted. */
export const REJECTING_REASONS: readonly Reason[] = ["blocked", "listed"];

/** @param quietSince time of the last attempt before which an open deferral counts as not retried. */
export function deferralState(
  { ended, endedBy, lastSeen }: Pick<Deferral, "ended" | "endedBy" | "lastSeen">,
  quietSince: number,
): DeferralState {
  if (ended === undefined) return lastSeen >= quietSince ? "waiting" : "not-retried";
  return endedBy !== undefined && REJECTING_REASONS.includes(endedBy) ? "rejected" : "retried";
}

export interface DeferralSearch extends Search, Selection {
  /** The recipient in normal form, with all its extensions. */
  readonly mailbox?: string | undefined;
  /** Only deferrals of at least this legitimacy. */
  readonly legitimacyFrom?: number | undefined;
  /** Only deferrals in this state; `quietSince` tells waiting from not retried. */
  readonly state?: DeferralState | undefined;
  /** Time of the last attempt before which an open deferral counts as not retried. */
  readonly quietSince?: number | undefined;
  /** Only deferrals that began at this time or later. */
  readonly from?: number | undefined;
  /** Only deferrals that began before this time. */
  readonly until?: number | undefined;
}

/** Numbers of deferrals by their state. */
export type DeferralCounts = Readonly<Record<DeferralState, number>>;

/** A ranked value of a period, such as a domain, and its numbers of deferrals. */
export interface TopRow {
  readonly value: string;
  readonly deferred: number;
  readonly retried: number;
  readonly notRetried: number;
}

/** A period, and the time of the last attempt before which an open deferral counts as not retried. */
export interface Period {
  readonly from: number;
  readonly until: number;
  readonly quietSince: number;
}

/** Grouping of deferrals in a top list. */
export type TopKey = "senderDomain" | "network" | "recipient";

/** Numbers of removed rows. */
export interface Forgotten {
  /** Pending triplets and relations. */
  readonly triplets: number;
  readonly reputations: number;
  readonly deferrals: number;
  readonly decisions: number;
}

/** A page of any search takes a few milliseconds at most. */
export interface HistoryStore {
  record(records: Records): void;

  /** Finds decisions by sender, recipient or client, the newest first. */
  findDecisions(search: DecisionSearch): Page<StoredDecision>;

  /** Finds deferrals by sender, recipient or client, the newest first. */
  findDeferrals(search: DeferralSearch): Page<Deferral>;

  /** Tallies of the hours from this time on, the oldest first. */
  tallies(since: number): readonly Tally[];

  /** Delays of the hours from this time on, the oldest first. */
  delayTallies(since: number): readonly DelayTally[];

  /**
   * Counts the deferrals that began within a period.
   *
   * @param quietSince time of the last attempt before which an open deferral counts as not retried.
   * @param until absent for no end.
   */
  countDeferrals(since: number, quietSince: number, until?: number): DeferralCounts;

  /** Counts the deferrals that began at this time or later and whose retry found the client listed. */
  countListed(since: number): number;

  /** The values with most of the newest deferrals that began within a period, the most first. */
  topDeferrals(
    by: TopKey,
    period: Period,
    limit: number,
  ): readonly TopRow[];

  /** The sender domains with accepted retries, as stored. */
  retriedDomains(): ReadonlySet<string>;

  /**
   * The delays of the newest accepted retries of a sender domain, in milliseconds.
   *
   * @param limit maximum number of retries.
   */
  retryDelays(senderDomain: string, limit: number): readonly number[];
}
