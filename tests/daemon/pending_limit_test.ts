import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { PendingCounter } from "../../lib/daemon/pending_limit.ts";
import type { PendingCount } from "../../lib/store/store.ts";

const SECOND = 1000;
const LIMITS = { maxPending: 100, maxPendingPerOrigin: 10 };

const waiting = (origin: string, second: number, count: number) => ({
  origin,
  first: second * SECOND,
  last: second * SECOND,
  count,
});

Deno.test("who has few waiting is left alone", () => {
  const counter = new PendingCounter();
  for (let at = 0; at < 10; at++) counter.add([waiting(`net:${at}`, at, 10)]);
  assertEquals([counter.overLimit(LIMITS), counter.evictions(LIMITS)], [[], []]);
});

Deno.test("of an origin with too many the oldest go, once it has been counted by the second", () => {
  const counts = [1, 2, 3, 4].map((second) => waiting("net:a", second, 4));
  const first = new PendingCounter();
  first.add(counts);
  assertEquals([first.overLimit(LIMITS), first.evictions(LIMITS)], [["net:a"], []]);
  const second = new PendingCounter(first.overLimit(LIMITS));
  second.add(counts);
  assertEquals(second.evictions(LIMITS), [{ origin: "net:a", before: 2 * SECOND + 1 }]);
});

Deno.test("of too many in all the oldest go, whoever they are of", () => {
  const counter = new PendingCounter();
  for (let at = 0; at < 30; at++) counter.add([waiting(`net:${at}`, at % 3, 5)]);
  assertEquals(counter.evictions(LIMITS), [{ before: 1 }]);
});

/** What a store counts of one origin's triplets that came at these times. */
function countsOf(times: readonly number[]): PendingCount[] {
  const seconds = Map.groupBy(times, (time) => Math.floor(time / SECOND));
  return [...seconds.values()].map((some) => ({
    origin: "net:a",
    first: Math.min(...some),
    last: Math.max(...some),
    count: some.length,
  }));
}

Deno.test("property: pass by pass the oldest go until no more stay than may, and none goes in vain", () => {
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

Deno.test("of too many within one second about as many stay as may", () => {
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
