import { assertEquals } from "@std/assert";
import { InstanceLock, isDatabaseShared } from "../../lib/store/instance_lock.ts";
import { inDirectory } from "../daemon.ts";

Deno.test("two daemons on one database see each other until one of them stops", async () => {
  await inDirectory((directory) => {
    const database = `${directory}/g.db`;
    assertEquals(isDatabaseShared(database), false, "no daemon");
    const first = new InstanceLock(database);
    assertEquals([first.isShared, isDatabaseShared(database)], [false, false], "one daemon");
    const second = new InstanceLock(database);
    assertEquals([first.isShared, second.isShared, isDatabaseShared(database)], [true, true, true]);
    first.release();
    assertEquals([second.isShared, isDatabaseShared(database)], [false, false], "the second alone");
    first.take();
    first.take();
    assertEquals([first.isShared, second.isShared], [true, true], "the first again");
    first.release();
    const third = new InstanceLock(database);
    assertEquals([second.isShared, third.isShared], [true, true], "a new first");
    second.release();
    third.release();
  });
});

Deno.test("without its directory a lock reports nothing", () => {
  const lock = new InstanceLock("/nonexistent/g.db");
  assertEquals(lock.isShared, false);
  lock.release();
});
