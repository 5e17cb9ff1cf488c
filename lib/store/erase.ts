/**
 * Erasing what deleted and moved rows leave in free space of the files. VACUUM would do it, but it
 * attaches a database, which Deno refuses to a process without full permissions.
 *
 * @module
 */
import type { Database } from "@db/sqlite";

/** Bytes of one value; SQLite's limit is 1 GB. */
const MAX_FILLER = 64 * 1024 * 1024;

function numberOf(db: Database, pragma: string): number {
  return db.prepare(`PRAGMA ${pragma}`).value<[number]>()![0];
}

/** Overwrites the pages that are free; needs `secure_delete`. */
function overwriteFreePages(db: Database): void {
  let left = numberOf(db, "freelist_count") * numberOf(db, "page_size");
  db.exec("CREATE TABLE filler (content BLOB)");
  const fill = db.prepare("INSERT INTO filler VALUES (zeroblob(?))");
  for (; left > 0; left -= MAX_FILLER) fill.run(Math.min(left, MAX_FILLER));
  db.exec("DROP TABLE filler");
}

/** Writes all rows of a table again, in pages without remains; needs `secure_delete`. */
function rewriteTable(db: Database, table: string): void {
  db.exec(`
    CREATE TABLE copy AS SELECT * FROM ${table};
    DELETE FROM ${table};
    INSERT INTO ${table} SELECT * FROM copy;
    DROP TABLE copy;
  `);
}

/**
 * Writes the database again without remains of deleted rows, in a transaction that the caller began.
 * Takes about 30 ms a megabyte. The file grows by its largest table, and later rows fill it: a copy in
 * memory could exceed the limit of the daemon's unit.
 */
export function rewriteTables(db: Database): void {
  const named = (type: string) =>
    db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite%'")
      .values<[name: string, sql: string]>(type);
  const triggers = named("trigger");
  db.exec("PRAGMA secure_delete = ON");
  try {
    overwriteFreePages(db);
    // They would delete rows of other tables. A table with one is not cleared as a whole, either.
    for (const [name] of triggers) db.exec(`DROP TRIGGER ${name}`);
    for (const [name] of named("table")) rewriteTable(db, name);
    for (const [, sql] of triggers) db.exec(sql);
  } finally {
    db.exec("PRAGMA secure_delete = OFF");
  }
}

/** Removes the log, which has the earlier content of the pages. */
export function truncateLog(db: Database): void {
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}
