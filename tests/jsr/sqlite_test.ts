import { assert, assertEquals, assertThrows } from "@std/assert";
import { Database } from "@db/sqlite";
import { inDirectory } from "../daemon.ts";

Deno.test("rows are returned as objects or arrays, the first or all", () => {
  const db = new Database(":memory:", { int64: true });
  db.exec("CREATE TABLE t (a INTEGER, b TEXT, c BLOB)");
  const insert = db.prepare("INSERT INTO t VALUES (?, ?, ?)");
  assertEquals(insert.run(1, "x", new Uint8Array([1, 2])), 1);
  assertEquals(insert.run(1_700_000_000_000, null, null), 1);
  const select = db.prepare("SELECT a, b FROM t ORDER BY a");
  assertEquals(select.get<{ a: number; b: string }>(), { a: 1, b: "x" });
  assertEquals(select.value<[number, string]>(), [1, "x"]);
  assertEquals(select.values<[number, string | null]>(), [[1, "x"], [1_700_000_000_000, null]]);
  assertEquals(select.all<{ a: number; b: string | null }>(), [
    { a: 1, b: "x" },
    { a: 1_700_000_000_000, b: null },
  ]);
  const none = db.prepare("SELECT a FROM t WHERE a = ?");
  assertEquals([none.get(0), none.value(0), none.all(0)], [undefined, undefined, []]);
  assertEquals(db.prepare("SELECT c FROM t WHERE a = 1").value(), [new Uint8Array([1, 2])]);
  db.close();
});

Deno.test("parameters are bound in order or by name", () => {
  const db = new Database(":memory:");
  assertEquals(db.prepare("SELECT ?, ?, ?").value(true, undefined, 1.5), [1, null, 1.5]);
  assertEquals(db.prepare("SELECT :a, :b").value({ a: "x", b: 2 }), ["x", 2]);
  db.close();
});

Deno.test("integers are cut to 32 bits unless int64 is set", () => {
  const db = new Database(":memory:");
  assertEquals(db.prepare("SELECT 4294967297").value(), [1]);
  db.close();
});

Deno.test("exec runs several statements and returns the rows changed", () => {
  const db = new Database(":memory:");
  db.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)");
  assertEquals(db.exec("UPDATE t SET a = ?", 5), 2);
  assertEquals(db.changes, 2);
  assertEquals(db.inTransaction, false);
  db.exec("BEGIN");
  assertEquals([db.inTransaction, db.autocommit], [true, false]);
  db.exec("INSERT INTO t VALUES (9)");
  db.exec("ROLLBACK");
  assertEquals(db.prepare("SELECT count(*) FROM t").value(), [2]);
  db.close();
});

Deno.test("an SQL error throws, and a closed database can be closed again", () => {
  const db = new Database(":memory:");
  assertThrows(() => db.prepare("SELEKT 1"), Error, "syntax error");
  db.close();
  db.close();
  assertEquals(db.open, false);
});

Deno.test("a file is created, kept, and not writable if opened read-only", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/x.db`;
    const db = new Database(path);
    db.exec("CREATE TABLE t (a)");
    db.close();
    assert((await Deno.stat(path)).isFile);
    const reader = new Database(path, { readonly: true });
    assertThrows(() => reader.exec("INSERT INTO t VALUES (1)"), Error, "readonly");
    reader.close();
    assertThrows(() => new Database(`${path}.none`, { create: false }));
  });
});
