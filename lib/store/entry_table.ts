import type { Database } from "@db/sqlite";
import type { EntryState } from "../greylist/merge.ts";
import type { Connection, DatabaseAccess } from "./connection.ts";
import type { Page } from "./history.ts";
import type { Outbox } from "./outbox.ts";
import { anywhere } from "./search.ts";
import type { Site } from "./shared_change.ts";
import { nextEntryId } from "./site.ts";
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
    add: (entry) => database.write((connection) => writeEntry(connection, entry)),
    remove: (id) => database.write((connection) => deleteEntry(connection, id)),
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

function writeEntry({ db, outbox }: Connection, entry: NewEntry): StoredEntry {
  const isNew = outbox !== undefined && readId(db, entry) === undefined;
  const row = insertEntry(db, entry, isNew ? nextEntryId(db, outbox.site) : undefined);
  if (outbox !== undefined) noteEntry(db, outbox, entry, Date.now(), false);
  countRevision(db);
  return entryOf(row);
}

/** @param id undefined for the next number. */
function insertEntry(db: Database, entry: NewEntry, id?: number): Row {
  return db.prepare(
    "INSERT INTO entry (id, list, match_on, pattern, note, added_by, created, expires) " +
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (list, match_on, pattern) DO UPDATE SET " +
      "note = excluded.note, added_by = excluded.added_by, created = excluded.created, " +
      "expires = excluded.expires RETURNING *",
  ).get<Row>(
    id ?? null,
    entry.list,
    entry.matchOn,
    entry.pattern,
    entry.note,
    entry.addedBy,
    entry.created,
    entry.expires ?? null,
  )!;
}

function deleteEntry({ db, outbox }: Connection, id: number): boolean {
  const row = db.prepare("DELETE FROM entry WHERE id = ? RETURNING *").get<Row>(id);
  if (row === undefined) return false;
  if (outbox !== undefined) noteEntry(db, outbox, entryOf(row), Date.now(), true);
  countRevision(db);
  return true;
}

/** The key of an entry, the same at all sites. */
export interface EntryIdentity {
  readonly list: string;
  readonly matchOn: string;
  readonly pattern: string;
}

function readId(db: Database, { list, matchOn, pattern }: EntryIdentity): number | undefined {
  return db.prepare("SELECT id FROM entry WHERE list = ? AND match_on = ? AND pattern = ?")
    .value<[number]>(list, matchOn, pattern)?.[0];
}

function readStamp(
  db: Database,
  { list, matchOn, pattern }: EntryIdentity,
): readonly [stamp: number, removed: number] | undefined {
  return db.prepare(
    "SELECT stamp, removed FROM entry_stamp WHERE list = ? AND match_on = ? AND pattern = ?",
  ).value<[number, number]>(list, matchOn, pattern);
}

function writeStamp(
  db: Database,
  { list, matchOn, pattern }: EntryIdentity,
  stamp: number,
  isRemoved: boolean,
): void {
  db.exec(
    "REPLACE INTO entry_stamp VALUES (?, ?, ?, ?, ?)",
    list,
    matchOn,
    pattern,
    stamp,
    isRemoved ? 1 : 0,
  );
}

/** A change follows those that it replaces, also if another site's clock is ahead. */
function noteEntry(
  db: Database,
  outbox: Outbox,
  identity: EntryIdentity,
  now: number,
  isRemoved: boolean,
): void {
  writeStamp(db, identity, Math.max(now, (readStamp(db, identity)?.[0] ?? 0) + 1), isRemoved);
  outbox.add("entry", identity.list, identity.matchOn, identity.pattern);
}

/** The state of an entry to merge; undefined if this site never had it. */
export function readEntryState(db: Database, identity: EntryIdentity): EntryState | undefined {
  const stamp = readStamp(db, identity);
  const row = db.prepare("SELECT * FROM entry WHERE list = ? AND match_on = ? AND pattern = ?")
    .get<Row>(identity.list, identity.matchOn, identity.pattern);
  if (row === undefined) return stamp?.[1] === 1 ? { stamp: stamp[0] } : undefined;
  const { note, added_by: addedBy, created, expires } = row;
  return {
    stamp: stamp?.[0] ?? created,
    entry: { note, addedBy, created, ...(expires === null ? {} : { expires }) },
  };
}

/** @param id the number at another site, kept if it is free. */
export function writeEntryState(
  db: Database,
  site: Site,
  identity: EntryIdentity,
  { stamp, entry }: EntryState,
  id?: number,
): void {
  writeStamp(db, identity, stamp, entry === undefined);
  countRevision(db);
  if (entry === undefined) {
    const { list, matchOn, pattern } = identity;
    db.exec(
      "DELETE FROM entry WHERE list = ? AND match_on = ? AND pattern = ?",
      list,
      matchOn,
      pattern,
    );
    return;
  }
  const isFree = id !== undefined && readEntry(db, id) === undefined;
  const isKnown = readId(db, identity) !== undefined;
  const { list, matchOn, pattern } = identity as Pick<NewEntry, "list" | "matchOn" | "pattern">;
  const given = { list, matchOn, pattern, ...entry };
  insertEntry(db, given, isKnown ? undefined : isFree ? id : nextEntryId(db, site));
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
  since: number | null;
}

function readKeptFiles(db: Database): KeptFile[] {
  return db.prepare("SELECT * FROM list_file ORDER BY path, match_on").all<KeptRow>().map((
    row,
  ) => ({
    path: row.path,
    matchOn: row.match_on,
    rules: JSON.parse(row.rules),
    ...(row.problem === null ? {} : { problem: row.problem }),
    ...(row.since === null ? {} : { since: row.since }),
  }));
}

function writeKeptFiles(db: Database, files: readonly KeptFile[]): void {
  db.exec("DELETE FROM list_file");
  const insert = db.prepare(
    "INSERT INTO list_file (path, match_on, rules, problem, since) VALUES (?, ?, ?, ?, ?)",
  );
  for (const { path, matchOn, rules, problem, since } of files) {
    insert.run(path, matchOn, JSON.stringify(rules), problem ?? null, since ?? null);
  }
}
