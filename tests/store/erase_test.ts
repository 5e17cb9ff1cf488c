import { assertEquals } from "@std/assert";
import type { Database } from "@db/sqlite";
import fc from "fast-check";
import { Connection } from "../../lib/store/connection.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import { inDirectory } from "../daemon.ts";
import { decision, pending, relation, reputation } from "./records.ts";

/** All rows of all tables, the last numbers of tables that ever had a row, and the schema. */
function contentOf(db: Database): unknown {
  const schema = db.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")
    .values<[type: string, name: string, sql: string | null]>();
  const tables = schema.filter(([type]) => type === "table").map(([, name]) => [
    name,
    db.prepare(`SELECT * FROM ${name} ${name === "sqlite_sequence" ? "WHERE seq > 0" : ""}`)
      .values().map((row) => JSON.stringify(row)).sort(),
  ]);
  return { schema, tables };
}

Deno.test("erasing keeps every row, index and trigger", () => {
  const connection = new Connection(":memory:", {
    share: { file: "1", as: { name: "mx1", forgetKey: new Uint8Array(32) } },
  });
  const store = new SqliteStore(connection);
  const senders = Array.from({ length: 500 }, (_, at) => `sender${at}@example.org`);
  store.greylist.exchange(() =>
    senders.flatMap((sender) => [pending(sender), relation(sender), reputation(`org:${sender}`)])
  );
  store.lists.add({
    list: "allow",
    matchOn: "client",
    pattern: "192.0.2.1",
    note: "",
    addedBy: "test",
    created: 1,
  });
  const decisions = senders.map((sender) => decision({ sender, normalisedSender: sender }));
  store.history.record({ decisions, tallies: [], delays: [], quietPeriod: 9 });
  const { db } = connection;
  const before = contentOf(db);
  connection.eraseDeleted();
  assertEquals(contentOf(db), before);
  assertEquals(db.prepare("PRAGMA integrity_check").value(), ["ok"]);
  db.exec("DELETE FROM decision");
  assertEquals(db.prepare("SELECT count(*) FROM decision_hash").value(), [0]);
  connection.close();
});

type Step = readonly [row: number, length: number];

Deno.test("no text of a deleted or changed row stays in the files", async () => {
  const step: fc.Arbitrary<Step> = fc.tuple(fc.nat(60), fc.constantFrom(0, 0, 60, 900, 9000));
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 100, maxLength: 300 }),
      (steps) =>
        inDirectory(async (directory) => {
          const path = `${directory}/g.db`;
          const connection = new Connection(path);
          const { db } = connection;
          const live = new Map<number, number>();
          for (const [number, [row, length]] of steps.entries()) {
            live.delete(row);
            db.exec("DELETE FROM recipient WHERE id = ?", row);
            if (length === 0) continue;
            live.set(row, number);
            db.exec("INSERT INTO recipient VALUES (?, ?)", row, `<${number}>`.padEnd(length, "x"));
          }
          connection.eraseDeleted();
          const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
          const found = new Set([...text.matchAll(/<(\d+)>/g)].map(([, number]) => Number(number)));
          assertEquals(found, new Set(live.values()));
          assertEquals((await Deno.stat(`${path}-wal`)).size, 0);
          connection.close();
        }),
    ),
    { numRuns: 20 },
  );
});
