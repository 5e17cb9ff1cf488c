/**
 * What sites tell each other: records as they are stored, so that with `privacy` they are hashes. Times
 * are milliseconds since the epoch.
 *
 * @module
 */
import type { ReputationPart } from "../greylist/merge.ts";
import { DAY } from "../text/duration.ts";

/** Milliseconds; longer than the records that orders to forget and removed entries concern. */
export const ORDERS_KEPT = 400 * DAY;

export interface SharedEntry {
  /** The number of the entry at the site that added it. */
  readonly id: number;
  readonly note: string;
  readonly addedBy: string;
  readonly created: number;
  /** Null for never. */
  readonly expires: number | null;
}

export type SharedChange =
  | readonly [
    kind: "pending",
    sender: string,
    recipient: string,
    network: string,
    origins: readonly string[],
    firstSeen: number,
    lastSeen: number,
    tries: number,
    expires: number,
  ]
  /** A retry was accepted. */
  | readonly [
    kind: "ended",
    sender: string,
    recipient: string,
    network: string,
    firstSeen: number,
    expires: number,
    ended: number,
  ]
  | readonly [
    kind: "relation",
    sender: string,
    recipient: string,
    origins: readonly string[],
    firstSeen: number,
    lastSeen: number,
  ]
  | readonly [kind: "reputation", name: string, part: ReputationPart]
  /** Null for an entry that was removed. */
  | readonly [
    kind: "entry",
    list: string,
    matchOn: string,
    pattern: string,
    stamp: number,
    entry: SharedEntry | null,
  ]
  | readonly [kind: "forgotten", hash: string, time: number]
  /** Mail of a deferred sender and recipient passed, for another reason than a retry as well. */
  | readonly [kind: "passed", sender: string, recipient: string, time: number, reason: string];

/** One page of changes, and where the next begins. */
export interface ChangePage {
  /** Changes with the database of a site when that is replaced by another, or by an older one. */
  readonly incarnation: string;
  /** Tells whether two sites hide addresses with the same key; `clear` for one that does not. */
  readonly privacy: string;
  readonly changes: readonly SharedChange[];
  /** Opaque. */
  readonly next: string;
  /** Further changes are there already. */
  readonly isMore: boolean;
  /** The position that was asked for is of a later state: the database was restored. */
  readonly isAhead: boolean;
}

/** A site or shared database that changes come from. */
export interface Peer {
  /** A URL, `site:` and an incarnation, or `database` for what this site wrote to a shared one. */
  readonly id: string;
  /** The position up to which its changes are merged; empty at first. */
  readonly position: string;
}

/** The identity of this site. */
export interface Site {
  readonly name: string;
  readonly incarnation: string;
}
