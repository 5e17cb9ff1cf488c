import { assertEquals } from "@std/assert";
import { summarise } from "../../lib/admin/summary.ts";
import type { Tally } from "../../lib/store/history.ts";

const NONE = { returned: 0, refused: 0, waiting: 0, lost: 0 };

function tally(reason: Tally["reason"], count: number, given: Partial<Tally> = {}): Tally {
  return { hour: 0, decision: "pass", reason, count, ...given };
}

Deno.test("counts of several hours add up, by reason", () => {
  const { requests, reasons, shadow } = summarise(
    [
      tally("new", 3, { decision: "defer" }),
      tally("new", 2, { decision: "defer", hour: 1 }),
      tally("known", 4),
      tally("new", 5, { shadow: "defer" }),
      tally("blocked", 1, { shadow: "reject" }),
      tally("of-a-later-version" as Tally["reason"], 9),
    ],
    [],
    NONE,
    0,
  );
  assertEquals(requests, 15);
  assertEquals(reasons, { new: 10, known: 4, blocked: 1 });
  assertEquals(shadow, { defer: 5, reject: 1 });
});

Deno.test("half of the delayed mail, and nine of ten, waited no longer than this", () => {
  const delays = (counts: Record<string, number>) => {
    const tallies = Object.entries(counts)
      .map(([upTo, count]) => ({ hour: 0, upTo: Number(upTo), count }));
    const { count, p50, p90 } = summarise([], tallies, NONE, 0).delays;
    return [count, p50, p90];
  };
  assertEquals(delays({}), [0, undefined, undefined]);
  assertEquals(delays({ 300: 1 }), [1, 300, 300]);
  assertEquals(delays({ 60: 5, 300: 4, 3600: 1 }), [10, 60, 300]);
  assertEquals(delays({ 60: 4, 300: 4, Infinity: 2 }), [10, 300, Infinity]);
});
