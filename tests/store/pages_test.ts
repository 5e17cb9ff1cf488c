import { assertEquals } from "@std/assert";
import { collectPage, type PageReader } from "../../lib/store/pages.ts";

/** Pages of the numbers below 3000, at most 700 rows each. */
function readerOf(limits: number[] = []): PageReader<number> {
  return (after, limit) => {
    limits.push(limit);
    const from = Number(after ?? 0);
    const end = Math.min(3000, from + Math.min(limit, 700));
    const rows = Array.from({ length: end - from }, (_, at) => from + at);
    return { rows, next: end === 3000 ? undefined : String(end) };
  };
}

const isRound = (row: number) => row % 100 === 0;

Deno.test("a page ends at its limit and continues after its last row", () => {
  const limits: number[] = [];
  const { rows, next } = collectPage(readerOf(limits), { limit: 1500 });
  assertEquals([rows.length, rows.at(-1), next], [1500, 1499, "1500"]);
  assertEquals(limits, [1000, 800, 100]);
  const rest = collectPage(readerOf(), { limit: 9999, after: next });
  assertEquals([rest.rows[0], rest.rows.length, rest.next], [1500, 1500, undefined]);
});

Deno.test("only selected rows count towards the limit", () => {
  const { rows, next } = collectPage(readerOf(), { limit: 3, fits: isRound });
  assertEquals([rows, next], [[0, 100, 200], "201"]);
  assertEquals(collectPage(readerOf(), { limit: 9999, fits: isRound }).rows.length, 30);
});

Deno.test("a page without time ends after one read", () => {
  const { rows, next } = collectPage(readerOf(), { limit: 9999, timeoutMs: 0 });
  assertEquals([rows.length, next], [700, "700"]);
});
