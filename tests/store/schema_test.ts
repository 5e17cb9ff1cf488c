import { assertEquals, assertThrows } from "@std/assert";
import { Database } from "@db/sqlite";
import { tripletKey } from "../../lib/greylist/model.ts";
import { StoreFault } from "../../lib/store/fault.ts";
import { APPLICATION_ID, migrate, MIGRATIONS } from "../../lib/store/schema.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";

const key = tripletKey("net:192.0.2.0/24", "alice@example.org", "bob@example.net");

/** What a Greylag of each version would have stored; entry n is for version n + 1. */
const CONTENTS: readonly string[] = [
  `INSERT INTO triplet VALUES ('alice@example.org', 'bob@example.net', 'net:192.0.2.0/24',
     1, 2, 3, NULL, 0);
   INSERT INTO origin VALUES ('net:192.0.2.0/24', 1, 2, 3, 4);
   INSERT INTO entry (list, match_on, pattern, note, added_by, created)
     VALUES ('allow', 'client', '192.0.2.1', '', 'root', 1);
   INSERT INTO tally VALUES (0, 'reason:new', 1);
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

Deno.test("there is a database of every earlier version to be opened", () => {
  assertEquals(CONTENTS.length, MIGRATIONS.length);
});

for (let version = 0; version <= MIGRATIONS.length; version++) {
  Deno.test(`a database of version ${version} is opened, and keeps what it holds`, async () => {
    const directory = await Deno.makeTempDir();
    const path = `${directory}/g.db`;
    databaseOfVersion(path, version);
    const store = new SqliteStore(path);
    store.exchange([key], ({ triplets, origins }) => {
      const held = version > 0;
      assertEquals(triplets.get(key.id)?.tries, held ? 3 : undefined);
      assertEquals(origins.get(key.origin)?.deliveries, held ? 3 : undefined);
      return [];
    });
    store.close();
    const db = new Database(path);
    assertEquals(db.prepare("PRAGMA user_version").value(), [MIGRATIONS.length]);
    assertEquals(db.prepare("PRAGMA integrity_check").value(), ["ok"]);
    db.close();
    await Deno.remove(directory, { recursive: true });
  });
}

function faultOfMigrating(prepare: (db: Database) => void): string {
  const db = new Database(":memory:", { int64: true });
  prepare(db);
  const fault = assertThrows(() => migrate(db, "/path/g.db"), StoreFault, "/path/g.db");
  db.close();
  return fault.kind;
}

Deno.test("a database of a newer greylag or of another program is left alone", () => {
  assertEquals(
    faultOfMigrating((db) => {
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      db.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    }),
    "newer",
  );
  assertEquals(faultOfMigrating((db) => db.exec("CREATE TABLE photos (id)")), "foreign");
  assertEquals(faultOfMigrating((db) => db.exec("PRAGMA application_id = 1")), "foreign");
});
