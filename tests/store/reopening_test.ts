import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type Triplet, tripletKey } from "../../lib/greylist/model.ts";
import { StoreFault } from "../../lib/store/fault.ts";
import { ReopeningStore } from "../../lib/store/reopening.ts";

const key = tripletKey("net:192.0.2.0/24", "alice@example.org", "bob@example.net");
const record: Triplet = { firstSeen: 1, lastSeen: 2, tries: 3, counted: false };

interface Setup {
  directory: string;
  path: string;
  store: ReopeningStore;
  told: string[];
}

async function withStore(body: (setup: Setup) => Promise<void> | void): Promise<void> {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/sub/g.db`;
  const told: string[] = [];
  const store = new ReopeningStore({ database: path, privacy: false }, {
    ill: (fault) => told.push(fault.kind),
    recovered: () => told.push("recovered"),
    replaced: () => told.push("replaced"),
    setAside: (to) => told.push(`set aside ${to}`),
  });
  try {
    await body({ directory, path, store, told });
  } finally {
    store.close();
    await Deno.remove(directory, { recursive: true });
  }
}

const put = (store: ReopeningStore) =>
  store.exchange([key], () => [{ kind: "triplet", key, record }]);
const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

Deno.test("the database and its directory are made when they are first used, for their owner only", async () => {
  await withStore(async ({ path, store, directory }) => {
    await put(store);
    for (const suffix of ["", "-wal", "-shm"]) {
      assertEquals((await Deno.stat(path + suffix)).mode! & 0o777, 0o600, suffix);
    }
    assertEquals((await Deno.stat(`${directory}/sub`)).mode! & 0o777, 0o700);
  });
});

Deno.test("a corrupt file is set aside under a dated name, never deleted, and a fresh one begun", async () => {
  await withStore(async ({ path, store, told, directory }) => {
    await Deno.mkdir(`${directory}/sub`);
    const noise = "this is no database ".repeat(1000);
    await Deno.writeTextFile(path, noise);
    assertThrows(() => put(store), StoreFault, "set aside");
    assertEquals(told.length, 2);
    assertEquals(told[0], "corrupt");
    const aside = told[1]!.replace("set aside ", "");
    assertStringIncludes(aside, `${path}.corrupt-20`);
    assertEquals(await Deno.readTextFile(aside), noise);
    await put(store);
    assertEquals(told.at(-1), "recovered");
    assertEquals(store.size(), { triplets: 1, origins: 0 });
  });
});

Deno.test("a file that is damaged while it is open is set aside as well", async () => {
  await withStore(async ({ path, store, told }) => {
    await put(store);
    store.close();
    const file = await Deno.open(path, { write: true });
    await file.seek(100, Deno.SeekMode.Start);
    await file.write(new Uint8Array(8000).fill(0x55));
    file.close();
    assertThrows(() => put(store), StoreFault);
    assertEquals(told[0], "corrupt");
    await put(store);
    assertEquals(told.at(-1), "recovered");
  });
});

Deno.test("a place that cannot be written is told of, and used as soon as it can be", async () => {
  await withStore(async ({ directory, path, store, told }) => {
    await Deno.writeTextFile(`${directory}/sub`, "a file where the directory should be");
    const fault = assertThrows(() => put(store), StoreFault);
    assertStringIncludes(fault.message, path);
    await Deno.remove(`${directory}/sub`);
    // Within the second after a fault nothing is tried.
    assertThrows(() => put(store), StoreFault);
    assertEquals(told.length, 1);
    await pause(1050);
    await put(store);
    assertEquals(told.at(-1), "recovered");
    assert(store.fault === undefined);
  });
});

Deno.test("a file that is deleted or replaced is noticed, and what is written next is kept", async () => {
  await withStore(async ({ path, store, told }) => {
    await put(store);
    await Deno.remove(path);
    await pause(1100);
    await put(store);
    assertEquals(told, ["replaced"]);
    assertEquals((await Deno.stat(path)).isFile, true);
    const other = new ReopeningStore({ database: `${path}.other`, privacy: false }, {
      ill: () => {},
      recovered: () => {},
      replaced: () => {},
      setAside: () => {},
    });
    other.addEntry({
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
    await pause(1100);
    assertEquals(store.entries().map(({ pattern }) => pattern), ["192.0.2.1"]);
    assertEquals(told, ["replaced", "replaced"]);
  });
});
