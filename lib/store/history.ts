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
  readonly normalisedSender: string;
  readonly normalisedRecipient: string;
  /** The client's network, as the name of an origin. */
  readonly network: string;
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

/** A decision as stored. With privacy, hashes stand for addresses and names. */
export interface StoredDecision
  extends
    Omit<DecisionRecord, "normalisedSender" | "normalisedRecipient" | "network" | "legitimacy"> {
  /** Increases with time. */
  readonly id: number;
  /** The `id` of the deferral that it began, continued or ended. */
  readonly deferral?: number;
}

/** The deferred attempts of one sender at one recipient, from all clients. */
export interface Deferral {
  /** Increases with time. */
  readonly id: number;
  /** Normalised, as is the recipient. */
  readonly sender: string;
  readonly recipient: string;
  readonly firstSeen: number;
  readonly lastSeen: number;
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
  /** Time of acceptance or rejection; absent before. */
  readonly ended?: number;
  /** Reason of acceptance or rejection. */
  readonly endedBy?: Reason;
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

export interface DecisionSearch extends Search {
  /** Absent for all reasons. */
  readonly reasons?: readonly Reason[] | undefined;
}

export interface Page<Row> {
  /** May be fewer than the limit, or none, before the last page. */
  readonly rows: readonly Row[];
  /** Beginning of the next page; undefined after the last. */
  readonly next: string | undefined;
}

export interface DeferralSearch extends Search {
  /** Only deferrals that were neither accepted nor rejected. */
  readonly open?: boolean;
  /** Only deferrals last seen at this time or later. */
  readonly lastSeenFrom?: number;
  /** Only deferrals last seen before this time. */
  readonly lastSeenBefore?: number;
}

/** The deferrals of a period by their outcome. */
export interface DeferralCounts {
  /** Accepted. */
  readonly returned: number;
  /** Rejected. */
  readonly refused: number;
  /** Pending. */
  readonly waiting: number;
  /** Not retried in time. */
  readonly lost: number;
}

/** Numbers of removed rows. */
export interface Forgotten {
  readonly triplets: number;
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
   * @param lostBefore open deferrals last seen before this count as lost.
   * @param until absent for no end.
   */
  countDeferrals(since: number, lostBefore: number, until?: number): DeferralCounts;
}
