/**
 * The entries of the lists in an SQLite database.
 *
 * @module
 */
import type { Database } from "@db/sqlite";
import type { Page } from "./history.ts";
import { anywhere } from "./like.ts";
import type { EntrySearch, Hits, NewEntry, RuleHits, StoredEntry } from "./store.ts";

interface Row {
  id: number;
  list: StoredEntry["list"];
  match_on: StoredEntry["matchOn"];
  pattern: string;
  note: string;
  added_by: string;
  created: number;
  expires: number | null;
  hits: number;
  last_hit: number | null;
}

function entryOf(row: Row): StoredEntry {
  return {
    id: row.id,
    list: row.list,
    matchOn: row.match_on,
    pattern: row.pattern,
    note: row.note,
    addedBy: row.added_by,
    created: row.created,
    ...(row.expires === null ? {} : { expires: row.expires }),
    hits: row.hits,
    ...(row.last_hit === null ? {} : { lastHit: row.last_hit }),
  };
}

const changed = (db: Database) =>
  db.exec("UPDATE revision SET number = number + 1 WHERE what = ?", "entry");

/** All entries, the oldest first. */
export function readEntries(db: Database): StoredEntry[] {
  return db.prepare("SELECT * FROM entry ORDER BY id").all<Row>().map(entryOf);
}

/** The entry of that number. */
export function readEntry(db: Database, id: number): StoredEntry | undefined {
  const row = db.prepare("SELECT * FROM entry WHERE id = ?").get<Row>(id);
  return row === undefined ? undefined : entryOf(row);
}

/** One page of entries, the newest first. */
export function searchEntries(
  db: Database,
  { text, list, limit, after }: EntrySearch,
): Page<StoredEntry> {
  const like = anywhere(text);
  const rows = db.prepare(
    "SELECT * FROM entry WHERE id < ? AND (? IS NULL OR list = ?) AND " +
      "(pattern LIKE ? ESCAPE '\\' OR note LIKE ? ESCAPE '\\') ORDER BY id DESC LIMIT ?",
  ).all<Row>(
    after === undefined ? Number.MAX_SAFE_INTEGER : Number(after),
    list ?? null,
    list ?? null,
    like,
    like,
    limit,
  );
  const next = rows.length < limit ? undefined : String(rows.at(-1)!.id);
  return { rows: rows.map(entryOf), next };
}

/** Adds an entry, or puts it in the place of the one with its list, match_on and pattern. */
export function writeEntry(db: Database, entry: NewEntry): StoredEntry {
  const row = db.prepare(
    "INSERT INTO entry (list, match_on, pattern, note, added_by, created, expires) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (list, match_on, pattern) DO UPDATE SET " +
      "note = excluded.note, added_by = excluded.added_by, created = excluded.created, " +
      "expires = excluded.expires RETURNING *",
  ).get<Row>(
    entry.list,
    entry.matchOn,
    entry.pattern,
    entry.note,
    entry.addedBy,
    entry.created,
    entry.expires ?? null,
  );
  changed(db);
  return entryOf(row!);
}

/** Removes an entry; tells whether it was there. */
export function deleteEntry(db: Database, id: number): boolean {
  const isGone = db.prepare("DELETE FROM entry WHERE id = ?").run(id) > 0;
  if (isGone) changed(db);
  return isGone;
}

/** Removes the entries that ended before a time; tells how many. */
export function deleteEndedEntries(db: Database, before: number): number {
  const count = db.prepare("DELETE FROM entry WHERE expires < ?").run(before);
  if (count > 0) changed(db);
  return count;
}

/** The number of changes so far. */
export function readRevision(db: Database): number {
  return db.prepare("SELECT number FROM revision WHERE what = ?").value<[number]>("entry")?.[0] ??
    0;
}

/** Writes the number of changes as it is. */
export function rewriteRevision(db: Database): void {
  db.exec("UPDATE revision SET number = number WHERE what = ?", "entry");
}

/** Adds to the hits of entries and of other rules; an entry that is gone meanwhile stays gone. */
export function writeHits(db: Database, hits: readonly Hits[]): void {
  const ofEntry = db.prepare(
    "UPDATE entry SET hits = hits + ?, last_hit = max(coalesce(last_hit, 0), ?) WHERE id = ?",
  );
  const ofRule = db.prepare(
    "INSERT INTO rule_hit (hits, last_hit, rule) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET " +
      "hits = hits + excluded.hits, last_hit = max(last_hit, excluded.last_hit)",
  );
  for (const { rule, count, last } of hits) {
    (typeof rule === "number" ? ofEntry : ofRule).run(count, last, rule);
  }
}

/** The hits of the rules that are not stored themselves. */
export function readRuleHits(db: Database): RuleHits[] {
  return db.prepare("SELECT rule, hits, last_hit AS lastHit FROM rule_hit ORDER BY rule")
    .all<RuleHits>();
}
