/**
 * Merges the changes of other sites into the records of this one.
 *
 * @module
 */
import {
  combinedReputation,
  type EndedPending,
  type EntryState,
  isEnded,
  mergeEntry,
  mergeParts,
  mergePending,
  mergeRelation,
  ownPart,
  type PendingState,
  type ReputationPart,
} from "../greylist/merge.ts";
import { MAX_NETWORKS, type Pending } from "../greylist/model.ts";
import { DAY, MINUTE, WEEK } from "../text/duration.ts";
import type { Connection } from "./connection.ts";
import { readEntryState, writeEntryState } from "./entry_table.ts";
import type { Outbox } from "./outbox.ts";
import type { SharedChange } from "./shared_change.ts";

/** Limits of merging. Durations are milliseconds. */
export interface MergeRules {
  readonly retryWindow: number;
  readonly lifetime: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Times this far in the future are those of a broken clock, and would never expire. */
const MAX_AHEAD = DAY;

/** The daemon removes ended entries by then. */
const ENDED_ENTRY_KEPT = WEEK;

/** Difference of the clocks of two sites at which their times are still compared. */
const MAX_SKEW = MINUTE;

type Of<Kind extends SharedChange[0]> = Extract<SharedChange, readonly [Kind, ...unknown[]]>;

export class ChangeWriter {
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #rules: MergeRules;
  readonly #from: string;
  /** True for a text that was forgotten at a time or later. */
  readonly #isForgotten: (text: string, time: number) => boolean;
  /** Addresses are to be forgotten. */
  hasOrders = false;

  /** @param from the name of the site that sent the changes. */
  constructor(
    connection: Connection,
    outbox: Outbox,
    rules: MergeRules,
    from: string,
    isForgotten: (text: string, time: number) => boolean,
  ) {
    this.#connection = connection;
    this.#outbox = outbox;
    this.#rules = rules;
    this.#from = from;
    this.#isForgotten = isForgotten;
  }

  merge(change: SharedChange): void {
    switch (change[0]) {
      case "pending":
      case "ended":
        return this.#mergePending(change);
      case "relation":
        return this.#mergeRelation(change);
      case "reputation":
        return this.#mergeReputation(change);
      case "entry":
        return this.#mergeEntry(change);
      case "forgotten":
        return this.#takeOrder(change);
      case "passed":
        return this.#endDeferral(change);
    }
  }

  #isUsable(lastSeen: number, ...texts: readonly string[]): boolean {
    return lastSeen <= this.#rules.now + MAX_AHEAD &&
      !texts.some((text) => this.#isForgotten(text, lastSeen));
  }

  #mergePending(change: Of<"pending"> | Of<"ended">): void {
    const [, sender, recipient, network] = change;
    const { now, retryWindow } = this.#rules;
    const given = stateOf(change);
    const lastSeen = isEnded(given) ? given.ended : given.lastSeen;
    const origins = isEnded(given) ? [] : given.origins.filter((one) => one.startsWith("ip:"));
    if (given.expires < now || !this.#isUsable(lastSeen, sender, recipient, ...origins)) return;
    const { records } = this.#connection;
    const key = { sender, recipient };
    const stored = records.memoryByStoredKey.pending(key);
    const own = stored.find((one) => one.network === network);
    const ended = this.#endedOf(sender, recipient, network);
    const before = [own, ended].filter((state) => state !== undefined);
    const after = before.reduce((merged, state) => mergePending(merged, state, retryWindow), given);
    if (isEnded(after)) {
      if (own !== undefined) records.writeStored({ kind: "pending", key, network });
      if (ended === undefined || ended.ended !== after.ended || ended.expires !== after.expires) {
        this.#connection.statement("REPLACE INTO ended_pending VALUES (?, ?, ?, ?, ?, ?)")
          .run(sender, recipient, network, after.firstSeen, after.expires, after.ended);
      }
      return;
    }
    if (own === undefined ? stored.length >= MAX_NETWORKS : isSamePending(own, after)) return;
    records.writeStored({ kind: "pending", key, network, record: after });
  }

  #endedOf(sender: string, recipient: string, network: string): EndedPending | undefined {
    const row = this.#connection.statement(
      "SELECT first_seen, expires, ended FROM ended_pending " +
        "WHERE sender = ? AND recipient = ? AND network = ?",
    ).value<[number, number, number]>(sender, recipient, network);
    return row && { network, firstSeen: row[0], expires: row[1], ended: row[2] };
  }

  #mergeRelation([, sender, recipient, origins, firstSeen, lastSeen]: Of<"relation">): void {
    const { now, lifetime } = this.#rules;
    if (now - lastSeen > lifetime || !this.#isUsable(lastSeen, sender, recipient)) return;
    const { records } = this.#connection;
    const key = { sender, recipient };
    const given = { origins, firstSeen, lastSeen };
    const stored = records.memoryByStoredKey.relation(key);
    const isLive = stored !== undefined && now - stored.lastSeen <= lifetime;
    const record = isLive ? mergeRelation(stored, given) : given;
    const isSame = isLive && record.firstSeen === stored.firstSeen &&
      record.lastSeen === stored.lastSeen && isSameSet(record.origins, stored.origins);
    if (!isSame) records.writeStored({ kind: "relation", key, record });
  }

  #mergeReputation([, name, part]: Of<"reputation">): void {
    const { now, lifetime } = this.#rules;
    const isExpired = now - part.lastSeen > lifetime && (part.trappedUntil ?? 0) < now;
    if (isExpired || !this.#isUsable(part.lastSeen, name.replace(/ .*/, ""))) return;
    const { records } = this.#connection;
    const stored = records.memoryByStoredKey.reputation(name);
    let parts: readonly ReputationPart[] = this.#outbox.parts(name);
    if (parts.length === 0 && stored !== undefined) {
      const own = ownPart(this.#outbox.site.incarnation, stored, [], 0);
      this.#outbox.putPart(name, own);
      parts = [own];
    }
    const merged = mergeParts(parts, [part]);
    const newest = merged.find(({ site }) => site === part.site)!;
    const known = parts.find(({ site }) => site === part.site);
    if (known !== undefined && JSON.stringify(known) === JSON.stringify(newest)) return;
    this.#outbox.putPart(name, newest);
    const record = combinedReputation(merged, lifetime);
    records.writeStored({ kind: "reputation", key: name, record });
  }

  #mergeEntry([, list, matchOn, pattern, stamp, entry]: Of<"entry">): void {
    const { db } = this.#connection;
    const { now } = this.#rules;
    const isOver = entry !== null && entry.expires !== null &&
      entry.expires < now - ENDED_ENTRY_KEPT;
    if (stamp > now + MAX_AHEAD || isOver) return;
    const given: EntryState = entry === null ? { stamp } : {
      stamp,
      entry: {
        note: entry.note,
        addedBy: entry.addedBy,
        created: entry.created,
        ...(entry.expires === null ? {} : { expires: entry.expires }),
      },
    };
    const identity = { list, matchOn, pattern };
    const before = readEntryState(db, identity);
    const after = before === undefined ? given : mergeEntry(before, given);
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(after)) return;
    writeEntryState(db, this.#outbox.site, identity, after, entry?.id);
  }

  #takeOrder([, hash, time]: Of<"forgotten">): void {
    const { db } = this.#connection;
    const known = db.prepare("SELECT time FROM forgotten WHERE hash = ?").value<[number]>(hash);
    if (known !== undefined && known[0] >= time || time > this.#rules.now + MAX_AHEAD) return;
    db.exec("REPLACE INTO forgotten VALUES (?, ?)", hash, time);
    this.hasOrders = true;
  }

  #endDeferral([, sender, recipient, time, reason]: Of<"passed">): void {
    this.#connection.statement(
      "UPDATE deferral SET ended = ?, ended_by = ?, ended_at_site = ? " +
        "WHERE key_sender = ? AND key_recipient = ? AND ended IS NULL AND first_seen <= ?",
    ).run(time, reason, this.#from, sender, recipient, time + MAX_SKEW);
  }
}

function stateOf(change: Of<"pending"> | Of<"ended">): PendingState {
  if (change[0] === "ended") {
    const [, , , network, firstSeen, expires, ended] = change;
    return { network, firstSeen, expires, ended };
  }
  const [, , , network, origins, firstSeen, lastSeen, tries, expires] = change;
  return { network, origins, firstSeen, lastSeen, tries, expires };
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one));
}

function isSamePending(a: Pending, b: Pending): boolean {
  return a.firstSeen === b.firstSeen && a.lastSeen === b.lastSeen && a.tries === b.tries &&
    a.expires === b.expires && isSameSet(a.origins, b.origins);
}
