import type { Database } from "@db/sqlite";
import type { DatabaseAccess } from "./connection.ts";
import type { Page } from "./history.ts";
import { anywhere } from "./search.ts";
import type {
  EntrySearch,
  Hits,
  KeptFile,
  ListStore,
  NewEntry,
  RuleHits,
  StoredEntry,
} from "./store.ts";

/** The list store in the tables `entry`, `rule_hit`, `list_file` and `revision`. */
export function listStoreOn(database: DatabaseAccess): ListStore {
  return {
    entries: () => database.read(({ db }) => readEntries(db)),
    find: (search) => database.read(({ db }) => searchEntries(db, search)),
    entry: (id) => database.read(({ db }) => readEntry(db, id)),
    add: (entry) => database.write(({ db }) => writeEntry(db, entry)),
    remove: (id) => database.write(({ db }) => deleteEntry(db, id)),
    removeEnded: (before) => database.write(({ db }) => deleteEndedEntries(db, before)),
    revision: () => database.read(({ db }) => readRevision(db)),
    countHits: (hits) => database.write(({ db }) => writeHits(db, hits)),
    ruleHits: () => database.read(({ db }) => readRuleHits(db)),
    keptFiles: () => database.read(({ db }) => readKeptFiles(db)),
    keepFiles: (files) => database.write(({ db }) => writeKeptFiles(db, files)),
  };
}

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

const countRevision = (db: Database) =>
  db.exec("UPDATE revision SET number = number + 1 WHERE what = ?", "entry");

function readEntries(db: Database): StoredEntry[] {
  return db.prepare("SELECT * FROM entry ORDER BY id").all<Row>().map(entryOf);
}

function readEntry(db: Database, id: number): StoredEntry | undefined {
  const row = db.prepare("SELECT * FROM entry WHERE id = ?").get<Row>(id);
  return row === undefined ? undefined : entryOf(row);
}

function searchEntries(
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

function writeEntry(db: Database, entry: NewEntry): StoredEntry {
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
  countRevision(db);
  return entryOf(row!);
}

function deleteEntry(db: Database, id: number): boolean {
  const isGone = db.prepare("DELETE FROM entry WHERE id = ?").run(id) > 0;
  if (isGone) countRevision(db);
  return isGone;
}

function deleteEndedEntries(db: Database, before: number): number {
  const count = db.prepare("DELETE FROM entry WHERE expires < ?").run(before);
  if (count > 0) countRevision(db);
  return count;
}

function readRevision(db: Database): number {
  return db.prepare("SELECT number FROM revision WHERE what = ?").value<[number]>("entry")?.[0] ??
    0;
}

/** Writes without changing anything, to find out that the database can be written. */
export function rewriteRevision(db: Database): void {
  db.exec("UPDATE revision SET number = number WHERE what = ?", "entry");
}

function writeHits(db: Database, hits: readonly Hits[]): void {
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

function readRuleHits(db: Database): RuleHits[] {
  return db.prepare("SELECT rule, hits, last_hit AS lastHit FROM rule_hit ORDER BY rule")
    .all<RuleHits>();
}

interface KeptRow {
  path: string;
  match_on: KeptFile["matchOn"];
  rules: string;
  problem: string | null;
}

function readKeptFiles(db: Database): KeptFile[] {
  return db.prepare("SELECT * FROM list_file ORDER BY path, match_on").all<KeptRow>().map((
    row,
  ) => ({
    path: row.path,
    matchOn: row.match_on,
    rules: JSON.parse(row.rules),
    ...(row.problem === null ? {} : { problem: row.problem }),
  }));
}

function writeKeptFiles(db: Database, files: readonly KeptFile[]): void {
  db.exec("DELETE FROM list_file");
  const insert = db.prepare(
    "INSERT INTO list_file (path, match_on, rules, problem) VALUES (?, ?, ?, ?)",
  );
  for (const { path, matchOn, rules, problem } of files) {
    insert.run(path, matchOn, JSON.stringify(rules), problem ?? null);
  }
}
