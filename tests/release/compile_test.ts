import { assertEquals } from "@std/assert";
import { RUN_FLAGS, THREADS } from "../../release/compile.ts";

Deno.test("the program may start no program, load no library and import nothing", () => {
  assertEquals(RUN_FLAGS.filter((flag) => /run|ffi|-all$|-A/.test(flag)), []);
  assertEquals(RUN_FLAGS.includes("--deny-import"), true);
  assertEquals(RUN_FLAGS.includes("--no-prompt"), true);
});

Deno.test("each thread has a file name of its own, since the bundler knows them by name only", () => {
  const names = THREADS.map((path) => path.split("/").at(-1));
  assertEquals([...new Set(names)], names);
});
