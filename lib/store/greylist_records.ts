import type { Memory } from "../greylist/memory.ts";
import type {
  Change,
  Pending,
  PendingKey,
  Relation,
  Reputation,
  ServedDomain,
} from "../greylist/model.ts";
import type { Connection } from "./connection.ts";
import { hideOrigin, type Pseudonym } from "./pseudonym.ts";

export const PENDING_COLUMNS = "network, origins, first_seen, last_seen, tries, expires";
const READ_PENDING = `SELECT ${PENDING_COLUMNS} FROM pending WHERE sender = ? AND recipient = ?`;
const WRITE_PENDING = `REPLACE INTO pending (sender, recipient, ${PENDING_COLUMNS}) ` +
  "VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
const DELETE_PENDING = "DELETE FROM pending WHERE sender = ? AND recipient = ? AND network = ?";

const READ_RELATION = "SELECT origins, first_seen, last_seen FROM relation " +
  "WHERE sender = ? AND recipient = ?";
const WRITE_RELATION =
  "REPLACE INTO relation (sender, recipient, origins, first_seen, last_seen) VALUES (?, ?, ?, ?, ?)";

export const REPUTATION_COLUMNS = "retried, abandoned, total, updated, first_seen, last_seen, " +
  "last_retried, last_abandoned, trapped_until, domains";
const READ_REPUTATION = `SELECT ${REPUTATION_COLUMNS} FROM reputation WHERE name = ?`;
const WRITE_REPUTATION = `REPLACE INTO reputation (name, ${REPUTATION_COLUMNS}) ` +
  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

export type PendingRow = [string, string, number, number, number, number];
type RelationRow = [string, number, number];
type ReputationRow = [
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

/**
 * The stored records, read when they are asked for within the transaction.
 *
 * @param keysAreStored senders and recipients are given as they are stored, possibly hidden.
 */
export function memoryOn(connection: Connection, keysAreStored = false): Memory {
  const hide = connection.pseudonym;
  const hideKey = keysAreStored ? undefined : hide;
  return {
    pending: (key) =>
      connection.statement(READ_PENDING).values<PendingRow>(...storedKey(key, hideKey))
        .map(pendingOf),
    relation: (key) => {
      const row = connection.statement(READ_RELATION)
        .value<RelationRow>(...storedKey(key, hideKey));
      return row && relationOf(row);
    },
    reputation: (name) => {
      const row = connection.statement(READ_REPUTATION)
        .value<ReputationRow>(hideOrigin(name, hide));
      return row && reputationOf(row);
    },
    message: () => undefined,
    includes: (origins, name) =>
      origins.includes(name) || hide !== undefined && origins.includes(hideOrigin(name, hide)),
  };
}

/** Stores a record in place of the one with its key; messages are not stored. */
export function writeChange(connection: Connection, change: Change): void {
  const hide = connection.pseudonym;
  switch (change.kind) {
    case "pending": {
      const { key, network, record } = change;
      const stored = [...storedKey(key, hide), hideOrigin(network, hide)] as const;
      if (record === undefined) {
        connection.statement(DELETE_PENDING).run(...stored);
        return;
      }
      const { firstSeen, lastSeen, tries, expires } = record;
      connection.statement(WRITE_PENDING)
        .run(...stored, originsText(record.origins, hide), firstSeen, lastSeen, tries, expires);
      return;
    }
    case "relation": {
      const { origins, firstSeen, lastSeen } = change.record;
      connection.statement(WRITE_RELATION)
        .run(...storedKey(change.key, hide), originsText(origins, hide), firstSeen, lastSeen);
      return;
    }
    case "reputation": {
      const { record } = change;
      connection.statement(WRITE_REPUTATION).run(
        hideOrigin(change.key, hide),
        record.retried,
        record.abandoned,
        record.total,
        record.updated,
        record.firstSeen,
        record.lastSeen,
        record.lastRetried,
        record.lastAbandoned,
        record.trappedUntil ?? null,
        record.domains === undefined ? null : domainsText(record.domains, hide),
      );
    }
  }
}

/** Separates the origins of a record. No attribute of a request contains it, unlike a space. */
export const SEPARATOR = "\n";

/** Reads a column `origins`. */
export function originsIn(text: string): string[] {
  return text.split(SEPARATOR);
}

function storedKey({ sender, recipient }: PendingKey, hide?: Pseudonym): [string, string] {
  return hide === undefined ? [sender, recipient] : [hide(sender), hide(recipient)];
}

function originsText(origins: readonly string[], hide?: Pseudonym): string {
  return origins.map((origin) => hideOrigin(origin, hide)).join(SEPARATOR);
}

function domainsText(domains: readonly ServedDomain[], hide?: Pseudonym): string {
  return domains.map(({ domain, since }) => `${hideOrigin(domain, hide)} ${since}`).join("\n");
}

export function pendingOf(row: PendingRow): Pending {
  const [network, origins, firstSeen, lastSeen, tries, expires] = row;
  return { network, origins: originsIn(origins), firstSeen, lastSeen, tries, expires };
}

function relationOf([origins, firstSeen, lastSeen]: RelationRow): Relation {
  return { origins: originsIn(origins), firstSeen, lastSeen };
}

function reputationOf(row: ReputationRow): Reputation {
  const [retried, abandoned, total, updated, firstSeen, lastSeen] = row;
  const [, , , , , , lastRetried, lastAbandoned, trappedUntil, domains] = row;
  return {
    retried,
    abandoned,
    total,
    updated,
    firstSeen,
    lastSeen,
    lastRetried,
    lastAbandoned,
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
