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
  | "auto-whitelisted"
  | "correspondent"
  | "known"
  | "retried"
  | "new"
  | "early"
  | "low-suspicion"
  | "spf-pass"
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
  "allowed": "An allow list entry matches the client, sender or recipient.",
  "blocked": "A block list entry matches the client, sender or recipient.",
  "authenticated": "The client authenticated as a local user.",
  "auto-whitelisted": "The client's origin has retried often enough to skip greylisting.",
  "correspondent": "Local users write to the sender's domain, and the client belongs to it.",
  "known": "This sender's mail to this recipient was retried before.",
  "retried": "The client retried after the delay.",
  "new": "First attempt of this triplet; the client has to retry.",
  "early": "The client retried before the delay was over; it has to retry later.",
  "low-suspicion": "The suspicion score of this client is below the threshold.",
  "spf-pass": "SPF authorises the client for the sender's domain.",
  "not-opted-in": "Greylisting is not enabled for this recipient.",
  "out-of-scope": "Greylisting does not apply to this request.",
  "fault": "Greylag could not decide; the mail passes.",
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
