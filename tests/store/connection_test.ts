import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Database } from "@db/sqlite";
import type { Memory } from "../../lib/greylist/memory.ts";
import { Connection } from "../../lib/store/connection.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import { inDirectory } from "../daemon.ts";
import { keyOf, pending } from "./records.ts";

const put = (tries = 3) => [pending("alice@example.org", { tries })];

const triesIn = (memory: Memory) => memory.pending(keyOf("alice@example.org"))[0]?.tries;

function triesOf(store: SqliteStore): number | undefined {
  let tries: number | undefined;
  store.greylist.exchange((memory) => {
    tries = triesIn(memory);
    return [];
  });
  return tries;
}

Deno.test("a constant statement is prepared once", () => {
  const connection = new Connection(":memory:");
  assertStrictEquals(connection.statement("SELECT 1"), connection.statement("SELECT 1"));
  connection.close();
});

Deno.test("work that throws is rolled back, and the next transaction begins", () => {
  const connection = new Connection(":memory:");
  const count = () =>
    connection.db.prepare("SELECT count(*) FROM reputation").value<[number]>()![0];
  const insert = "INSERT INTO reputation VALUES ('ip:192.0.2.1', 1, 1, 1, 1, 1, 1, 1, 1, 1, NULL)";
  assertThrows(
    () =>
      connection.write(({ db }) => {
        db.exec(insert);
        throw new Error("no");
      }),
    DatabaseError,
  );
  assertEquals(count(), 0);
  connection.write(({ db }) => db.exec(insert));
  assertEquals(count(), 1);
  connection.close();
});

Deno.test("two connections see each other's records", async () => {
  await inDirectory((directory) => {
    const one = new SqliteStore(new Connection(`${directory}/g.db`));
    const other = new SqliteStore(new Connection(`${directory}/g.db`));
    one.greylist.exchange(() => put());
    other.greylist.exchange((memory) => {
      assertEquals(triesIn(memory), 3);
      return put(4);
    });
    one.greylist.exchange((memory) => {
      assertEquals(triesIn(memory), 4);
      return [];
    });
    one.close();
    other.close();
  });
});

Deno.test("a batch runs again if another connection wrote after its read", async () => {
  await inDirectory((directory) => {
    const one = new SqliteStore(new Connection(`${directory}/g.db`));
    const other = new SqliteStore(new Connection(`${directory}/g.db`));
    let turns = 0;
    one.greylist.exchange((memory) => {
      turns++;
      const tries = (triesIn(memory) ?? 0) + 1;
      if (turns === 1) other.greylist.exchange(() => put());
      return put(tries);
    });
    assertEquals(turns, 2);
    one.close();
    other.close();
    const store = new SqliteStore(new Connection(`${directory}/g.db`));
    assertEquals(triesOf(store), 4);
    store.close();
  });
});

Deno.test("a locked database is an error of that kind", async () => {
  await inDirectory((directory) => {
    const store = new SqliteStore(new Connection(`${directory}/g.db`));
    const locker = new Database(`${directory}/g.db`);
    locker.exec("BEGIN IMMEDIATE");
    const error = assertThrows(
      () => store.greylist.exchange(() => put()),
      DatabaseError,
    );
    assertEquals(error.kind, "locked");
    assertThrows(() => store.check(), DatabaseError, "locked");
    locker.exec("ROLLBACK");
    store.greylist.exchange(() => put());
    locker.close();
    store.close();
  });
});
