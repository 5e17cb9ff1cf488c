import { assertEquals, assertThrows } from "@std/assert";
import { Database } from "@db/sqlite";
import { Connection } from "../../lib/store/connection.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import { APPLICATION_ID, migrate, MIGRATIONS } from "../../lib/store/schema.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import { inDirectory } from "../daemon.ts";

const key = { sender: "alice@example.org", recipient: "bob@example.net" };

/** Rows of each version of the schema; entry n is for version n + 1. */
const CONTENTS: readonly string[] = [
  `INSERT INTO pending VALUES ('alice@example.org', 'bob@example.net', 'net:192.0.2.0/24',
     'ip:192.0.2.10', 1, 2, 3, 4);
   INSERT INTO recipient VALUES (7, 'bob@example.net');
   INSERT INTO relation VALUES (7, 'alice@example.org', 'ip:192.0.2.10', 4, 3);
   INSERT INTO reputation VALUES ('ip:192.0.2.10', 1.5, 0, 5, 1, 1, 2, 1, 0, NULL, NULL);
   INSERT INTO entry (list, match_on, pattern, note, added_by, created)
     VALUES ('allow', 'client', '192.0.2.1', '', 'root', 1);
   INSERT INTO tally VALUES (0, 'defer', 'new', '', 1);
   INSERT INTO delay_tally VALUES (0, 60, 1);
   INSERT INTO credential VALUES ('token', 'monitoring', 'x', 1);`,
];

function databaseOfVersion(path: string, version: number): void {
  const db = new Database(path);
  for (const migration of MIGRATIONS.slice(0, version)) db.exec(migration);
  if (version > 0) {
    db.exec(CONTENTS[version - 1]!);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.exec(`PRAGMA user_version = ${version}`);
  }
  db.close();
}

Deno.test("every version of the schema has rows to migrate", () => {
  assertEquals(CONTENTS.length, MIGRATIONS.length);
});

for (let version = 0; version <= MIGRATIONS.length; version++) {
  Deno.test(`a database of version ${version} is migrated and keeps its rows`, async () => {
    await inDirectory((directory) => {
      const path = `${directory}/g.db`;
      databaseOfVersion(path, version);
      const store = new SqliteStore(new Connection(path));
      store.greylist.exchange((memory) => {
        const held = version > 0;
        assertEquals(memory.pending(key).map(({ tries }) => tries), held ? [3] : []);
        assertEquals(memory.relation(key)?.lastSeen, held ? 4 : undefined);
        assertEquals(memory.reputation("ip:192.0.2.10")?.total, held ? 5 : undefined);
        return [];
      });
      store.close();
      const db = new Database(path);
      assertEquals(db.prepare("PRAGMA user_version").value(), [MIGRATIONS.length]);
      assertEquals(db.prepare("PRAGMA integrity_check").value(), ["ok"]);
      db.close();
    });
  });
}

function errorOfMigrating(prepare: (db: Database) => void): string {
  const db = new Database(":memory:", { int64: true });
  prepare(db);
  const error = assertThrows(() => migrate(db, "/path/g.db"), DatabaseError, "/path/g.db");
  db.close();
  return error.kind;
}

Deno.test("a database of a newer greylag or of another program is an error", () => {
  assertEquals(
    errorOfMigrating((db) => {
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      db.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    }),
    "newer",
  );
  assertEquals(errorOfMigrating((db) => db.exec("CREATE TABLE photos (id)")), "foreign");
  assertEquals(errorOfMigrating((db) => db.exec("PRAGMA application_id = 1")), "foreign");
});
