import { assertEquals, assertThrows } from "@std/assert";
import { QueryCache } from "../../../lib/web/worker/query_cache.ts";

/** A cache with a clock, and a query that takes `cost` milliseconds and counts its runs. */
function setUp(cost: number) {
  const state = { now: 0, runs: 0 };
  const cache = new QueryCache(() => state.now);
  const get = (key = "key") =>
    cache.get(key, () => {
      state.now += cost;
      return ++state.runs;
    });
  return { state, cache, get };
}

Deno.test("a cheap result is shared for a second", () => {
  const { state, get } = setUp(0);
  assertEquals([get(), get()], [1, 1]);
  state.now = 999;
  assertEquals(get(), 1);
  state.now = 1000;
  assertEquals(get(), 2);
});

Deno.test("an expensive result is shared for 30 times its cost", () => {
  const { state, get } = setUp(200);
  assertEquals(get(), 1);
  state.now = 200 + 5999;
  assertEquals(get(), 1);
  state.now = 200 + 6000;
  assertEquals(get(), 2);
});

Deno.test("results have keys, and clearing forgets them", () => {
  const { cache, get } = setUp(0);
  assertEquals([get("a"), get("b"), get("a")], [1, 2, 1]);
  cache.clear();
  assertEquals(get("a"), 3);
});

Deno.test("an error is not cached", () => {
  const { cache, get } = setUp(0);
  const fail = () => {
    throw new Error("bad");
  };
  assertThrows(() => cache.get("key", fail), Error, "bad");
  assertEquals(get(), 1);
});

Deno.test("beyond 100 keys the least recently used is forgotten", () => {
  const { get } = setUp(0);
  for (let at = 0; at < 100; at++) get(`${at}`);
  get("0");
  get("100");
  assertEquals([get("0"), get("1")], [1, 102]);
});
