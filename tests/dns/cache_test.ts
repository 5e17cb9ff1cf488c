import { assertEquals } from "@std/assert";
import { ExpiringCache } from "../../lib/dns/cache.ts";

Deno.test("an entry ends by its time, and nothing is kept for no time", () => {
  let now = 0;
  const cache = new ExpiringCache<string>(10, () => 1, () => now);
  cache.set("a", "x", 100);
  cache.set("b", "y", 0);
  now = 99;
  assertEquals([cache.get("a"), cache.get("b")], ["x", undefined]);
  now = 100;
  assertEquals([cache.get("a"), cache.size], [undefined, 0]);
});

Deno.test("what was used the longest ago makes room", () => {
  const cache = new ExpiringCache<number>(2, () => 1, () => 0);
  cache.set("a", 1, 9);
  cache.set("b", 2, 9);
  cache.get("a");
  cache.set("c", 3, 9);
  assertEquals([cache.get("a"), cache.get("b"), cache.get("c")], [1, undefined, 3]);
});

Deno.test("what weighs much makes as much room, and what weighs too much is not kept", () => {
  const cache = new ExpiringCache<string>(10, (text) => text.length);
  for (const key of ["a", "b", "c", "d"]) cache.set(key, "xxx", 9000);
  assertEquals(["a", "b", "c", "d"].filter((key) => cache.get(key) !== undefined), ["b", "c", "d"]);
  cache.set("b", "x", 9000);
  cache.set("e", "xxx", 9000);
  assertEquals(cache.size, 4);
  cache.set("f", "x".repeat(10), 9000);
  assertEquals(cache.size, 1);
  cache.set("g", "x".repeat(11), 9000);
  assertEquals([cache.get("g"), cache.size], [undefined, 1]);
});
