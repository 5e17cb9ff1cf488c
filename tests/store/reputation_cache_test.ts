import { assertEquals, assertThrows } from "@std/assert";
import type { Reputation } from "../../lib/greylist/model.ts";
import { Connection } from "../../lib/store/connection.ts";
import { ReputationCache } from "../../lib/store/reputation_cache.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import { inDirectory } from "../daemon.ts";
import { REPUTATION, reputation } from "./records.ts";

/** A table that counts how often it is read. */
function tableOf(records: Map<string, Reputation>) {
  const table = {
    changes: 1,
    scans: 0,
    finds: 0,
    version: () => table.changes,
    read: (limit: number) => {
      table.scans++;
      return [...records].slice(0, limit);
    },
    find: (name: string) => {
      table.finds++;
      return records.get(name);
    },
  };
  return table;
}

Deno.test("a table of few reputations is read once, and again when another connection writes", () => {
  const records = new Map([["ip:1", REPUTATION]]);
  const table = tableOf(records);
  const cache = new ReputationCache(table);
  for (let transaction = 0; transaction < 3; transaction++) {
    cache.begin();
    assertEquals(cache.get("ip:1"), REPUTATION);
    assertEquals(cache.get("ip:2"), undefined);
  }
  assertEquals([table.scans, table.finds], [1, 0]);
  records.set("ip:2", REPUTATION);
  table.changes++;
  cache.begin();
  assertEquals(cache.get("ip:2"), REPUTATION);
  assertEquals([table.scans, table.finds], [2, 0]);
});

Deno.test("a table of many reputations is not kept in memory", () => {
  const records = new Map([["ip:1", REPUTATION], ["ip:2", REPUTATION]]);
  const table = tableOf(records);
  const cache = new ReputationCache(table, 2);
  cache.begin();
  assertEquals(cache.get("ip:1"), REPUTATION);
  records.set("ip:3", REPUTATION);
  cache.put("ip:3", REPUTATION);
  cache.begin();
  assertEquals(cache.get("ip:3"), REPUTATION);
  assertEquals(cache.get("ip:4"), undefined);
  assertEquals([table.scans, table.finds], [1, 2]);
});

Deno.test("a reputation that was not committed is forgotten, one of another process is seen", async () => {
  await inDirectory((directory) => {
    const path = `${directory}/greylag.db`;
    const [store, other] = [
      new SqliteStore(new Connection(path)),
      new SqliteStore(new Connection(path)),
    ];
    const read = (name: string) => {
      let found: Reputation | undefined;
      store.greylist.exchange((memory) => {
        found = memory.reputation(name);
        return [];
      });
      return found;
    };
    try {
      store.greylist.exchange(() => [reputation("ip:1")]);
      assertEquals(read("ip:1"), REPUTATION);
      other.greylist.exchange(() => [reputation("ip:2")]);
      assertEquals(read("ip:2"), REPUTATION);
      const broken = { ...REPUTATION, retried: NaN };
      assertThrows(() =>
        store.greylist.exchange(() => [
          reputation("ip:3"),
          { kind: "reputation", key: "ip:4", record: broken },
        ])
      );
      assertEquals(read("ip:3"), undefined);
      other.forget("192.0.2.1");
      assertEquals(read("ip:1"), REPUTATION);
    } finally {
      store.close();
      other.close();
    }
  });
});
