import { assert, assertEquals } from "@std/assert";
import { MAX_DAILY_NOTICES } from "../../lib/notify/limits.ts";
import { DailyLimit, NoticeTimes } from "../../lib/notify/times.ts";
import { DAY, HOUR } from "../../lib/text/duration.ts";

/** Times that stay when the process ends. */
function storedTimes() {
  const times = new Map<string, number>();
  return {
    lastTime: (subject: string) => times.get(subject),
    setTime: (subject: string, time: number) => void times.set(subject, time),
  };
}

Deno.test("a recipient gets a limited number of notices within a day, also after restarts", () => {
  const store = storedTimes();
  const start = () => new DailyLimit(new NoticeTimes(store));
  for (let at = 0; at < MAX_DAILY_NOTICES; at++) {
    const limit = start();
    assert(!limit.isReached("ann@example.net", at * HOUR));
    limit.add("ann@example.net", at * HOUR);
  }
  const limit = start();
  assert(limit.isReached("ann@example.net", 23 * HOUR));
  assert(!limit.isReached("bob@example.net", 23 * HOUR));
  assert(!limit.isReached("ann@example.net", DAY));
  limit.add("ann@example.net", DAY);
  assert(limit.isReached("ann@example.net", DAY));
  assert(!limit.isReached("ann@example.net", DAY + HOUR));
});

Deno.test("a clock that was set back ends the limit", () => {
  const limit = new DailyLimit(new NoticeTimes(storedTimes()));
  for (let at = 0; at < MAX_DAILY_NOTICES; at++) limit.add("ann@example.net", 9 * DAY);
  assert(limit.isReached("ann@example.net", 9 * DAY));
  assert(!limit.isReached("ann@example.net", 8 * DAY));
});

Deno.test("the limit counts in memory while the database fails", () => {
  const broken = () => {
    throw new Error("disk I/O error");
  };
  const limit = new DailyLimit(new NoticeTimes({ lastTime: broken, setTime: broken }));
  const reached = Array.from({ length: MAX_DAILY_NOTICES + 1 }, () => {
    const before = limit.isReached("ann@example.net", 0);
    limit.add("ann@example.net", 0);
    return before;
  });
  assertEquals(reached.indexOf(true), MAX_DAILY_NOTICES);
});
