import { assertEquals } from "@std/assert";
import { RUN_FLAGS } from "../../release/compile.ts";

Deno.test("the program may start no program, load no library and import nothing", () => {
  assertEquals(RUN_FLAGS.filter((flag) => /run|ffi|-all$|-A/.test(flag)), []);
  assertEquals(RUN_FLAGS.includes("--deny-import"), true);
  assertEquals(RUN_FLAGS.includes("--no-prompt"), true);
});
