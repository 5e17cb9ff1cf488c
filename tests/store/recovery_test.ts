import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Database } from "@db/sqlite";
import { DatabaseError } from "../../lib/store/database_error.ts";
import { openStore } from "../../lib/store/open.ts";
import { RecoveringDatabase } from "../../lib/store/recovery.ts";
import { SqliteStore } from "../../lib/store/sqlite.ts";
import type { Store } from "../../lib/store/store.ts";
import { inDirectory } from "../daemon.ts";
import { pause } from "../eventually.ts";
import { pending } from "./records.ts";

const PERIOD = 50;

interface Setup {
  directory: string;
  path: string;
  database: RecoveringDatabase;
  store: Store;
  events: string[];
}

async function withStore(
  body: (setup: Setup) => Promise<void> | void,
  period = PERIOD,
): Promise<void> {
  await inDirectory(async (directory) => {
    const path = `${directory}/sub/g.db`;
    const events: string[] = [];
    const database = new RecoveringDatabase({ database: path, privacy: false }, {
      failed: (error) => events.push(error.kind),
      recovered: () => events.push("recovered"),
      replaced: () => events.push("replaced"),
      setAside: (to) => events.push(`set aside ${to}`),
    }, { retryPeriod: period, checkPeriod: period });
    const store = new SqliteStore(database);
    try {
      await body({ directory, path, database, store, events });
    } finally {
      store.close();
    }
  });
}

const put = (store: Store) => store.greylist.exchange(() => [pending("alice@example.org")]);
const untilRetry = (period = PERIOD) => pause(2 * period);

Deno.test("the first operation creates the database and its directory for their owner only", async () => {
  await withStore(async ({ path, store, directory }) => {
    put(store);
    for (const suffix of ["", "-wal", "-shm"]) {
      assertEquals((await Deno.stat(path + suffix)).mode! & 0o777, 0o600, suffix);
    }
    assertEquals((await Deno.stat(`${directory}/sub`)).mode! & 0o777, 0o700);
  });
});

Deno.test("a corrupt file is moved to a dated name and the next operation creates a new one", async () => {
  await withStore(async ({ path, store, events, directory }) => {
    await Deno.mkdir(`${directory}/sub`);
    const noise = "not a database ".repeat(1000);
    await Deno.writeTextFile(path, noise);
    assertThrows(() => put(store), DatabaseError, "moves it aside");
    assertEquals(events.length, 2);
    assertEquals(events[0], "corrupt");
    const aside = events[1]!.replace("set aside ", "");
    assertStringIncludes(aside, `${path}.corrupt-20`);
    assertEquals(await Deno.readTextFile(aside), noise);
    put(store);
    assertEquals(events.at(-1), "recovered");
    assertEquals(store.size(), { pending: 1, relations: 0, reputations: 0 });
  });
});

Deno.test("a file that becomes corrupt while it is used is moved aside as well", async () => {
  await withStore(async ({ path, store, events }) => {
    put(store);
    store.close();
    const file = await Deno.open(path, { write: true });
    await file.seek(100, Deno.SeekMode.Start);
    await file.write(new Uint8Array(8000).fill(0x55));
    file.close();
    assertThrows(() => put(store), DatabaseError);
    assertEquals(events[0], "corrupt");
    put(store);
    assertEquals(events.at(-1), "recovered");
  });
});

Deno.test("a database that cannot be opened is tried again after the retry period", async () => {
  // A busy machine must not let it pass between two operations.
  const period = 1000;
  await withStore(async ({ directory, path, database, store, events }) => {
    await Deno.writeTextFile(`${directory}/sub`, "a file where the directory should be");
    const error = assertThrows(() => put(store), DatabaseError);
    assertStringIncludes(error.message, path);
    assertEquals(database.error, error);
    await Deno.remove(`${directory}/sub`);
    assertThrows(() => put(store), DatabaseError);
    assertEquals(events.length, 1, "tried within the retry period");
    await untilRetry(period);
    put(store);
    assertEquals(events.at(-1), "recovered");
    assert(database.error === undefined);
  }, period);
});

Deno.test("every part of the store fails with the database and recovers with it", async () => {
  await withStore(async ({ directory, store, events }) => {
    const operations: (() => unknown)[] = [
      () => put(store),
      () => store.lists.entries(),
      () => store.history.tallies(0),
      () => store.credentials.all(),
      () => store.forget("alice@example.org"),
      () => store.check(),
      () => store.size(),
    ];
    await Deno.writeTextFile(`${directory}/sub`, "");
    for (const operation of operations) {
      assertThrows(operation, DatabaseError);
      await untilRetry();
    }
    await Deno.remove(`${directory}/sub`);
    for (const operation of operations) operation();
    assertEquals(events.filter((event) => event === "recovered").length, 1);
  });
});

Deno.test("a locked database stays open and works again after the lock", async () => {
  await withStore(async ({ path, store, events }) => {
    put(store);
    const locker = new Database(path);
    locker.exec("BEGIN IMMEDIATE");
    assertThrows(() => put(store), DatabaseError, "locked");
    locker.exec("ROLLBACK");
    locker.close();
    await untilRetry();
    put(store);
    assertEquals(events, ["locked", "recovered"]);
  });
});

Deno.test("a write of another process between read and write is no error", async () => {
  await withStore(({ path, store, events }) => {
    put(store);
    const other = openStore({ database: path, privacy: false });
    let runs = 0;
    store.greylist.exchange((memory) => {
      memory.reputation("ip:192.0.2.10");
      if (runs++ === 0) put(other);
      return [pending("alice@example.org")];
    });
    other.close();
    assertEquals([runs, events], [2, []]);
  });
});

Deno.test("a deleted or replaced file is noticed, and the next write goes to the new one", async () => {
  await withStore(async ({ path, store, events }) => {
    put(store);
    await Deno.remove(path);
    await untilRetry();
    put(store);
    assertEquals(events, ["replaced"]);
    assertEquals((await Deno.stat(path)).isFile, true);
    const other = openStore({ database: `${path}.other`, privacy: false });
    other.lists.add({
      list: "allow",
      matchOn: "client",
      pattern: "192.0.2.1",
      note: "",
      addedBy: "root",
      created: 1,
    });
    other.close();
    for (const suffix of ["-wal", "-shm"]) await Deno.remove(path + suffix).catch(() => {});
    await Deno.rename(`${path}.other`, path);
    await untilRetry();
    assertEquals(store.lists.entries().map(({ pattern }) => pattern), ["192.0.2.1"]);
    assertEquals(events, ["replaced", "replaced"]);
  });
});

Deno.test("with privacy turned on, addresses are hidden before the first operation", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/g.db`;
  const clear = openStore({ database: path, privacy: false });
  put(clear);
  clear.close();
  const senders: unknown[] = [];
  const database = new RecoveringDatabase({ database: path, privacy: true }, {
    failed: (error) => senders.push(error.kind),
    recovered() {},
    replaced() {},
    setAside() {},
  });
  senders.push(...database.read(({ db }) => db.prepare("SELECT sender FROM pending").value()!));
  assertEquals(senders.map((sender) => String(sender)[0]), ["~"]);
  database.close();
  await Deno.remove(directory, { recursive: true });
});
