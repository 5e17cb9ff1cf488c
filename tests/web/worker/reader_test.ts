import { assertEquals, assertRejects } from "@std/assert";
import { Reader } from "../../../lib/web/worker/reader.ts";
import { DatabaseError } from "../../../lib/store/database_error.ts";
import { openStore } from "../../../lib/store/open.ts";
import { inDirectory } from "../../daemon.ts";

const entry = (pattern: string) => ({
  list: "allow",
  matchOn: "client",
  pattern,
  note: "",
  addedBy: "test",
  created: 1,
} as const);

function make(database: string, pattern: string): void {
  const store = openStore({ database, privacy: false });
  store.lists.add(entry(pattern));
  store.close();
}

function openFiles(path: string): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(path);
    } catch {
      return false;
    }
  }).length;
}

Deno.test("a database that is replaced is read at once, and one that is gone is a fault that makes none", async () => {
  await inDirectory(async (directory) => {
    const database = `${directory}/g.db`;
    const reader = new Reader({ database, privacy: false });
    const patterns = () =>
      reader.use((store) => store.lists.entries().map(({ pattern }) => pattern));
    await assertRejects(patterns, DatabaseError);
    make(database, "192.0.2.1");
    assertEquals(await patterns(), ["192.0.2.1"]);
    make(`${directory}/other.db`, "192.0.2.2");
    for (const suffix of ["-wal", "-shm"]) {
      await Deno.remove(database + suffix).catch(() => {});
    }
    await Deno.rename(`${directory}/other.db`, database);
    assertEquals(await patterns(), ["192.0.2.2"]);
    await Deno.remove(database);
    await assertRejects(patterns, DatabaseError);
    assertEquals(await Deno.stat(database).catch(() => "gone"), "gone");
    reader.close();
  });
});

Deno.test("what nobody looks at is closed", async () => {
  await inDirectory(async (directory) => {
    const database = `${directory}/g.db`;
    make(database, "192.0.2.1");
    const reader = new Reader({ database, privacy: false });
    await reader.use((store) => store.lists.entries());
    assertEquals(openFiles(database) > 0, true);
    for (let turn = 0; turn < 100 && openFiles(database) > 0; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assertEquals(openFiles(database), 0);
    assertEquals((await reader.use((store) => store.lists.entries())).length, 1);
    reader.close();
  });
});
