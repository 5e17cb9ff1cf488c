import type { Database } from "@db/sqlite";
import { DAY, SECOND } from "../text/duration.ts";
import type { Connection } from "./connection.ts";
import { PENDING_COLUMNS, pendingOf, type PendingRow } from "./greylist_records.ts";
import { UNUSED_RECIPIENT } from "./relation_table.ts";
import type { Condition } from "./search.ts";
import { KEYS, type Slice, sliceOf } from "./slice.ts";
import type { Cursor, Expired, Expiry, PendingCount, ReportExpired } from "./store.ts";

const TABLES = Object.keys(KEYS) as Cursor["table"][];

/** Tallies are small and kept this much longer than decisions. */
const TALLIES_KEPT = 400 * DAY;

function isEvicted(evictions: Expiry["evictions"]): Condition {
  const conditions = evictions.map(({ network }) =>
    network === undefined ? "first_seen < ?" : "(network = ? AND first_seen < ?)"
  );
  return {
    sql: conditions.length === 0 ? "0" : `(${conditions.join(" OR ")})`,
    values: evictions.flatMap(({ network, before }) =>
      network === undefined ? [before] : [network, before]
    ),
  };
}

function isExpired(table: Cursor["table"], expiry: Expiry): Condition {
  const { pendingBefore, seenBefore, historyBefore, historyRows, deferralRows, evictions } = expiry;
  switch (table) {
    case "pending": {
      const eviction = isEvicted(evictions);
      return {
        sql: `(expires < ? OR ${eviction.sql})`,
        values: [pendingBefore, ...eviction.values],
      };
    }
    case "relation":
      return { sql: "last_seen < ?", values: [seenBefore] };
    case "recipient":
      return { sql: UNUSED_RECIPIENT, values: [] };
    case "reputation":
      return {
        sql: "(last_seen < ? AND coalesce(trapped_until, 0) < ?)",
        values: [seenBefore, seenBefore],
      };
    case "decision":
      return {
        sql: "(time < ? OR id <= (SELECT max(id) FROM decision) - ?)",
        values: [historyBefore, historyRows],
      };
    case "deferral":
      return {
        sql: "(last_seen < ? OR id <= (SELECT max(id) FROM deferral) - ?)",
        values: [historyBefore, deferralRows],
      };
  }
}

type ExpiredRow = [sender: string, recipient: string, ...PendingRow];

/** Reports the expired pending triplets of a slice and stores the resulting changes. */
function reportPending(
  connection: Connection,
  slice: Slice,
  pendingBefore: number,
  report: ReportExpired,
): void {
  const rows = connection.db.prepare(
    `SELECT sender, recipient, ${PENDING_COLUMNS} FROM pending ` +
      `WHERE ${slice.sql} AND expires < ?`,
  ).values<ExpiredRow>(...slice.values, pendingBefore);
  if (rows.length === 0) return;
  const { records, outbox } = connection;
  const expired = rows.map(([sender, recipient, ...row]) => ({
    sender,
    recipient,
    isHidden: connection.pseudonym !== undefined,
    record: pendingOf(row),
  })).filter((one) => outbox === undefined || outbox.counts(one, one.record.network));
  for (const change of report(expired, records.memoryByStoredKey)) {
    outbox?.note(change);
    records.write(change);
  }
}

function countPending(db: Database, slice: Slice): PendingCount[] {
  return db.prepare(
    "SELECT network, min(first_seen) AS first, max(first_seen) AS last, count(*) AS count " +
      `FROM pending WHERE ${slice.sql} GROUP BY network, first_seen / ${SECOND}`,
  ).all<PendingCount>(...slice.values);
}

/** Deletes the expired among the next rows after the cursor. */
export function deleteExpired(
  connection: Connection,
  expiry: Expiry,
  cursor: Cursor | undefined,
  rows: number,
  report: ReportExpired,
): Expired {
  const { db } = connection;
  const position = cursor ?? { table: TABLES[0]!, after: [] };
  const { table } = position;
  const slice = sliceOf(db, position, rows);
  if (table === "pending") reportPending(connection, slice, expiry.pendingBefore, report);
  const { sql, values } = isExpired(table, expiry);
  const removed = db.prepare(`DELETE FROM ${table} WHERE ${slice.sql} AND ${sql}`)
    .run(...slice.values, ...values);
  if (table === "reputation" && removed > 0) connection.records.reputations.clear();
  const pending = table === "pending" ? countPending(db, slice) : [];
  if (slice.last !== undefined) {
    return { removed, pending, next: { table, after: slice.last.map(String) } };
  }
  const following = TABLES[TABLES.indexOf(table) + 1];
  if (following !== undefined) return { removed, pending, next: { table: following, after: [] } };
  for (const tally of ["tally", "delay_tally"]) {
    db.exec(`DELETE FROM ${tally} WHERE hour < ?`, expiry.historyBefore - TALLIES_KEPT);
  }
  return { removed, pending, next: undefined };
}
