import { assertEquals } from "@std/assert";
import { delayBucket, UnwrittenTallies } from "../../lib/daemon/tallies.ts";
import type { Verdict } from "../../lib/greylist/model.ts";
import { HOUR } from "../../lib/text/duration.ts";

const NEW: Verdict = { decision: "defer", reason: "new", wait: 60_000 };

Deno.test("a delay is counted under the first bound that it does not exceed", () => {
  assertEquals([60_000, 60_001, 172_800_000, 172_800_001].map(delayBucket), [
    60,
    120,
    172_800,
    Infinity,
  ]);
});

Deno.test("counts add up by hour and kind", () => {
  const tallies = new UnwrittenTallies();
  assertEquals(tallies.isEmpty, true);
  for (const time of [0, HOUR - 1, HOUR]) tallies.count(NEW, time);
  tallies.count({ decision: "pass", reason: "new", shadow: "defer" }, 0);
  for (const delayed of [60_000, 1, 61_000]) {
    tallies.count({ decision: "pass", reason: "retried", delayed, firstOfMessage: true }, 1);
  }
  tallies.count({ decision: "pass", reason: "retried", delayed: 1, firstOfMessage: false }, 1);
  const expected = [
    { hour: 0, decision: "defer", reason: "new", count: 2 },
    { hour: HOUR, decision: "defer", reason: "new", count: 1 },
    { hour: 0, decision: "pass", reason: "new", shadow: "defer", count: 1 },
    { hour: 0, decision: "pass", reason: "retried", count: 4 },
  ] as const;
  assertEquals(tallies.tallies, expected);
  assertEquals(tallies.delays, [
    { hour: 0, upTo: 60, count: 2 },
    { hour: 0, upTo: 120, count: 1 },
  ]);
  assertEquals(tallies.isEmpty, false);
});

Deno.test("counts that could not be written are added to those since", () => {
  const retried: Verdict = {
    decision: "pass",
    reason: "retried",
    delayed: 1,
    firstOfMessage: true,
  };
  const [unwritten, tallies] = [new UnwrittenTallies(), new UnwrittenTallies()];
  unwritten.count(retried, 0);
  tallies.count(retried, 0);
  tallies.restore(unwritten);
  assertEquals(tallies.tallies.map(({ count }) => count), [2]);
  assertEquals(tallies.delays.map(({ count }) => count), [2]);
});
