import { assertEquals } from "@std/assert";
import { RateLimit } from "../../../lib/web/http/rate_limit.ts";

Deno.test("a key is used in a burst, then once an interval", () => {
  const limit = new RateLimit({ burst: 3, intervalMs: 1000 });
  for (let use = 0; use < 3; use++) {
    assertEquals(limit.waitFor("a", 0), 0);
    limit.use("a", 0);
  }
  assertEquals(limit.waitFor("a", 0), 1000);
  assertEquals(limit.waitFor("b", 0), 0);
  assertEquals(limit.waitFor("a", 400), 600);
  assertEquals(limit.waitFor("a", 1000), 0);
  limit.use("a", 1000);
  assertEquals(limit.waitFor("a", 1000), 1000);
  assertEquals(limit.waitFor("a", 100_000), 0);
});
