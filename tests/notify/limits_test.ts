import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { FloodWatch, lateAfter, retryAfter, silenceLimit } from "../../lib/notify/limits.ts";
import { DAY, HOUR, MINUTE } from "../../lib/text/duration.ts";

const LIMITS = { count: 5, window: 10 * MINUTE, lasts: HOUR };

Deno.test("more occurrences than the limit within the window are a flood until it is quiet", () => {
  const watch = new FloodWatch(LIMITS);
  for (let at = 0; at < 5; at++) assert(!watch.count(at * MINUTE));
  assert(watch.count(5 * MINUTE));
  assert(watch.isOn(5 * MINUTE + HOUR - 1));
  assert(!watch.isOn(5 * MINUTE + HOUR));
});

Deno.test("a clock that is set back ends a flood and begins none", () => {
  const watch = new FloodWatch(LIMITS);
  for (let at = 0; at < 6; at++) watch.count(2 * DAY + at);
  assert(watch.isOn(2 * DAY + MINUTE));
  assert(!watch.isOn(DAY));
  assert(!watch.count(DAY));
});

Deno.test("no rate within the limit is a flood", () => {
  fc.assert(fc.property(fc.integer({ min: 2 * MINUTE + 1, max: DAY }), (pause) => {
    const watch = new FloodWatch(LIMITS);
    for (let at = 0; at < 50; at++) assert(!watch.count(at * pause));
  }));
});

Deno.test("tries of a notice are repeated ever later", () => {
  assertEquals([1, 2, 3, 20].map(retryAfter), [MINUTE, 2 * MINUTE, 4 * MINUTE, 2 * HOUR]);
});

Deno.test("mail is late after twice the usual delay of its sender", () => {
  assertEquals([undefined, MINUTE, HOUR].map(lateAfter), [HOUR, 15 * MINUTE, 2 * HOUR]);
});

Deno.test("silence is unusual after twice the longest one known", () => {
  assertEquals(silenceLimit([]), undefined);
  const hourly = Array.from({ length: 100 }, (_, at) => at * HOUR);
  assertEquals(silenceLimit(hourly), 6 * HOUR);
  const nights = hourly.filter((hour) => hour % DAY >= 8 * HOUR);
  assertEquals(silenceLimit(nights), 18 * HOUR);
});
