import { assertEquals } from "@std/assert";
import { delayBucket, tallyOf, UnwrittenTallies } from "../../lib/daemon/tallies.ts";
import type { Verdict } from "../../lib/greylist/model.ts";

const HOUR = 3_600_000;

const NEW: Verdict = { decision: "defer", reason: "new", wait: 60_000 };

Deno.test("a delay is counted under the first bound that it does not exceed", () => {
  assertEquals([60_000, 60_001, 172_800_000, 172_800_001].map(delayBucket), [
    60,
    120,
    172_800,
    Infinity,
  ]);
});

Deno.test("in shadow mode a tally has the decision outside it as well", () => {
  assertEquals(tallyOf({ decision: "pass", reason: "new", shadow: "defer" }, HOUR), {
    hour: HOUR,
    decision: "pass",
    reason: "new",
    shadow: "defer",
    count: 1,
  });
  assertEquals(tallyOf(NEW, HOUR), { hour: HOUR, decision: "defer", reason: "new", count: 1 });
});

Deno.test("counts add up by hour and kind", () => {
  const tallies = new UnwrittenTallies();
  assertEquals(tallies.isEmpty, true);
  for (const hour of [0, 0, HOUR]) tallies.add(tallyOf(NEW, hour));
  tallies.add(tallyOf({ decision: "pass", reason: "new", shadow: "defer" }, 0));
  for (const upTo of [60, 60, 120]) tallies.addDelay({ hour: 0, upTo, count: 1 });
  assertEquals(tallies.tallies.map(({ count }) => count), [2, 1, 1]);
  assertEquals(tallies.delays.map(({ upTo, count }) => [upTo, count]), [[60, 2], [120, 1]]);
  assertEquals(tallies.isEmpty, false);
});
