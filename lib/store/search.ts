/**
 * Searches by page. A page begins at a key, never at an offset, and scans a limited number of rows, so
 * that no search holds up other work for long.
 *
 * @module
 */
import type { BindValue, Database } from "@db/sqlite";
import { normaliseRecipient, normaliseSender } from "../greylist/normalise.ts";
import type {
  DecisionSearch,
  Deferral,
  DeferralSearch,
  Page,
  Search,
  StoredDecision,
} from "./history.ts";
import { hideOrigin, type Pseudonym } from "./pseudonym.ts";
import type { StoredOrigin, StoredTriplet } from "./store.ts";

/** Maximum number of rows scanned for one page. */
const SCAN = 20_000;

interface Condition {
  readonly sql: string;
  readonly values: readonly BindValue[];
}

const EVERYTHING: Condition = { sql: "1", values: [] };

/** The `LIKE ? ESCAPE '\'` pattern of a text anywhere in a column; wildcards in it match themselves. */
export function anywhere(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, "\\$&")}%`;
}

/** Matches a text anywhere in the columns, or the whole text where they hold hashes. */
function contains(columns: readonly string[], text: string, hide?: Pseudonym): Condition {
  if (text === "") return EVERYTHING;
  if (hide === undefined) {
    const like = anywhere(text);
    return {
      sql: `(${columns.map((column) => `${column} LIKE ? ESCAPE '\\'`).join(" OR ")})`,
      values: columns.map(() => like),
    };
  }
  const forms = [
    hide(text),
    hide(normaliseSender(text, "")),
    hide(normaliseRecipient(text)),
    hideOrigin(text, hide),
  ];
  return {
    sql: `(${columns.map((column) => `${column} IN (?, ?, ?, ?)`).join(" OR ")})`,
    values: columns.flatMap(() => forms),
  };
}

/** A row without its NULL columns, by the names of its fields. */
function present<Row>(
  row: Record<string, unknown>,
  names: Readonly<Record<string, string>>,
): Row {
  const entries = Object.entries(row).filter(([, value]) => value !== null);
  return Object.fromEntries(entries.map(([name, value]) => [names[name] ?? name, value])) as Row;
}

const NAMES: Readonly<Record<string, string>> = {
  client_address: "clientAddress",
  client_name: "clientName",
  helo_name: "heloName",
  by_rule: "by",
  first_seen: "firstSeen",
  last_seen: "lastSeen",
  ended_by: "endedBy",
  network_changes: "networkChanges",
};

const CLIENT_COLUMNS = ["sender", "recipient", "client_address", "client_name"];

/** One page of a table with an `id`, the newest first. */
function newestFirst<Row>(
  db: Database,
  table: "decision" | "deferral",
  { limit, after }: Search,
  conditions: readonly Condition[],
): Page<Row> {
  const newest = db.prepare(`SELECT max(id) FROM ${table}`).value<[number | null]>()![0] ?? 0;
  const before = after === undefined ? newest + 1 : Number(after);
  const down = Math.max(0, before - SCAN);
  const rows = db.prepare(
    `SELECT * FROM ${table} WHERE id < ? AND id >= ? AND ` +
      `${conditions.map(({ sql }) => sql).join(" AND ")} ORDER BY id DESC LIMIT ?`,
  ).all<Record<string, unknown>>(
    before,
    down,
    ...conditions.flatMap(({ values }) => values),
    limit,
  );
  const end = rows.length < limit ? down : Number(rows.at(-1)!["id"]);
  const oldest = db.prepare(`SELECT min(id) FROM ${table}`).value<[number | null]>()![0] ?? 0;
  return {
    rows: rows.map((row) => present<Row>(row, NAMES)),
    next: end > oldest ? String(end) : undefined,
  };
}

export function searchDecisions(
  db: Database,
  search: DecisionSearch,
  hide?: Pseudonym,
): Page<StoredDecision> {
  const { text, reasons } = search;
  const conditions = [contains(CLIENT_COLUMNS, text, hide)];
  if (reasons !== undefined) {
    const places = reasons.map(() => "?").join(", ");
    conditions.push({ sql: `reason IN (${places})`, values: reasons });
  }
  return newestFirst(db, "decision", search, conditions);
}

export function searchDeferrals(
  db: Database,
  search: DeferralSearch,
  hide?: Pseudonym,
): Page<Deferral> {
  const { open, lastSeenFrom, lastSeenBefore } = search;
  const conditions = [contains(CLIENT_COLUMNS, search.text, hide)];
  if (open === true) conditions.push({ sql: "ended IS NULL", values: [] });
  if (lastSeenFrom !== undefined) {
    conditions.push({ sql: "last_seen >= ?", values: [lastSeenFrom] });
  }
  if (lastSeenBefore !== undefined) {
    conditions.push({ sql: "last_seen < ?", values: [lastSeenBefore] });
  }
  return newestFirst(db, "deferral", search, conditions);
}

/** One page of a table in the order of its key. */
function inOrder<Row>(
  db: Database,
  table: "triplet" | "origin",
  key: readonly string[],
  shown: readonly string[],
  { limit, after }: Search,
  condition: Condition,
): Page<Row> {
  const columns = key.join(", ");
  const places = key.map(() => "?").join(", ");
  const from: string[] = after === undefined ? key.map(() => "") : JSON.parse(after);
  const last = db.prepare(
    `SELECT ${columns} FROM ${table} WHERE (${columns}) > (${places}) ` +
      `ORDER BY ${columns} LIMIT 1 OFFSET ?`,
  ).value<string[]>(...from, SCAN - 1);
  const upTo = last === undefined ? "" : `AND (${columns}) <= (${places}) `;
  const rows = db.prepare(
    `SELECT ${shown.join(", ")} FROM ${table} WHERE (${columns}) > (${places}) ${upTo}` +
      `AND ${condition.sql} ORDER BY ${columns} LIMIT ?`,
  ).all<Record<string, unknown>>(...from, ...(last ?? []), ...condition.values, limit);
  const end = rows.length === limit ? key.map((column) => rows.at(-1)![column]) : last;
  return {
    rows: rows.map((row) => present<Row>(row, NAMES)),
    next: end === undefined ? undefined : JSON.stringify(end),
  };
}

export function searchTriplets(
  db: Database,
  search: Search,
  hide?: Pseudonym,
): Page<StoredTriplet> {
  const columns = ["sender", "recipient", "origin"];
  const shown = [...columns, "first_seen", "last_seen", "tries", "passed"];
  return inOrder(db, "triplet", columns, shown, search, contains(columns, search.text, hide));
}

export function searchOrigins(
  db: Database,
  search: Search,
  hide?: Pseudonym,
): Page<StoredOrigin> {
  const shown = ["name", "first_seen", "last_seen", "deliveries"];
  return inOrder(db, "origin", ["name"], shown, search, contains(["name"], search.text, hide));
}
