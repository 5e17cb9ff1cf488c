import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { escapeTerminal, wrap } from "../../lib/cli/output.ts";

Deno.test("no text can move the cursor, change colours or hide itself", () => {
  assertEquals(escapeTerminal("plain – text\n"), "plain – text\n");
  assertEquals(escapeTerminal("\x1b[31m\r\u202e"), "\\u{1b}[31m\\u{d}\\u{202e}");
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert(!/[\p{C}]/u.test(escapeTerminal(text).replaceAll("\n", "")));
  }));
});

Deno.test("a text is broken at its spaces", () => {
  assertEquals(wrap("one two three", 7), ["one two", "three"]);
  assertEquals(wrap("a longer-than-that b", 6), ["a", "longer-than-that", "b"]);
  assertEquals(wrap("", 10), []);
});
