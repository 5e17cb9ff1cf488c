import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Database } from "@db/sqlite";
import { type Triplet, tripletKey } from "../../lib/greylist/model.ts";
import { Connection } from "../../lib/store/connection.ts";
import { DatabaseError } from "../../lib/store/database_error.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import { inDirectory } from "../daemon.ts";

const key = tripletKey("net:192.0.2.0/24", "alice@example.org", "bob@example.net");
const record: Triplet = { firstSeen: 1, lastSeen: 2, tries: 3, counted: false };

function triesOf(store: SqliteStore): number | undefined {
  let tries: number | undefined;
  store.greylist.exchange([key], ({ triplets }) => {
    tries = triplets.get(key.id)?.tries;
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
  const count = () => connection.db.prepare("SELECT count(*) FROM origin").value<[number]>()![0];
  const insert = "INSERT INTO origin VALUES ('ip:192.0.2.1', 1, 1, 1, 1)";
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
    one.greylist.exchange([key], () => [{ kind: "triplet", key, record }]);
    other.greylist.exchange([key], ({ triplets }) => {
      assertEquals(triplets.get(key.id), record);
      return [{ kind: "triplet", key, record: { ...record, tries: 4 } }];
    });
    one.greylist.exchange([key], ({ triplets }) => {
      assertEquals(triplets.get(key.id)?.tries, 4);
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
    one.greylist.exchange([key], ({ triplets }) => {
      turns++;
      if (turns === 1) other.greylist.exchange([], () => [{ kind: "triplet", key, record }]);
      const tries = (triplets.get(key.id)?.tries ?? 0) + 1;
      return [{ kind: "triplet", key, record: { ...record, tries } }];
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
      () => store.greylist.exchange([], () => [{ kind: "triplet", key, record }]),
      DatabaseError,
    );
    assertEquals(error.kind, "locked");
    assertThrows(() => store.check(), DatabaseError, "locked");
    locker.exec("ROLLBACK");
    store.greylist.exchange([], () => [{ kind: "triplet", key, record }]);
    locker.close();
    store.close();
  });
});
