import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { shorten, visible } from "../../../lib/web/components/visible.ts";

Deno.test("what hides, turns or piles up becomes visible", () => {
  const table: [string, string][] = [
    ["bob@example.net", "bob@example.net"],
    ["Zoë Müller 李 שלום", "Zoë Müller 李 שלום"],
    ["a\u202eb", "a\\u{202e}b"],
    ["a\u2066b\u200bc\ufeff", "a\\u{2066}b\\u{200b}c\\u{feff}"],
    ["a\nb\tc\0", "a\\u{a}b\\u{9}c\\u{0}"],
    ["a\u00a0b\u3000c", "a\\u{a0}b\\u{3000}c"],
    ["\u3164", "\\u{3164}"],
    ["e\u0301", "e\u0301"],
    ["e" + "\u0301".repeat(5), "e\u0301\u0301\u0301\\u{301}\\u{301}"],
    ["\ud800", "\\u{d800}"],
    ["<b>", "<b>"],
  ];
  for (const [text, expected] of table) assertEquals(visible(text), expected);
});

Deno.test("property: a visible text has no control, format, separator or lone surrogate in it", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert(!/[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\p{Zl}\p{Zp}]/u.test(visible(text)));
  }));
});

Deno.test("a long text loses its middle, and is cut at signs and not within them", () => {
  assertEquals(shorten("abcdef", 6), "abcdef");
  assertEquals(shorten("abcdefg", 6), "ab…efg");
  assertEquals(shorten("😀".repeat(9), 5), "😀😀…😀😀");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 3, max: 40 }), (text, most) => {
      assert([...shorten(text, most)].length <= most);
    }),
  );
});
