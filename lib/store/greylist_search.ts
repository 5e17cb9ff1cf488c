/**
 * Searches relations and reputations by page, as `search.ts` does the history.
 *
 * @module
 */
import type { Database } from "@db/sqlite";
import { REPUTATION_COLUMNS, servedDomainsOf } from "./greylist_records.ts";
import type { Page, Search } from "./history.ts";
import { hideOrigin, type Pseudonym } from "./pseudonym.ts";
import { originsOf, packedPart, RELATION_ORIGINS, SEPARATOR } from "./relation_origins.ts";
import { anyOf, type Condition, contains, EVERYTHING, present, SCAN } from "./search.ts";
import { KEYS, sliceOf } from "./slice.ts";
import type { OriginSearch, StoredRelation, StoredReputation } from "./store.ts";

/**
 * One page of a table in the order of its key.
 *
 * @param source the table or a view of it that has the columns of its key.
 */
function inOrder<Row>(
  db: Database,
  table: "relation" | "reputation",
  source: string,
  shown: readonly string[],
  { limit, after }: Search,
  condition: Condition,
): Page<Row> {
  const key = KEYS[table];
  const slice = sliceOf(db, { table, after: after === undefined ? [] : JSON.parse(after) }, SCAN);
  const rows = db.prepare(
    `SELECT ${shown.join(", ")} FROM ${source} WHERE ${slice.sql} AND ${condition.sql} ` +
      `ORDER BY ${key.join(", ")} LIMIT ?`,
  ).all<Record<string, unknown>>(...slice.values, ...condition.values, limit);
  const end = rows.length === limit ? key.map((column) => rows.at(-1)![column]) : slice.last;
  return {
    rows: rows.map((row) => present<Row>(row)),
    next: end === undefined ? undefined : JSON.stringify(end.map(String)),
  };
}

export function searchRelations(
  db: Database,
  search: OriginSearch,
  hide?: Pseudonym,
): Page<StoredRelation> {
  const origins = `${RELATION_ORIGINS} AS origins`;
  const shown = ["recipient_id", "sender", "recipient", origins, "first_seen", "last_seen"];
  const texts = search.origins ?? [search.text];
  const condition = search.origins === undefined
    ? contains(["sender", "recipient", RELATION_ORIGINS], search.text, hide)
    : anyOf(search.origins.map((name) => ({
      sql: `instr(? || ${RELATION_ORIGINS} || ?, ?) > 0`,
      values: [SEPARATOR, SEPARATOR, SEPARATOR + hideOrigin(name, hide) + SEPARATOR],
    })));
  // Cheaper than unpacking the origins of every row. A search by origin leaves the recipient out: a
  // condition on the joined table is evaluated only after the unpacking.
  const packed = search.origins === undefined
    ? ["sender", "recipient", "origins"]
    : ["sender", "origins"];
  const narrow = hide === undefined
    ? anyOf(texts.map((text) => contains(packed, packedPart(text))))
    : EVERYTHING;
  const { rows, next } = inOrder<RelationRow>(
    db,
    "relation",
    "relation_text",
    shown,
    search,
    {
      sql: `(${narrow.sql} AND ${condition.sql})`,
      values: [...narrow.values, ...condition.values],
    },
  );
  return {
    rows: rows.map(({ recipient_id: _, ...row }) => ({ ...row, origins: originsOf(row.origins) })),
    next,
  };
}

interface RelationRow extends Omit<StoredRelation, "origins"> {
  readonly recipient_id: number;
  readonly origins: string;
}

export function searchReputations(
  db: Database,
  search: OriginSearch,
  hide?: Pseudonym,
): Page<StoredReputation> {
  const page = inOrder<Omit<StoredReputation, "domains"> & { domains?: string }>(
    db,
    "reputation",
    "reputation",
    ["name", REPUTATION_COLUMNS],
    search,
    search.origins === undefined
      ? contains(["name"], search.text, hide)
      : anyOf(search.origins.map((name) => ({
        // A pair is hidden as a whole and is not found by its network.
        sql: "(name = ? OR substr(name, 1, ?) = ?)",
        values: [hideOrigin(name, hide), name.length + 1, `${name} `],
      }))),
  );
  const rows = page.rows.map(({ domains, ...row }) => ({
    ...row,
    ...(domains === undefined ? {} : { domains: servedDomainsOf(domains) }),
  }));
  return { rows, next: page.next };
}
