import { assertEquals } from "@std/assert";
import { ExpiringCache } from "../../lib/dns/cache.ts";

const box = (text: string) => ({ text });

Deno.test("an entry expires after its lifetime, and nothing is kept without one", () => {
  let now = 1;
  const cache = new ExpiringCache<{ text: string }>(10, () => 1, () => now);
  cache.set("a", box("x"), 100);
  cache.set("b", box("y"), 0);
  now = 101;
  assertEquals([cache.get("a"), cache.get("b")], [box("x"), undefined]);
  now = 102;
  assertEquals([cache.get("a"), cache.size], [undefined, 0]);
});

Deno.test("a value without a lifetime replaces an older one by nothing", () => {
  const cache = new ExpiringCache<{ text: string }>(10);
  cache.set("a", box("x"), 9000);
  cache.set("a", box("y"), 0);
  assertEquals(cache.get("a"), undefined);
});

Deno.test("the least recently used entry is evicted", () => {
  const cache = new ExpiringCache<{ text: string }>(2);
  cache.set("a", box("1"), 9000);
  cache.set("b", box("2"), 9000);
  cache.get("a");
  cache.set("c", box("3"), 9000);
  assertEquals([cache.get("a"), cache.get("b"), cache.get("c")], [box("1"), undefined, box("3")]);
});

Deno.test("a large value evicts several, and one larger than the cache is dropped", () => {
  const cache = new ExpiringCache<{ text: string }>(10, ({ text }) => text.length);
  for (const key of ["a", "b", "c", "d"]) cache.set(key, box("xxx"), 9000);
  assertEquals(["a", "b", "c", "d"].filter((key) => cache.get(key) !== undefined), ["b", "c", "d"]);
  cache.set("b", box("x"), 9000);
  cache.set("e", box("xxx"), 9000);
  assertEquals(cache.size, 4);
  cache.set("f", box("x".repeat(10)), 9000);
  assertEquals(cache.size, 1);
  cache.set("g", box("x".repeat(11)), 9000);
  assertEquals([cache.get("g"), cache.size], [undefined, 1]);
});
