/**
 * Removing what has outlived its use from an SQLite database, slice by slice.
 *
 * @module
 */
import type { Database } from "@db/sqlite";
import type { Cursor, Expired, Expiry, WaitingCount } from "./store.ts";

/** The tables in the order in which an expiry goes through them, and the columns of their keys. */
const KEYS: Readonly<Record<Cursor["table"], readonly string[]>> = {
  triplet: ["sender", "recipient", "origin"],
  origin: ["name"],
  decision: ["id"],
  deferral: ["id"],
};

const TABLES = Object.keys(KEYS) as Cursor["table"][];

/** Counts are small, and are kept for a year and a month longer, in milliseconds. */
const TALLIES_KEPT = 400 * 86_400_000;

/** What waits is counted by the second in which it came, in milliseconds. */
const SECOND = 1000;

interface Condition {
  readonly sql: string;
  readonly values: readonly (number | string)[];
}

/** What waits longest of too much. */
function isCrowd(evictions: Expiry["evictions"]): Condition {
  const conditions = evictions.map(({ origin }) =>
    origin === undefined ? "first_seen < ?" : "(origin = ? AND first_seen < ?)"
  );
  return {
    sql: conditions.length === 0 ? "0" : `(${conditions.join(" OR ")})`,
    values: evictions.flatMap(({ origin, before }) =>
      origin === undefined ? [before] : [origin, before]
    ),
  };
}

function isOver(table: Cursor["table"], expiry: Expiry): Condition {
  const { waitingBefore, seenBefore, historyBefore, historyRows, deferralRows, evictions } = expiry;
  switch (table) {
    case "triplet": {
      const eviction = isCrowd(evictions);
      return {
        sql:
          `CASE WHEN passed IS NULL THEN first_seen < ? OR ${eviction.sql} ELSE last_seen < ? END`,
        values: [waitingBefore, ...eviction.values, seenBefore],
      };
    }
    case "origin":
      return { sql: "last_seen < ?", values: [seenBefore] };
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

/** Removes what is over among the next rows behind the cursor. */
export function deleteExpired(
  db: Database,
  expiry: Expiry,
  cursor: Cursor | undefined,
  rows: number,
): Expired {
  const { table, after } = cursor ?? { table: TABLES[0]!, after: [] };
  const columns = KEYS[table];
  const key = `(${columns.join(", ")})`;
  const places = `(${columns.map(() => "?").join(", ")})`;
  const least = columns[0] === "id" ? 0 : "";
  const from = after.length === 0 ? columns.map(() => least) : [...after];
  const last = db.prepare(
    `SELECT ${columns.join(", ")} FROM ${table} WHERE ${key} > ${places} ` +
      `ORDER BY ${columns.join(", ")} LIMIT 1 OFFSET ?`,
  ).value<(string | number)[]>(...from, rows - 1);
  const upTo = last === undefined ? "" : `AND ${key} <= ${places} `;
  const { sql, values } = isOver(table, expiry);
  const removed = db.prepare(`DELETE FROM ${table} WHERE ${key} > ${places} ${upTo}AND ${sql}`)
    .run(...from, ...(last ?? []), ...values);
  const waiting = table !== "triplet" ? [] : db.prepare(
    "SELECT origin, min(first_seen) AS first, max(first_seen) AS last, count(*) AS count " +
      `FROM triplet WHERE ${key} > ${places} ${upTo}AND passed IS NULL ` +
      `GROUP BY origin, first_seen / ${SECOND}`,
  ).all<WaitingCount>(...from, ...(last ?? []));
  if (last !== undefined) return { removed, waiting, next: { table, after: last.map(String) } };
  const following = TABLES[TABLES.indexOf(table) + 1];
  if (following !== undefined) return { removed, waiting, next: { table: following, after: [] } };
  db.exec("DELETE FROM tally WHERE hour < ?", expiry.historyBefore - TALLIES_KEPT);
  return { removed, waiting, next: undefined };
}
