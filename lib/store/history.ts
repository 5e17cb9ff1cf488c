/**
 * What happened, for people: decisions one by one, what was put off and what became of it, and counts.
 * Nothing here takes part in a decision.
 *
 * @module
 */
import type { Reason, Verdict } from "../greylist/model.ts";

/** One decision. Times are milliseconds since the epoch; all texts are hostile. */
export interface DecisionRecord {
  /** When. */
  readonly time: number;
  /** What was decided. */
  readonly decision: Verdict["decision"];
  /** Why. */
  readonly reason: Reason;
  /** In shadow mode: what the decision would have been. */
  readonly shadow?: "defer" | "reject";
  /** The client's address as Postfix passes it. */
  readonly clientAddress: string;
  /** The client's name as Postfix passes it; `unknown` for an unverified one. */
  readonly clientName: string;
  /** What the client calls itself. */
  readonly heloName: string;
  /** The sender as Postfix passes it. */
  readonly sender: string;
  /** The recipient as Postfix passes it. */
  readonly recipient: string;
  /** The sender in the form in which it is compared. */
  readonly normalisedSender: string;
  /** The recipient in the form in which it is compared. */
  readonly normalisedRecipient: string;
  /** The client's network, as the name of an origin. */
  readonly network: string;
  /** The origin that agreed, where one did. */
  readonly origin?: string;
  /** The short name of the entry of a list that decided, where one did. */
  readonly by?: string;
  /** The milliseconds left to wait, for what was put off. */
  readonly wait?: number;
  /** The milliseconds that it had waited, for what came back. */
  readonly delayed?: number;
  /** How much the client looks like a real mail server; higher is more. */
  readonly legitimacy: number;
}

/** A decision as it is kept. Where privacy is asked for, hashes stand for addresses and names. */
export interface StoredDecision
  extends
    Omit<DecisionRecord, "normalisedSender" | "normalisedRecipient" | "network" | "legitimacy"> {
  /** Its number; a later one has a higher. */
  readonly id: number;
  /** The number of what it put off or let in after all. */
  readonly deferral?: number;
}

/** A sender and a recipient whose mail was put off, from wherever it was tried. */
export interface Deferral {
  /** Its number; a later one has a higher. */
  readonly id: number;
  /** The normalised sender. */
  readonly sender: string;
  /** The normalised recipient. */
  readonly recipient: string;
  /** When it was first put off. */
  readonly firstSeen: number;
  /** When it was last put off. */
  readonly lastSeen: number;
  /** How often it was put off. */
  readonly tries: number;
  /** How often it came from another network than the time before. */
  readonly networkChanges: number;
  /** The network that it last came from, as the name of an origin. */
  readonly network: string;
  /** The address that it last came from. */
  readonly clientAddress: string;
  /** The name of that client. */
  readonly clientName: string;
  /** What that client calls itself. */
  readonly heloName: string;
  /** How much the client looks like a real mail server; higher is more. */
  readonly legitimacy: number;
  /** When it passed or was refused; absent while neither happened. */
  readonly ended?: number;
  /** Why it passed or was refused. */
  readonly endedBy?: Reason;
}

/** How often something was counted within one hour. */
export interface Tally {
  /** The beginning of the hour, in milliseconds since the epoch. */
  readonly hour: number;
  /** What was counted. */
  readonly name: string;
  /** How often. */
  readonly count: number;
}

/** What is to be kept. */
export interface Records {
  /** Decisions, the oldest first. */
  readonly decisions: readonly DecisionRecord[];
  /** Counts that are added to those that are there. */
  readonly tallies: readonly Tally[];
  /** What was put off, and not tried again for so many milliseconds, begins anew. */
  readonly quietPeriod: number;
}

/** What is looked for. */
export interface Search {
  /**
   * Part of an address or a name, in any case; empty for everything. Where hashes are stored, a whole
   * address.
   */
  readonly text: string;
  /** So many rows at most. */
  readonly limit: number;
  /** Where an earlier page ended; absent for the first. */
  readonly after?: string | undefined;
}

/** Which decisions are meant. */
export interface DecisionSearch extends Search {
  /** Only those with one of these reasons; all, if it is absent. */
  readonly reasons?: readonly Reason[] | undefined;
}

/** What was found. */
export interface Page<Row> {
  /** The rows; may be fewer than asked for, or none, though there are more. */
  readonly rows: readonly Row[];
  /** Where the next page begins; undefined if everything was looked at. */
  readonly next: string | undefined;
}

/** Which deferrals are meant: all, or those that have neither passed nor been refused. */
export interface DeferralSearch extends Search {
  /** Only what has neither passed nor been refused. */
  readonly open?: boolean;
  /** Only what was last put off at this time or later. */
  readonly lastSeenFrom?: number;
  /** Only what was last put off before this time. */
  readonly lastSeenBefore?: number;
}

/** What was put off within a period, by what became of it. */
export interface DeferralCounts {
  /** It passed. */
  readonly returned: number;
  /** It was refused. */
  readonly refused: number;
  /** It may still come back. */
  readonly waiting: number;
  /** It did not come back in time. */
  readonly lost: number;
}

/** A triplet as it is stored. Times are milliseconds since the epoch. */
export interface StoredTriplet {
  /** The name of the origin. */
  readonly origin: string;
  /** The normalised sender. */
  readonly sender: string;
  /** The normalised recipient. */
  readonly recipient: string;
  /** When its wait began. */
  readonly firstSeen: number;
  /** When it was last tried or used. */
  readonly lastSeen: number;
  /** How often it was deferred. */
  readonly tries: number;
  /** When it first came back in time; absent while it is waiting. */
  readonly passed?: number;
}

/** An origin as it is stored. Times are milliseconds since the epoch. */
export interface StoredOrigin {
  /** Its name. */
  readonly name: string;
  /** When its first delivery was counted. */
  readonly firstSeen: number;
  /** When it last delivered. */
  readonly lastSeen: number;
  /** The deliveries of different triplets that were counted. */
  readonly deliveries: number;
}

/** How much was removed of one address. */
export interface Forgotten {
  /** Triplets. */
  readonly triplets: number;
  /** What was put off. */
  readonly deferrals: number;
  /** Decisions. */
  readonly decisions: number;
}

/** The part of a store that keeps what happened. Every page costs no more than a few milliseconds. */
export interface HistoryStore {
  /** Keeps what happened. */
  record(records: Records): void;

  /** Decisions, the newest first; the text is looked for in sender, recipient and client. */
  findDecisions(search: DecisionSearch): Page<StoredDecision>;

  /** What was put off, the newest first; the text is looked for in sender, recipient and client. */
  findDeferrals(search: DeferralSearch): Page<Deferral>;

  /** Triplets in no order; the text is looked for in sender, recipient and origin. */
  findTriplets(search: Search): Page<StoredTriplet>;

  /** Origins in no order; the text is looked for in their names. */
  findOrigins(search: Search): Page<StoredOrigin>;

  /** Counts of the hours from this time on, in milliseconds since the epoch, the oldest first. */
  tallies(since: number): readonly Tally[];

  /**
   * What became of what was first put off within a period.
   *
   * @param since its beginning, in milliseconds since the epoch.
   * @param lostBefore what was last seen before this counts as lost.
   * @param until its end; absent for none.
   */
  countDeferrals(since: number, lostBefore: number, until?: number): DeferralCounts;

  /**
   * Removes what is stored of one mail address, as sender or recipient, or of one client by its IP
   * address, and leaves no trace of it in the files. Triplets and origins are of networks, so that a
   * client's address removes none of them. Entries of the lists stay.
   */
  forget(address: string): Forgotten;
}
