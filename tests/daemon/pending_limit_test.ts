import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { LimitEvent } from "../../lib/daemon/events.ts";
import { PendingCounter, PendingLimit } from "../../lib/daemon/pending_limit.ts";
import type { PendingCount } from "../../lib/store/store.ts";
import { decisionEvent } from "./request.ts";

const SECOND = 1000;
const LIMITS = { maxPending: 100, maxPendingPerOrigin: 10 };

const waiting = (network: string, second: number, count: number) => ({
  network,
  first: second * SECOND,
  last: second * SECOND,
  count,
});

Deno.test("a network within its limit is left alone", () => {
  const counter = new PendingCounter();
  for (let at = 0; at < 10; at++) counter.add([waiting(`net:${at}`, at, 10)]);
  assertEquals([counter.overLimit(LIMITS), counter.evictions(LIMITS)], [[], []]);
});

Deno.test("the oldest of a network over its limit are evicted once it was counted by the second", () => {
  const counts = [1, 2, 3, 4].map((second) => waiting("net:a", second, 4));
  const first = new PendingCounter();
  first.add(counts);
  assertEquals([first.overLimit(LIMITS), first.evictions(LIMITS)], [["net:a"], []]);
  const second = new PendingCounter(first.overLimit(LIMITS));
  second.add(counts);
  assertEquals(second.evictions(LIMITS), [{ network: "net:a", before: 2 * SECOND + 1 }]);
});

Deno.test("the oldest of all networks are evicted beyond the limit of all", () => {
  const counter = new PendingCounter();
  for (let at = 0; at < 30; at++) counter.add([waiting(`net:${at}`, at % 3, 5)]);
  assertEquals(counter.evictions(LIMITS), [{ before: 1 }]);
});

/** The counts of one network's triplets that came at these times. */
function countsOf(times: readonly number[]): PendingCount[] {
  const seconds = Map.groupBy(times, (time) => Math.floor(time / SECOND));
  return [...seconds.values()].map((some) => ({
    network: "net:a",
    first: Math.min(...some),
    last: Math.max(...some),
    count: some.length,
  }));
}

Deno.test("property: passes evict the oldest until no more than the limit stay, and never below it in vain", () => {
  // Some come spread over a minute, some within one second, some at once.
  const time = fc.oneof(fc.nat(60_000), fc.integer({ min: 59_000, max: 59_999 }), fc.constant(500));
  fc.assert(fc.property(fc.array(time, { maxLength: 400 }), (times) => {
    let left = times;
    for (let pass = 0;; pass++) {
      assert(pass < 100, "it does not end");
      const counter = new PendingCounter();
      counter.add(countsOf(left));
      const [eviction] = counter.evictions(LIMITS);
      if (eviction === undefined) break;
      assert(left.length > LIMITS.maxPending);
      const stay = left.filter((one) => one >= eviction.before);
      assert(stay.length < left.length);
      left = stay;
    }
    assert(left.length <= LIMITS.maxPending);
  }));
});

Deno.test("of too many within one second about as many stay as the limit allows", () => {
  const counter = new PendingCounter();
  const times = Array.from({ length: 1000 }, (_, at) => 5 * SECOND + at);
  counter.add(countsOf(times));
  assertEquals(counter.evictions(LIMITS), [{ before: 5 * SECOND + 900 }]);
});

Deno.test("a botnet of any size takes no more memory, and hides no network that floods", () => {
  const counter = new PendingCounter();
  for (let at = 0; at < 300_000; at += 1000) {
    counter.add([
      ...Array.from({ length: 1000 }, (_, n) => waiting(`net:${at + n}`, 1, 1)),
      waiting("net:flood", 1, 5),
    ]);
  }
  assertEquals(counter.overLimit(LIMITS), ["net:flood"]);
});

Deno.test("one network's new triplets are a flood before a share of all that may be pending is", () => {
  const deferred = decisionEvent({ decision: "defer", reason: "new" });
  const early = decisionEvent({ decision: "defer", reason: "early" });
  const table: readonly (readonly [maxPending: number, perOrigin: number, flood: number])[] = [
    [100, 10, 11],
    [1_000_000, 10, 1001],
    [1_000_000, 2000, 2001],
  ];
  for (const [maxPending, maxPendingPerOrigin, flood] of table) {
    const pending = new PendingLimit({ maxPending, maxPendingPerOrigin }, () => {});
    for (let at = 1; at < flood; at++) pending.handle(deferred);
    pending.handle(early);
    assertEquals(pending.isFlooded, false, `${maxPending} ${maxPendingPerOrigin}`);
    pending.handle(deferred);
    assertEquals(pending.isFlooded, true, `${maxPending} ${maxPendingPerOrigin}`);
    pending.beginPass();
    assertEquals(pending.isFlooded, false);
  }
});

Deno.test("a pass over the limit tells of it, and leaves its evictions to the next", () => {
  const events: LimitEvent[] = [];
  const pending = new PendingLimit(LIMITS, (event) => events.push(event));
  const pass = (count: number) => {
    pending.beginPass();
    pending.add([{ network: "net:a", first: 1, last: 1, count }]);
    pending.endPass();
    return [pending.isExceeded, pending.evictions.length, events.length];
  };
  assertEquals(pass(10), [false, 0, 0]);
  assertEquals(pass(11), [true, 0, 0]);
  assertEquals(pass(11), [true, 1, 1]);
  assertEquals(pass(5), [false, 0, 1]);
  assertEquals(pass(101), [true, 1, 2]);
});

Deno.test("after evictions under a flood one more pass counts what came meanwhile", () => {
  const pending = new PendingLimit(LIMITS, () => {});
  const deferred = decisionEvent({ decision: "defer", reason: "new" });
  const pass = (count: number, meanwhile: number) => {
    pending.beginPass();
    pending.add([{ network: "net:a", first: 1, last: 1, count }]);
    for (let at = 0; at < meanwhile; at++) pending.handle(deferred);
    pending.endPass();
    return pending.isExceeded;
  };
  assertEquals(pass(5, 1), false, "no flood");
  assertEquals(pass(101, 1), true);
  assertEquals(pass(5, 1), true, "the one may be behind the cursor");
  assertEquals(pass(6, 1), false, "nothing was evicted");
  assertEquals(pass(101, 0), true);
  assertEquals(pass(5, 0), false, "nothing came");
});
