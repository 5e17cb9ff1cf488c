/**
 * The outbox of a site that shares its records: the keys of changed records, numbered in the transaction
 * that changes them. What is stored about a change elsewhere (parts of reputations, ended triplets,
 * stamps of entries) is written here as well.
 *
 * @module
 */
import type { Database, Statement } from "@db/sqlite";
import { ownPart, type ReputationPart } from "../greylist/merge.ts";
import type { Change, PendingKey, Reputation } from "../greylist/model.ts";
import { HOUR } from "../text/duration.ts";
import { type GreylistRecords, stored } from "./greylist_records.ts";
import { hideOrigin, type Pseudonym } from "./pseudonym.ts";
import { PARTS, readParts } from "./reputation_parts.ts";
import type { Site } from "./shared_change.ts";

/** Networks whose pending triplets are counted; of more, all are sent. */
const MAX_NETWORKS = 100_000;

/** Empties rows that name an address: they keep their numbers, which must not be used again. */
export const BLANK_ROWS =
  "UPDATE outbox SET kind = 'gone', a = '', b = NULL, c = NULL, data = NULL";
export const BLANK_PENDING_ROWS =
  "UPDATE outbox_pending SET sender = '', recipient = '', network = ''";

export type OutboxKind = "relation" | "reputation" | "entry" | "forgotten" | "passed";

export class Outbox {
  readonly #hide: Pseudonym | undefined;
  readonly #records: GreylistRecords;
  readonly #readSite: Statement;
  readonly #append: Statement;
  readonly #appendPending: Statement;
  readonly #findPending: Statement;
  readonly #putEnded: Statement;
  readonly #readParts: Statement;
  readonly #putPart: Statement;
  /** Pending triplets sent of each network, in the present hour. */
  readonly #sent = new Map<string, number>();
  #hour = 0;
  /** The names of the other sites. */
  others: readonly string[] = [];
  /** Maximum pending triplets of one network sent within an hour. */
  maxPendingPerNetwork = 50_000;

  constructor(db: Database, records: GreylistRecords, hide: Pseudonym | undefined) {
    this.#readSite = db.prepare("SELECT incarnation, name FROM site");
    this.#records = records;
    this.#hide = hide;
    this.#append = db.prepare("INSERT INTO outbox (kind, a, b, c, data) VALUES (?, ?, ?, ?, ?)");
    this.#appendPending = db.prepare(
      "INSERT INTO outbox_pending (sender, recipient, network) VALUES (?, ?, ?)",
    );
    this.#findPending = db.prepare(
      "SELECT first_seen, expires FROM pending WHERE sender = ? AND recipient = ? AND network = ?",
    );
    this.#putEnded = db.prepare("REPLACE INTO ended_pending VALUES (?, ?, ?, ?, ?, ?)");
    this.#readParts = db.prepare(PARTS);
    this.#putPart = db.prepare("REPLACE INTO reputation_part VALUES (?, ?, ?)");
  }

  /** This site; another process may give it another incarnation. */
  get site(): Site {
    const [incarnation, name] = this.#readSite.value<[string, string]>()!;
    return { incarnation, name };
  }

  /**
   * Whether this site is the one that counts what became of a triplet: all sites have it and see it
   * expire, and one of them may count it as abandoned.
   */
  counts({ sender, recipient }: PendingKey, network: string): boolean {
    if (this.others.length === 0) return true;
    const key = `${sender}\0${recipient}\0${network}`;
    const own = rankOf(this.site.name, key);
    return this.others.every((name) => rankOf(name, key) < own);
  }

  /** Notes a change before it is stored. */
  note(change: Change): void {
    switch (change.kind) {
      case "pending":
        return this.#notePending(change);
      case "relation":
        return this.add(
          "relation",
          stored(change.key.sender, this.#hide),
          stored(change.key.recipient, this.#hide),
        );
      case "reputation":
        return this.#noteReputation(hideOrigin(change.key, this.#hide), change.record);
    }
  }

  add(kind: OutboxKind, a: string, b?: string, c?: string, data?: string): void {
    this.#append.run(kind, a, b ?? null, c ?? null, data ?? null);
  }

  /** The parts of a reputation that are stored; none if all of it is this site's own. */
  parts(name: string): ReputationPart[] {
    return readParts(this.#readParts, name);
  }

  putPart(name: string, part: ReputationPart): void {
    this.#putPart.run(name, part.site, JSON.stringify(part));
  }

  #notePending(change: Extract<Change, { readonly kind: "pending" }>): void {
    const { key, record, ended } = change;
    const sender = stored(key.sender, this.#hide);
    const recipient = stored(key.recipient, this.#hide);
    const network = hideOrigin(change.network, this.#hide);
    if (record !== undefined) {
      if (this.#mayBeSent(network, record.lastSeen)) {
        this.#appendPending.run(sender, recipient, network);
      }
      return;
    }
    // An eviction concerns this site alone.
    if (ended === undefined) return;
    const row = this.#findPending.value<[number, number]>(sender, recipient, network);
    if (row === undefined) return;
    this.#putEnded.run(sender, recipient, network, ...row, ended);
    this.#appendPending.run(sender, recipient, network);
  }

  #mayBeSent(network: string, now: number): boolean {
    const hour = Math.floor(now / HOUR);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#sent.clear();
    }
    const sent = (this.#sent.get(network) ?? 0) + 1;
    if (sent > 1 || this.#sent.size < MAX_NETWORKS) this.#sent.set(network, sent);
    return sent <= this.maxPendingPerNetwork;
  }

  #noteReputation(name: string, given: Reputation): void {
    const { incarnation } = this.site;
    const before = this.#records.memoryByStoredKey.reputation(name);
    const parts = this.parts(name);
    const isCleared = given.total === 0 && (before?.total ?? 0) > 0;
    if (parts.length > 0 || isCleared) {
      const others = parts.filter(({ site }) => site !== incarnation);
      const cleared = isCleared ? given.updated : Math.max(0, ...parts.map((part) => part.cleared));
      const domains = given.domains?.map((one) => ({
        ...one,
        domain: hideOrigin(one.domain, this.#hide),
      }));
      const record = domains === undefined ? given : { ...given, domains };
      this.putPart(name, ownPart(incarnation, record, others, cleared));
    }
    this.add("reputation", name);
  }
}

/** The same at all sites, and different for each site and key: FNV-1a. */
function rankOf(site: string, key: string): number {
  let hash = 0x811c9dc5;
  for (const text of [key, site]) {
    for (let at = 0; at < text.length; at++) {
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    }
  }
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  return (hash ^ hash >>> 13) >>> 0;
}
