import { assertEquals } from "@std/assert";
import { wrap } from "../../lib/cli/output.ts";

Deno.test("a text is broken at its spaces", () => {
  assertEquals(wrap("one two three", 7), ["one two", "three"]);
  assertEquals(wrap("a longer-than-that b", 6), ["a", "longer-than-that", "b"]);
  assertEquals(wrap("", 10), []);
});
