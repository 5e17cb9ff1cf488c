import { assertEquals } from "@std/assert";
import { ExpiringCache } from "../../lib/evidence/dns_cache.ts";

Deno.test("an entry ends by its time, and nothing is kept for no time", () => {
  let now = 0;
  const cache = new ExpiringCache<string>(10, () => now);
  cache.set("a", "x", 100);
  cache.set("b", "y", 0);
  now = 99;
  assertEquals([cache.get("a"), cache.get("b")], ["x", undefined]);
  now = 100;
  assertEquals([cache.get("a"), cache.size], [undefined, 0]);
});

Deno.test("what was used the longest ago makes room", () => {
  const cache = new ExpiringCache<number>(2, () => 0);
  cache.set("a", 1, 9);
  cache.set("b", 2, 9);
  cache.get("a");
  cache.set("c", 3, 9);
  assertEquals([cache.get("a"), cache.get("b"), cache.get("c")], [1, undefined, 3]);
});
