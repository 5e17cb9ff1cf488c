/**
 * Erasing remains of deleted and moved rows from the free space of the files. VACUUM would do it, but
 * it attaches a database, which Deno forbids without full permissions.
 *
 * @module
 */
import type { Database } from "@db/sqlite";

/** Maximum bytes of one value; SQLite's limit is 1 GB. */
const MAX_FILLER = 64 * 1024 * 1024;

function numberOf(db: Database, pragma: string): number {
  return db.prepare(`PRAGMA ${pragma}`).value<[number]>()![0];
}

/** Overwrites free pages; needs `secure_delete`. */
function overwriteFreePages(db: Database): void {
  let left = numberOf(db, "freelist_count") * numberOf(db, "page_size");
  db.exec("CREATE TABLE filler (content BLOB)");
  const fill = db.prepare("INSERT INTO filler VALUES (zeroblob(?))");
  for (; left > 0; left -= MAX_FILLER) fill.run(Math.min(left, MAX_FILLER));
  db.exec("DROP TABLE filler");
}

/** Rewrites all rows of a table, to pages without remains; needs `secure_delete`. */
function rewriteTable(db: Database, table: string): void {
  db.exec(`
    CREATE TABLE copy AS SELECT * FROM ${table};
    DELETE FROM ${table};
    INSERT INTO ${table} SELECT * FROM copy;
    DROP TABLE copy;
  `);
}

/**
 * Rewrites all tables without remains of deleted rows, within the caller's transaction. Takes about 30 ms
 * a megabyte. The file grows by the size of the largest table, and later rows fill that space: a copy in
 * memory could exceed the memory limit of the daemon's unit.
 */
export function rewriteTables(db: Database): void {
  const named = (type: string) =>
    db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite%'")
      .values<[name: string, sql: string]>(type);
  const triggers = named("trigger");
  db.exec("PRAGMA secure_delete = ON");
  try {
    overwriteFreePages(db);
    // Triggers delete rows of other tables, and disable SQLite's truncate optimisation.
    for (const [name] of triggers) db.exec(`DROP TRIGGER ${name}`);
    for (const [name] of named("table")) rewriteTable(db, name);
    for (const [, sql] of triggers) db.exec(sql);
  } finally {
    db.exec("PRAGMA secure_delete = OFF");
  }
}

/** Truncates the write-ahead log, which has earlier content of the pages. */
export function truncateLog(db: Database): void {
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}
