import { assertEquals, assertThrows } from "@std/assert";
import { Reader } from "../../../lib/web/worker/reader.ts";
import { DatabaseError } from "../../../lib/store/database_error.ts";
import { openStore } from "../../../lib/store/open.ts";
import { inDirectory } from "../../daemon.ts";
import { eventually } from "../../eventually.ts";
import { relation } from "../../store/records.ts";

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

Deno.test("a replaced database is read at once; a missing one is a fault and is not created", async () => {
  await inDirectory(async (directory) => {
    const database = `${directory}/g.db`;
    const reader = new Reader({ database, privacy: false });
    const patterns = () =>
      reader.use((store) => store.lists.entries().map(({ pattern }) => pattern));
    assertThrows(patterns, DatabaseError);
    make(database, "192.0.2.1");
    assertEquals(patterns(), ["192.0.2.1"]);
    make(`${directory}/other.db`, "192.0.2.2");
    for (const suffix of ["-wal", "-shm"]) {
      await Deno.remove(database + suffix).catch(() => {});
    }
    await Deno.rename(`${directory}/other.db`, database);
    assertEquals(patterns(), ["192.0.2.2"]);
    await Deno.remove(database);
    assertThrows(patterns, DatabaseError);
    assertEquals(await Deno.stat(database).catch(() => "gone"), "gone");
    reader.close();
  });
});

Deno.test("an idle store is closed, and opened by the next use", async () => {
  await inDirectory(async (directory) => {
    const database = `${directory}/g.db`;
    make(database, "192.0.2.1");
    const reader = new Reader({ database, privacy: false }, 20);
    reader.use((store) => store.lists.entries());
    assertEquals(openFiles(database) > 0, true);
    await eventually("the store is closed", () => openFiles(database) === 0);
    assertEquals(reader.use((store) => store.lists.entries()).length, 1);
    reader.close();
  });
});

Deno.test("with privacy turned on, only the daemon and the commands hide what is stored", async () => {
  await inDirectory((directory) => {
    const database = `${directory}/g.db`;
    const clear = openStore({ database, privacy: false });
    clear.greylist.exchange(() => [relation("alice@example.org")]);
    clear.close();
    const reader = new Reader({ database, privacy: true });
    const senders = () =>
      reader.use((store) =>
        store.greylist.findRelations({ text: "", limit: 9 }).rows.map(({ sender }) => sender[0])
      );
    assertEquals(senders(), ["a"]);
    openStore({ database, privacy: true }).close();
    assertEquals(senders(), ["~"]);
    reader.close();
    return Promise.resolve();
  });
});
