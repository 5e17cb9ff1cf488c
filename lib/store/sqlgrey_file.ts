import { Database } from "@db/sqlite";

/** First bytes of an SQLite file. */
const MAGIC = "SQLite format 3\0";

export function isSqliteText(text: string): boolean {
  return text.startsWith(MAGIC);
}

export function isSqliteFile(path: string): boolean {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(MAGIC.length);
  const count = file.readSync(bytes) ?? 0;
  return new TextDecoder("latin1").decode(bytes.subarray(0, count)) === MAGIC;
}

/**
 * Reads all rows of the tables that exist, each with its columns by name.
 *
 * @throws {Error} if the file cannot be read as a database.
 */
export function readTables(
  path: string,
  tables: readonly string[],
): ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]> {
  const db = new Database(path, { readonly: true, int64: true });
  try {
    const found = new Map<string, Record<string, unknown>[]>();
    for (const table of tables) {
      const isThere = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")
        .value(table);
      if (isThere === undefined) continue;
      found.set(table, db.prepare(`SELECT * FROM "${table}"`).all());
    }
    return found;
  } finally {
    db.close();
  }
}
