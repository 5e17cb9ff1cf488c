/**
 * Verdicts, and the records that greylisting keeps. Times are milliseconds since the epoch, durations
 * are milliseconds.
 *
 * @module
 */

/** The reason of a verdict. */
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
  | "listed"
  | "trap"
  | "low-suspicion"
  | "spf-pass"
  | "not-opted-in"
  | "out-of-scope"
  | "fault";

/** The answer to one attempt. */
export interface Verdict {
  readonly decision: "pass" | "defer" | "reject";
  readonly reason: Reason;
  /** Time left until a retry is accepted, for a deferral; at least 1. */
  readonly wait?: number;
  /** Time between the first attempt and this one, for `retried`. */
  readonly delayed?: number;
  /** The recipient is the first of its message that passes as `retried`. */
  readonly firstOfMessage?: boolean;
  /** The decision that shadow mode replaced by `pass`. */
  readonly shadow?: "defer" | "reject";
  /** The origin that matched, such as `org:example.org`. */
  readonly origin?: string;
  /** The list entry, setting or DNS list that decided. */
  readonly by?: string;
  /** The attribute that this list entry matched; `pair` for a released sender and recipient. */
  readonly matchedOn?: "client" | "sender" | "recipient" | "pair";
  /** This retry auto-whitelisted the client. */
  readonly autoWhitelisted?: true;
}

export function pass(reason: Reason): Verdict {
  return { decision: "pass", reason };
}

/** One sentence for each reason, for the command line, the page and the documents. */
export const REASON_TEXTS: Readonly<Record<Reason, string>> = {
  "allowed": "An allow list entry matches the client, sender or recipient.",
  "blocked":
    "A block list entry matches the client, sender or recipient, or SPF returns fail (spf_fail).",
  "authenticated": "The client authenticated as a local user.",
  "auto-whitelisted": "The client's origin has retried often enough to skip greylisting.",
  "correspondent": "Local users write to the sender's domain, and the client belongs to it.",
  "known": "This sender wrote to this recipient from the same origin before.",
  "retried": "The client retried after the delay.",
  "new": "First attempt of this triplet; the client has to retry.",
  "early": "The client retried before the delay was over; it has to retry later.",
  "listed": "The client retried, but a DNS list names its address.",
  "trap": "The client wrote to a trap address within the last day.",
  "low-suspicion": "The suspicion score of this client is below the threshold.",
  "spf-pass": "SPF authorises the client for the sender's domain.",
  "not-opted-in": "Greylisting is not enabled for this recipient.",
  "out-of-scope": "Greylisting does not apply to this request.",
  "fault": "Greylag could not decide; the mail passes.",
};

/** The key of pending triplets: the sender as it is retried, and the recipient. */
export interface PendingKey {
  /** The sender by `retrySender`; empty for the null sender. */
  readonly sender: string;
  readonly recipient: string;
}

/** The key of a relation: the folded sender, or `@` and its registrable domain, and the recipient. */
export type RelationKey = PendingKey;

/** The key as one text, for maps. No part contains a NUL. */
export function keyText({ sender, recipient }: PendingKey): string {
  return `${sender}\0${recipient}`;
}

/** The attempts of one client network that were deferred, under a {@linkcode PendingKey}. */
export interface Pending {
  /** The network of the client that tried first, such as `net:192.0.2.0/24`; unique within a key. */
  readonly network: string;
  /** The origins of the client, its `ip:` first, and all names whose reputation it may cost. */
  readonly origins: readonly string[];
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Number of deferred attempts. */
  readonly tries: number;
  /** Until when a retry is accepted: the retry window, or longer for the sender's own hosts. */
  readonly expires: number;
}

/** A sender and recipient whose mail passed, and the origins that it came from. */
export interface Relation {
  /** `ip:`, `net:`, `org:` and `spf:` origins, the newest last; at most {@linkcode MAX_ORIGINS}. */
  readonly origins: readonly string[];
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** Maximum origins of a relation; the oldest are dropped beyond it. */
export const MAX_ORIGINS = 16;

/** Maximum client networks that wait under one key; see `deferralChanges`. */
export const MAX_NETWORKS = 8;

/** A domain that an origin delivered for, and since when. */
export interface ServedDomain {
  readonly domain: string;
  readonly since: number;
}

/** The reputation of one origin. Counts halve every 30 days. */
export interface Reputation {
  /** Retried messages, decayed to {@linkcode updated}. */
  readonly retried: number;
  /** Abandoned messages, decayed to {@linkcode updated}. */
  readonly abandoned: number;
  /** Retried messages, not decayed. */
  readonly total: number;
  readonly updated: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** When a retried message was last counted; 0 for never. */
  readonly lastRetried: number;
  /** When an abandoned message was last counted; 0 for never. */
  readonly lastAbandoned: number;
  /** Until when a client that wrote to a trap is deferred. */
  readonly trappedUntil?: number;
  /** The first sender domains with a retried message, for `via:` origins. */
  readonly domains?: readonly ServedDomain[];
}

/** The recipients of one message, by Postfix's `instance`; kept in memory only. */
export interface MessageRecord {
  /** The client's address; two servers may use the same instance. */
  readonly address: string;
  /** The sender by `retrySender`, for the same reason. */
  readonly sender: string;
  /** The longest delay of a recipient that passed as `retried`; absent while none has. */
  readonly delayed?: number;
  /**
   * Recipients given at RCPT, for the null sender that is decided at DATA; those that the lists exempt
   * are left out.
   */
  readonly recipients?: readonly string[];
}

/** A record that replaces the stored one; without a record the stored one is removed. */
export type Change =
  | {
    readonly kind: "pending";
    readonly key: PendingKey;
    readonly network: string;
    readonly record?: Pending;
    /** When a retry was accepted, for a record that is removed for it. */
    readonly ended?: number;
  }
  | { readonly kind: "relation"; readonly key: RelationKey; readonly record: Relation }
  | { readonly kind: "reputation"; readonly key: string; readonly record: Reputation }
  | { readonly kind: "message"; readonly key: string; readonly record: MessageRecord };

/** A lookup that the decision depends on: all evidence, or the DNS lists asked afresh. */
export interface Question {
  readonly ask: "evidence" | "lists";
}

/** A verdict, and the changes to store before it is sent. */
export interface Decision {
  readonly verdict: Verdict;
  readonly changes: readonly Change[];
}
