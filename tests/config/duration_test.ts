import { assertEquals } from "@std/assert";
import { parseDuration } from "../../lib/config/duration.ts";

Deno.test("a duration is whole numbers with their units", () => {
  const table: [string, number | undefined][] = [
    ["500ms", 500],
    ["90s", 90_000],
    ["3m", 180_000],
    ["2h30m", 9_000_000],
    ["2d", 172_800_000],
    ["1w", 604_800_000],
    ["0s", 0],
    ["60", undefined],
    ["", undefined],
    ["m", undefined],
    ["1.5h", undefined],
    ["-1s", undefined],
    ["1 h", undefined],
    ["1y", undefined],
    ["1H", undefined],
  ];
  for (const [text, expected] of table) assertEquals(parseDuration(text), expected, text);
});
