import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CrowdCounter } from "../../lib/service/crowds.ts";

const SECOND = 1000;
const LIMITS = { maxWaiting: 100, maxWaitingPerOrigin: 10 };

const waiting = (origin: string, second: number, count: number) => ({
  origin,
  since: second * SECOND,
  count,
});

Deno.test("who has few waiting is left alone", () => {
  const counter = new CrowdCounter();
  for (let at = 0; at < 10; at++) counter.add([waiting(`net:${at}`, at, 10)]);
  assertEquals([counter.crowded(LIMITS), counter.crowds(LIMITS)], [[], []]);
});

Deno.test("of an origin with too many the oldest go, once it has been counted by the second", () => {
  const counts = [1, 2, 3, 4].map((second) => waiting("net:a", second, 4));
  const first = new CrowdCounter();
  first.add(counts);
  assertEquals([first.crowded(LIMITS), first.crowds(LIMITS)], [["net:a"], []]);
  const second = new CrowdCounter(first.crowded(LIMITS));
  second.add(counts);
  assertEquals(second.crowds(LIMITS), [{ origin: "net:a", before: 3 * SECOND }]);
});

Deno.test("of too many in all the oldest go, whoever they are of", () => {
  const counter = new CrowdCounter();
  for (let at = 0; at < 30; at++) counter.add([waiting(`net:${at}`, at % 3, 5)]);
  assertEquals(counter.crowds(LIMITS), [{ before: SECOND }]);
});

Deno.test("property: no more stay than may, but for those of the newest second, and none goes in vain", () => {
  const counts = fc.array(
    fc.record({ second: fc.integer({ min: 0, max: 50 }), count: fc.integer({ min: 1, max: 60 }) }),
    { minLength: 1 },
  );
  fc.assert(fc.property(counts, (all) => {
    const counter = new CrowdCounter();
    counter.add(all.map(({ second, count }, at) => waiting(`net:${at}`, second, count)));
    const [crowd] = counter.crowds(LIMITS);
    const newest = Math.max(...all.map(({ second }) => second));
    const sum = (from: number) =>
      all.filter(({ second }) => second * SECOND >= from).reduce((n, { count }) => n + count, 0);
    if (crowd === undefined) assert(sum(0) <= 100);
    else {
      assert(sum(crowd.before) <= 100 || crowd.before === newest * SECOND);
      assert(sum(0) > 100);
    }
  }));
});

Deno.test("a botnet of any size takes no more memory, and hides no network that floods", () => {
  const counter = new CrowdCounter();
  for (let at = 0; at < 300_000; at += 1000) {
    counter.add([
      ...Array.from({ length: 1000 }, (_, n) => waiting(`net:${at + n}`, 1, 1)),
      waiting("net:flood", 1, 5),
    ]);
  }
  assertEquals(counter.crowded(LIMITS), ["net:flood"]);
});
