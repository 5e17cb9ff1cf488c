import type { Connection, DatabaseAccess } from "./connection.ts";
import {
  newestNumbers,
  outboxRows,
  privacyMark,
  readChanges,
  unreadRows,
} from "./change_reader.ts";
import { ChangeWriter, type MergeRules } from "./change_writer.ts";
import { carryOutOrders } from "./forget.ts";
import { forgottenHash } from "./forgotten_hash.ts";
import {
  type ChangePage,
  ORDERS_KEPT,
  type Peer,
  type SharedChange,
  type Site,
} from "./shared_change.ts";
import { readSite, renewIncarnation } from "./site.ts";

/** Rows of each part of the outbox that are kept; a site further behind reads all records again. */
const MAX_OUTBOX = 200_000;

/** Removed at once, so that no request waits. */
const PRUNED_ROWS = 2000;

export interface Merged {
  /** {@linkcode ShareStore.carryOutOrders} has work. */
  readonly hasOrders: boolean;
}

/** A peer, and what was last known of it as JSON. */
export interface StoredPeer extends Peer {
  readonly state: string;
}

/** Sharing with other sites; `site` is undefined and all else does nothing where there is none. */
export interface ShareStore {
  site(): Site | undefined;

  /** See {@linkcode ChangePage}. */
  privacyMark(): string;

  /** Changes of the outbox after a position, of this incarnation; 0 for all others. */
  unreadRows(position: string): number;

  /** The changes after a position; see {@linkcode ChangePage}. */
  changes(position: string, limit: number): ChangePage | undefined;

  /**
   * Merges changes of the site `from` in one transaction, and with the last of a page stores the
   * position that it leads to.
   */
  merge(
    from: string,
    changes: readonly SharedChange[],
    rules: MergeRules,
    reached?: Peer,
  ): Merged;

  peers(): readonly StoredPeer[];

  putPeer(peer: StoredPeer): void;

  /** @returns false if there is no such peer. */
  removePeer(id: string): boolean;

  /** Takes a new incarnation, after the database was found to be older than others know it. */
  renew(): void;

  /** Removes what no site needs any more, a little at a time. */
  prune(now: number): void;

  /** Rows of the outbox that are kept. */
  outboxRows(): number;

  /** Removes the addresses that other sites ordered to forget. Scans the database. */
  carryOutOrders(): void;

  /** The names of the other sites: one site counts an expiry that all see. */
  setOthers(names: readonly string[]): void;

  /** Maximum pending triplets of one network that are sent within an hour. */
  limitPending(perNetwork: number): void;
}

export function shareStoreOn(database: DatabaseAccess): ShareStore {
  return {
    site: () => database.read(({ db }) => readSite(db)),
    privacyMark: () => database.read(privacyMark),
    unreadRows: (position) => database.read(({ db }) => unreadRows(db, position)),
    changes: (position, limit) =>
      database.read((connection) => {
        // The daemon may have taken another incarnation since this connection was opened.
        const site = readSite(connection.db);
        return site && readChanges(connection, site, position, limit);
      }),
    merge: (from, changes, rules, reached) =>
      database.write((connection) => mergeChanges(connection, from, changes, rules, reached)),
    peers: () =>
      database.read(({ db }) =>
        db.prepare("SELECT id, position, state FROM peer ORDER BY id").all<StoredPeer>()
      ),
    putPeer: ({ id, position, state }) =>
      database.write(({ db }) =>
        db.exec("REPLACE INTO peer VALUES (?, ?, ?)", id, position, state)
      ),
    removePeer: (id) =>
      database.write(({ db }) => db.prepare("DELETE FROM peer WHERE id = ?").run(id) > 0),
    renew: () =>
      database.use((connection) => {
        connection.transact("write", ({ db }) => renewIncarnation(db));
        connection.readSite();
      }),
    prune: (now) => database.write((connection) => prune(connection, now)),
    outboxRows: () => database.read(({ db }) => outboxRows(db)),
    carryOutOrders: () => database.use(carryOutOrders),
    setOthers: (names) =>
      database.use(({ outbox }) => {
        if (outbox !== undefined) outbox.others = names;
      }),
    limitPending: (perNetwork) =>
      database.use(({ outbox }) => {
        if (outbox !== undefined) outbox.maxPendingPerNetwork = perNetwork;
      }),
  };
}

function mergeChanges(
  connection: Connection,
  from: string,
  changes: readonly SharedChange[],
  rules: MergeRules,
  reached: Peer | undefined,
): Merged {
  const { db, outbox } = connection;
  if (outbox === undefined) return { hasOrders: false };
  const isForgotten = forgottenTest(connection);
  const writer = new ChangeWriter(connection, outbox, rules, from, isForgotten);
  for (const change of changes) writer.merge(change);
  if (reached !== undefined) {
    db.exec(
      "INSERT INTO peer VALUES (?, ?, '{}') ON CONFLICT (id) DO UPDATE SET position = excluded.position",
      reached.id,
      reached.position,
    );
  }
  connection.countWritten(changes.length);
  return { hasOrders: writer.hasOrders };
}

/** A test for texts that were forgotten at a time or later. */
function forgottenTest({ db, forgetKey }: Connection): (text: string, time: number) => boolean {
  const newest = db.prepare("SELECT max(time) FROM forgotten").value<[number | null]>()![0];
  if (newest === null || forgetKey === undefined) return () => false;
  const find = db.prepare("SELECT time FROM forgotten WHERE hash = ?");
  return (text, time) => {
    if (time > newest) return false;
    const [ordered = -Infinity] = find.value<[number]>(forgottenHash(forgetKey, text)) ?? [];
    return time <= ordered;
  };
}

function prune({ db }: Connection, now: number): void {
  const newest = newestNumbers(db);
  for (const [at, table] of ["outbox", "outbox_pending"].entries()) {
    // The newest row stays, so that no number is used again.
    const most = newest[at]! - MAX_OUTBOX;
    db.exec(
      `DELETE FROM ${table} WHERE number IN ` +
        `(SELECT number FROM ${table} WHERE number <= ? ORDER BY number LIMIT ?)`,
      most,
      PRUNED_ROWS,
    );
  }
  db.exec(
    "DELETE FROM ended_pending WHERE (sender, recipient, network) IN " +
      "(SELECT sender, recipient, network FROM ended_pending WHERE expires < ? LIMIT ?)",
    now,
    PRUNED_ROWS,
  );
  const before = now - ORDERS_KEPT;
  db.exec("DELETE FROM forgotten WHERE time < ?", before);
  db.exec("DELETE FROM entry_stamp WHERE removed = 1 AND stamp < ?", before);
  db.exec(
    "DELETE FROM reputation_part WHERE (name, site) IN (SELECT p.name, p.site FROM reputation_part p " +
      "LEFT JOIN reputation r USING (name) WHERE r.name IS NULL LIMIT ?)",
    PRUNED_ROWS,
  );
}
