import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { escapeJson, escapeLine, escapeLines, escapeValue } from "../../lib/text/escape.ts";

Deno.test("text that hides, moves or piles up is escaped", () => {
  const table: [string, string][] = [
    ["\x1b[2J\r", "\\u{1b}[2J\\u{d}"],
    ["a\nb\tc\0", "a\\u{a}b\\u{9}c\\u{0}"],
    ["a\u202eb", "a\\u{202e}b"],
    ["a\u2066b\u200bc\ufeff", "a\\u{2066}b\\u{200b}c\\u{feff}"],
    ["a\u00a0b\u3000c\u2028", "a\\u{a0}b\\u{3000}c\\u{2028}"],
    ["\u3164\u115f\u2800\ufe0f", "\\u{3164}\\u{115f}\\u{2800}\\u{fe0f}"],
    ["e" + "\u0301".repeat(5), "e\u0301\u0301\u0301\\u{301}\\u{301}"],
    ["\ud800", "\\u{d800}"],
    ["\u{e000}\u{10ffff}", "\\u{e000}\\u{10ffff}"],
  ];
  for (const [text, expected] of table) assertEquals(escapeLine(text), expected);
});

Deno.test("text that people write stays", () => {
  for (const text of ["", 'a b, "c" \\ d', "Zoë é 日本語 العربية हिन्दी", "…–“”€✓", "e\u0301"]) {
    assertEquals(escapeLine(text), text);
  }
});

Deno.test("a text of several lines keeps its line feeds only", () => {
  assertEquals(escapeLines("a\r\nb\u2028\n"), "a\\u{d}\nb\\u{2028}\n");
});

Deno.test("a value cannot end its field", () => {
  const table: [string, string][] = [
    ["bob+x@example.net", "bob+x@example.net"],
    ["<>", "<>"],
    ['a b,c"d\\e', "a\\u{20}b\\u{2c}c\\u{22}d\\u{5c}e"],
    ["\\u{20}", "\\u{5c}u{20}"],
    ["ö\u200b", "ö\\u{200b}"],
  ];
  for (const [text, expected] of table) assertEquals(escapeValue(text), expected);
});

Deno.test("escaped JSON has the same meaning, and no unprintable character", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(fc.property(text, (value) => {
    const json = escapeJson(JSON.stringify({ value }));
    assertEquals(JSON.parse(json), { value });
    assertEquals(escapeLine(json), json);
  }));
});

Deno.test("a value is one word in all circumstances, and an escaped line stays as it is", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (value) => {
    assertEquals(/[\s,"]/.test(escapeValue(value)), false);
    assertEquals(escapeLine(escapeLine(value)), escapeLine(value));
  }));
});
