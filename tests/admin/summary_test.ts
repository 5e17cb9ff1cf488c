import { assertEquals } from "@std/assert";
import { summarise } from "../../lib/admin/summary.ts";

const NONE = { returned: 0, refused: 0, waiting: 0, lost: 0 };

const tally = (name: string, count: number, hour = 0) => ({ hour, name, count });

Deno.test("counts of several hours add up, by reason", () => {
  const { requests, reasons, shadow } = summarise(
    [
      tally("reason:new", 3),
      tally("reason:new", 2, 1),
      tally("reason:known", 4),
      tally("shadow:defer:new", 5),
      tally("shadow:reject:blocked", 1),
      tally("reason:of-a-later-version", 9),
      tally("delay:60", 9),
    ],
    NONE,
    0,
  );
  assertEquals(requests, 15);
  assertEquals(reasons, { new: 10, known: 4, blocked: 1 });
  assertEquals(shadow, { defer: 5, reject: 1 });
});

Deno.test("half of the delayed mail, and nine of ten, waited no longer than this", () => {
  const delays = (counts: Record<string, number>) => {
    const tallies = Object.entries(counts).map(([name, count]) => tally(`delay:${name}`, count));
    const { count, p50, p90 } = summarise(tallies, NONE, 0).delays;
    return [count, p50, p90];
  };
  assertEquals(delays({}), [0, undefined, undefined]);
  assertEquals(delays({ 300: 1 }), [1, 300, 300]);
  assertEquals(delays({ 60: 5, 300: 4, 3600: 1 }), [10, 60, 300]);
  assertEquals(delays({ 60: 4, 300: 4, more: 2 }), [10, 300, Infinity]);
});
