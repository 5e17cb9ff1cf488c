/**
 * What greylisting decides and what it remembers, as data.
 *
 * @module
 */

/** Why a verdict is what it is. */
export type Reason =
  | "allowed"
  | "blocked"
  | "authenticated"
  | "proven"
  | "known"
  | "retried"
  | "new"
  | "early"
  | "unsuspicious"
  | "not-opted-in"
  | "out-of-scope"
  | "fault";

/** What greylag decides about one attempt. */
export interface Verdict {
  /** What becomes of the recipient. */
  readonly decision: "pass" | "defer" | "reject";
  /** Why. */
  readonly reason: Reason;
  /** For `new` and `early`: the milliseconds left to wait, more than 0. */
  readonly wait?: number;
  /** For `retried`: the milliseconds between the first attempt and this one. */
  readonly delayed?: number;
  /** For `retried`: whether this recipient is the message's first, and the header is due. */
  readonly firstOfMessage?: boolean;
  /** In shadow mode: what the decision would have been, where the mail is accepted all the same. */
  readonly shadow?: "defer" | "reject";
  /** The origin that agreed, where one did. */
  readonly origin?: string;
  /** The short name of the entry of a list that decided, where one did. */
  readonly by?: string;
}

/** A verdict that lets pass. */
export function pass(reason: Reason): Verdict {
  return { decision: "pass", reason };
}

/** A sentence for every reason, for people. */
export const REASON_TEXTS: Readonly<Record<Reason, string>> = {
  "allowed": "The administrator allows this client, sender or recipient.",
  "blocked": "The administrator blocks this client, sender or recipient.",
  "authenticated": "The client signed in as one of our own users.",
  "proven": "The client's origin has kept its word often enough.",
  "known": "This sender wrote to this recipient from here before.",
  "retried": "The client came back after waiting its time.",
  "new": "Nobody has seen this sender write to this recipient from here; it has to try again.",
  "early": "The client came back before its time was over; it has to try again.",
  "unsuspicious": "Nothing about this stranger is odd.",
  "not-opted-in": "The recipient does not want greylisting.",
  "out-of-scope": "This request is none that greylisting decides.",
  "fault": "Greylag could not decide, so the mail passes.",
};

/** What must be tried twice: who, from whom, to whom. Made by {@linkcode tripletKey}. */
export interface TripletKey {
  /** One text for the three, for use as a key. */
  readonly id: string;
  /** The name of an origin, such as `net:192.0.2.0/24`. */
  readonly origin: string;
  /** The normalised sender; empty for the null sender. */
  readonly sender: string;
  /** The normalised recipient. */
  readonly recipient: string;
}

/** The key of a triplet; no part of it contains a NUL. */
export function tripletKey(origin: string, sender: string, recipient: string): TripletKey {
  return { id: `${sender}\0${recipient}\0${origin}`, origin, sender, recipient };
}

/** What is remembered of a triplet. Times are milliseconds since the epoch. */
export interface Triplet {
  /** When its wait began. */
  readonly firstSeen: number;
  /** When it was last tried or used. */
  readonly lastSeen: number;
  /** How often it was deferred. */
  readonly tries: number;
  /** When it first came back in time; absent while it is waiting. */
  readonly passed?: number;
  /** Whether its delivery was counted for its origin. */
  readonly counted: boolean;
}

/** What is remembered of an origin. Times are milliseconds since the epoch. */
export interface OriginRecord {
  /** When its first delivery was counted. */
  readonly firstSeen: number;
  /** When it last delivered. */
  readonly lastSeen: number;
  /** The deliveries of different triplets that were counted. */
  readonly deliveries: number;
  /** When the newest was counted. */
  readonly lastCounted: number;
}

/** What is remembered, for a short while, of a message whose recipients come one by one. */
export interface MessageRecord {
  /** The client's network, by which two servers that give the same name to messages are told apart. */
  readonly origin: string;
  /** The normalised sender, for the same reason. */
  readonly sender: string;
  /** How its first recipient that passed did so. */
  readonly reason: "retried" | "known";
  /** The milliseconds that it waited; 0 for `known`. */
  readonly delayed: number;
}

/** One thing to be remembered: a record in place of what was there. */
export type Change =
  | { readonly kind: "triplet"; readonly key: TripletKey; readonly record: Triplet }
  | { readonly kind: "origin"; readonly key: string; readonly record: OriginRecord }
  | { readonly kind: "message"; readonly key: string; readonly record: MessageRecord };

/** It takes more to decide: what DNS says of the client. */
export interface Question {
  /** What has to be asked. */
  readonly ask: "evidence";
}

/** A verdict, and what must be remembered before it is told to anybody. */
export interface Decision {
  /** What is answered. */
  readonly verdict: Verdict;
  /** What is remembered. */
  readonly changes: readonly Change[];
}
