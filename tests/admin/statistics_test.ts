import { assertEquals } from "@std/assert";
import {
  baselineDays,
  figuresOf,
  summarise,
  todayOf,
  todaySince,
  trendOf,
  trendSince,
} from "../../lib/admin/statistics.ts";
import type { Tally } from "../../lib/store/history.ts";
import { DAY, HOUR } from "../../lib/text/duration.ts";

const NOW = 1000 * DAY + 10 * HOUR + 5;

function tally(
  hour: number,
  reason: Tally["reason"],
  count: number,
  shadow?: Tally["shadow"],
  decision: Tally["decision"] = "pass",
): Tally {
  return { hour, decision, reason, ...(shadow === undefined ? {} : { shadow }), count };
}

Deno.test("every count belongs to one figure, or to none that is shown", () => {
  const figures = figuresOf([
    tally(0, "known", 1),
    tally(0, "auto-whitelisted", 2),
    tally(0, "allowed", 4),
    tally(0, "low-suspicion", 8),
    tally(0, "not-opted-in", 16),
    tally(0, "new", 32),
    tally(0, "new", 64, "defer"),
    tally(0, "early", 128),
    tally(0, "retried", 256),
    tally(0, "blocked", 512, undefined, "reject"),
    tally(0, "blocked", 1024, "reject"),
    tally(0, "authenticated", 2048),
    tally(0, "fault", 4096),
    tally(0, "listed", 8192, undefined, "reject"),
    tally(0, "listed", 16384, undefined, "defer"),
    tally(0, "trap", 32768, undefined, "defer"),
  ]);
  assertEquals(figures, {
    passedUndelayed: 31,
    deferred: 96 + 32768,
    retried: 256,
    blocked: 1536 + 8192,
  });
});

Deno.test("a trend ends with the current hour, and each count is in one interval", () => {
  const now = NOW - NOW % HOUR;
  for (
    const [period, count, length] of [
      ["24h", 24, HOUR],
      ["7d", 28, 6 * HOUR],
      ["30d", 30, DAY],
    ] as const
  ) {
    const since = trendSince(period, NOW);
    const tallies = Array.from(
      { length: count * length / HOUR },
      (_, at) => tally(since + at * HOUR, "new", 1),
    );
    const pieces = trendOf(tallies, period, NOW);
    assertEquals(pieces.length, count);
    assertEquals(pieces.map(({ deferred }) => deferred), Array(count).fill(length / HOUR));
    assertEquals(pieces.at(-1)!.from + length, now + HOUR);
  }
});

Deno.test("the baseline is the mean of the complete days before, absent without one", () => {
  const thisHour = NOW - NOW % HOUR;
  const windows: [from: number, until: number][] = [];
  const notRetried = (from: number, until: number) => {
    windows.push([from, until]);
    return until === NOW ? 3 : 8;
  };
  const fresh = [tally(thisHour - 20 * HOUR, "new", 5)];
  const delays = [{ hour: thisHour, upTo: 60, count: 2 }];
  assertEquals(todayOf(fresh, delays, notRetried, NOW), {
    last: { passedUndelayed: 0, deferred: 5, retried: 0, blocked: 0, delayed: 2, notRetried: 3 },
    baseline: undefined,
  });
  assertEquals(windows.splice(0), [[NOW - DAY, NOW]]);
  const older = [tally(thisHour - 24 * HOUR - 2 * DAY, "new", 6), ...fresh];
  assertEquals(baselineDays(older, NOW), 2);
  assertEquals(todayOf(older, delays, notRetried, NOW).baseline, {
    passedUndelayed: 0,
    // Six were on an incomplete day.
    deferred: 0,
    retried: 0,
    blocked: 0,
    delayed: 0,
    notRetried: 4,
  });
  assertEquals(windows, [[NOW - DAY, NOW], [NOW - 3 * DAY, NOW - DAY]]);
  const week = [tally(todaySince(NOW), "new", 70), ...fresh];
  assertEquals(baselineDays(week, NOW), 7);
  assertEquals(todayOf(week, delays, notRetried, NOW).baseline!.deferred, 10);
});

const NONE = { retried: 0, rejected: 0, waiting: 0, "not-retried": 0 };

function countOf(reason: Tally["reason"], count: number, given: Partial<Tally> = {}): Tally {
  return { hour: 0, decision: "pass", reason, count, ...given };
}

Deno.test("counts of several hours add up, by reason", () => {
  const { requests, reasons, shadow } = summarise(
    [
      countOf("new", 3, { decision: "defer" }),
      countOf("new", 2, { decision: "defer", hour: 1 }),
      countOf("known", 4),
      countOf("new", 5, { shadow: "defer" }),
      countOf("blocked", 1, { shadow: "reject" }),
      countOf("of-a-later-version" as Tally["reason"], 9),
    ],
    [],
    NONE,
    0,
    0,
  );
  assertEquals(requests, 15);
  assertEquals(reasons, { new: 10, known: 4, blocked: 1 });
  assertEquals(shadow, { defer: 5, reject: 1 });
});

Deno.test("median and 90th percentile of the delay", () => {
  const delays = (counts: Record<string, number>) => {
    const tallies = Object.entries(counts)
      .map(([upTo, count]) => ({ hour: 0, upTo: Number(upTo), count }));
    const { count, p50, p90 } = summarise([], tallies, NONE, 0, 0).delays;
    return [count, p50, p90];
  };
  assertEquals(delays({}), [0, undefined, undefined]);
  assertEquals(delays({ 300: 1 }), [1, 300, 300]);
  assertEquals(delays({ 60: 5, 300: 4, 3600: 1 }), [10, 60, 300]);
  assertEquals(delays({ 60: 4, 300: 4, Infinity: 2 }), [10, 300, Infinity]);
});
