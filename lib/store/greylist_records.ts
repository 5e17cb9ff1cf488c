import type { Database, Statement } from "@db/sqlite";
import type { Memory } from "../greylist/memory.ts";
import type {
  Change,
  Pending,
  PendingKey,
  Relation,
  RelationKey,
  Reputation,
  ServedDomain,
} from "../greylist/model.ts";
import { hideOrigin, type Pseudonym } from "./pseudonym.ts";
import { originsOf, SEPARATOR } from "./relation_origins.ts";
import { RelationTable } from "./relation_table.ts";
import { ReputationCache, type ReputationTable } from "./reputation_cache.ts";

export const PENDING_COLUMNS = "network, origins, first_seen, last_seen, tries, expires";
const READ_PENDING = `SELECT ${PENDING_COLUMNS} FROM pending WHERE sender = ? AND recipient = ?`;
const WRITE_PENDING = `REPLACE INTO pending (sender, recipient, ${PENDING_COLUMNS}) ` +
  "VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
const DELETE_PENDING = "DELETE FROM pending WHERE sender = ? AND recipient = ? AND network = ?";

export const REPUTATION_COLUMNS = "retried, abandoned, total, updated, first_seen, last_seen, " +
  "last_retried, last_abandoned, trapped_until, domains";
const READ_REPUTATION = `SELECT ${REPUTATION_COLUMNS} FROM reputation WHERE name = ?`;
const WRITE_REPUTATION = `REPLACE INTO reputation (name, ${REPUTATION_COLUMNS}) ` +
  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

export type PendingRow = [string, string, number, number, number, number];
export type ReputationRow = [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number | null,
  string | null,
];

/** The records of the greylist on one connection: statements prepared once, reputations in a cache. */
export class GreylistRecords {
  /** The stored records, read when they are asked for within a transaction. */
  readonly memory: Memory;
  /** The same, for senders and recipients that are given as they are stored, possibly hidden. */
  readonly memoryByStoredKey: Memory;
  readonly reputations: ReputationCache;
  readonly #hide: Pseudonym | undefined;
  readonly #readPending: Statement;
  readonly #writePending: Statement;
  readonly #deletePending: Statement;
  readonly #relations: RelationTable;
  readonly #writeReputation: Statement;

  constructor(db: Database, hide: Pseudonym | undefined) {
    this.#hide = hide;
    this.#readPending = db.prepare(READ_PENDING);
    this.#writePending = db.prepare(WRITE_PENDING);
    this.#deletePending = db.prepare(DELETE_PENDING);
    this.#relations = new RelationTable(db);
    this.#writeReputation = db.prepare(WRITE_REPUTATION);
    this.reputations = new ReputationCache(reputationTableOn(db));
    this.memory = this.#memoryBy(hide);
    this.memoryByStoredKey = hide === undefined ? this.memory : this.#memoryBy(undefined);
  }

  #memoryBy(hideKey: Pseudonym | undefined): Memory {
    const hide = this.#hide;
    return {
      pending: ({ sender, recipient }) =>
        this.#readPending.values<PendingRow>(
          stored(sender, hideKey),
          stored(recipient, hideKey),
        ).map(pendingOf),
      relation: ({ sender, recipient }) =>
        this.#relations.get(stored(sender, hideKey), stored(recipient, hideKey)),
      reputation: (name) => this.reputations.get(hideOrigin(name, hide)),
      message: () => undefined,
      includes: (origins, name) =>
        origins.includes(name) || hide !== undefined && origins.includes(hideOrigin(name, hide)),
    };
  }

  /** Stores a record in place of the one with its key; messages are not stored. */
  write(change: Change): void {
    this.#write(change, this.#hide);
  }

  /** The same for a record whose addresses are given as they are stored, possibly hidden. */
  writeStored(change: Change): void {
    this.#write(change, undefined);
  }

  #write(change: Change, hide: Pseudonym | undefined): void {
    switch (change.kind) {
      case "pending":
        return this.#putPending(change.key, change.network, change.record, hide);
      case "relation":
        return this.#putRelation(change.key, change.record, hide);
      case "reputation":
        return this.#putReputation(change.key, change.record, hide);
    }
  }

  #putPending(
    { sender, recipient }: PendingKey,
    network: string,
    record: Pending | undefined,
    hide: Pseudonym | undefined,
  ): void {
    const from = stored(sender, hide);
    const to = stored(recipient, hide);
    const net = hideOrigin(network, hide);
    if (record === undefined) {
      this.#deletePending.run(from, to, net);
      return;
    }
    const origins = hidden(record.origins, hide).join(SEPARATOR);
    const { firstSeen, lastSeen, tries, expires } = record;
    this.#writePending.run(from, to, net, origins, firstSeen, lastSeen, tries, expires);
  }

  #putRelation(
    { sender, recipient }: RelationKey,
    record: Relation,
    hide: Pseudonym | undefined,
  ): void {
    const origins = hidden(record.origins, hide);
    this.#relations.put(stored(sender, hide), stored(recipient, hide), { ...record, origins });
  }

  #putReputation(given: string, record: Reputation, hide: Pseudonym | undefined): void {
    const name = hideOrigin(given, hide);
    const domains = record.domains?.map((one) => ({
      domain: hideOrigin(one.domain, hide),
      since: one.since,
    }));
    this.#writeReputation.run(
      name,
      record.retried,
      record.abandoned,
      record.total,
      record.updated,
      record.firstSeen,
      record.lastSeen,
      record.lastRetried,
      record.lastAbandoned,
      record.trappedUntil ?? null,
      domains === undefined ? null : domainsText(domains),
    );
    this.reputations.put(name, domains === undefined ? record : { ...record, domains });
  }
}

function reputationTableOn(db: Database): ReputationTable {
  const version = db.prepare("PRAGMA data_version");
  const find = db.prepare(READ_REPUTATION);
  return {
    version: () => version.value<[number]>()![0],
    find: (name) => {
      const row = find.value<ReputationRow>(name);
      return row && reputationOf(row);
    },
    read: (limit) =>
      db.prepare(`SELECT ${REPUTATION_COLUMNS}, name FROM reputation LIMIT ?`)
        .values<[...ReputationRow, string]>(limit)
        .map((row) => [row[10], reputationOf(row)] as const),
  };
}

/** A sender or recipient as it is stored. */
export function stored(text: string, hide: Pseudonym | undefined): string {
  return hide === undefined ? text : hide(text);
}

function hidden(origins: readonly string[], hide: Pseudonym | undefined): readonly string[] {
  return hide === undefined ? origins : origins.map((origin) => hideOrigin(origin, hide));
}

function domainsText(domains: readonly ServedDomain[]): string {
  return domains.map(({ domain, since }) => `${domain} ${since}`).join("\n");
}

export function pendingOf(row: PendingRow): Pending {
  const [network, origins, firstSeen, lastSeen, tries, expires] = row;
  return { network, origins: originsOf(origins), firstSeen, lastSeen, tries, expires };
}

export function reputationOf(row: readonly [...ReputationRow, ...unknown[]]): Reputation {
  const trappedUntil = row[8];
  const domains = row[9];
  return {
    retried: row[0],
    abandoned: row[1],
    total: row[2],
    updated: row[3],
    firstSeen: row[4],
    lastSeen: row[5],
    lastRetried: row[6],
    lastAbandoned: row[7],
    ...(trappedUntil === null ? {} : { trappedUntil }),
    ...(domains === null ? {} : { domains: servedDomainsOf(domains) }),
  };
}

/** Reads the column `domains` of a reputation. */
export function servedDomainsOf(text: string): ServedDomain[] {
  return text.split("\n").map((line) => {
    const space = line.lastIndexOf(" ");
    return { domain: line.slice(0, space), since: Number(line.slice(space + 1)) };
  });
}
