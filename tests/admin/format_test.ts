import { assertEquals } from "@std/assert";
import { formatDuration } from "../../lib/admin/format.ts";

Deno.test("a duration is told in its two largest units", () => {
  const table: [number, string][] = [
    [0, "0 s"],
    [999, "1 s"],
    [61_000, "1 min 1 s"],
    [3_600_000, "1 h"],
    [90_061_000, "1 d 1 h"],
    [30 * 86_400_000, "30 d"],
  ];
  for (const [time, expected] of table) assertEquals(formatDuration(time), expected);
});
