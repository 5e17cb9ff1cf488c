import { assertEquals } from "@std/assert";
import { unicodeWidth } from "@std/cli/unicode-width";

Deno.test("the width of a text is its number of terminal columns", () => {
  const table: [string, number][] = [
    ["", 0],
    ["alice@example.org", 17],
    ["Jürgen", 6],
    ["Ju\u0308rgen", 6],
    ["почта", 5],
    ["用户@例子", 9],
    ["ゆうび", 6],
    ["메일", 4],
    ["ｱ", 1],
    ["Ａ", 2],
    ["📧", 2],
    ["a\u200db", 2],
  ];
  for (const [text, width] of table) assertEquals(unicodeWidth(text), width, text);
});
