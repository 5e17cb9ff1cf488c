import type { Database } from "@db/sqlite";
import { DAY, SECOND } from "../text/duration.ts";
import type { Cursor, Expired, Expiry, PendingCount } from "./store.ts";

/** Key columns of the tables, in the order of a pass. */
const KEYS: Readonly<Record<Cursor["table"], readonly string[]>> = {
  triplet: ["sender", "recipient", "origin"],
  origin: ["name"],
  decision: ["id"],
  deferral: ["id"],
};

const TABLES = Object.keys(KEYS) as Cursor["table"][];

/** Tallies are small and kept this much longer than decisions. */
const TALLIES_KEPT = 400 * DAY;

interface Condition {
  readonly sql: string;
  readonly values: readonly (number | string)[];
}

function isEvicted(evictions: Expiry["evictions"]): Condition {
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

function isExpired(table: Cursor["table"], expiry: Expiry): Condition {
  const { pendingBefore, seenBefore, historyBefore, historyRows, deferralRows, evictions } = expiry;
  switch (table) {
    case "triplet": {
      const eviction = isEvicted(evictions);
      return {
        sql:
          `CASE WHEN passed IS NULL THEN first_seen < ? OR ${eviction.sql} ELSE last_seen < ? END`,
        values: [pendingBefore, ...eviction.values, seenBefore],
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

/** Deletes the expired among the next rows after the cursor. */
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
  const { sql, values } = isExpired(table, expiry);
  const removed = db.prepare(`DELETE FROM ${table} WHERE ${key} > ${places} ${upTo}AND ${sql}`)
    .run(...from, ...(last ?? []), ...values);
  const pending = table !== "triplet" ? [] : db.prepare(
    "SELECT origin, min(first_seen) AS first, max(first_seen) AS last, count(*) AS count " +
      `FROM triplet WHERE ${key} > ${places} ${upTo}AND passed IS NULL ` +
      `GROUP BY origin, first_seen / ${SECOND}`,
  ).all<PendingCount>(...from, ...(last ?? []));
  if (last !== undefined) return { removed, pending, next: { table, after: last.map(String) } };
  const following = TABLES[TABLES.indexOf(table) + 1];
  if (following !== undefined) return { removed, pending, next: { table: following, after: [] } };
  for (const tally of ["tally", "delay_tally"]) {
    db.exec(`DELETE FROM ${tally} WHERE hour < ?`, expiry.historyBefore - TALLIES_KEPT);
  }
  return { removed, pending, next: undefined };
}
