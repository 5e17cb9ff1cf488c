import { assertEquals } from "@std/assert";
import { roundUp } from "../../../lib/web/components/chart.tsx";

Deno.test("a scale ends at a round number that is not too small", () => {
  const table: [number, number][] = [
    [0, 5],
    [5, 5],
    [6, 10],
    [10, 10],
    [11, 20],
    [21, 50],
    [99, 100],
    [101, 200],
    [1_000_001, 2_000_000],
  ];
  for (const [amount, expected] of table) assertEquals(roundUp(amount), expected);
});
