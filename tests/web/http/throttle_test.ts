import { assertEquals } from "@std/assert";
import { Throttle } from "../../../lib/web/http/throttle.ts";

Deno.test("five failures are free; then the wait doubles up to a minute", () => {
  const throttle = new Throttle();
  const waits: number[] = [];
  for (let at = 0; at < 14; at++) {
    waits.push(throttle.waitFor("192.0.2.1", 0));
    throttle.failed("192.0.2.1", 0);
  }
  const doubling = [1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1000);
  assertEquals(waits, [0, 0, 0, 0, 0, ...doubling]);
  assertEquals(throttle.waitFor("192.0.2.2", 0), 0);
});

Deno.test("a wait ends with time, after a success, and after 15 minutes without attempts", () => {
  const throttle = new Throttle();
  for (let at = 0; at < 6; at++) throttle.failed("a", 0);
  assertEquals(throttle.waitFor("a", 500), 1500);
  assertEquals(throttle.waitFor("a", 2000), 0);
  throttle.succeeded("a");
  throttle.failed("a", 2000);
  assertEquals(throttle.waitFor("a", 2000), 0);
  for (let at = 0; at < 6; at++) throttle.failed("a", 2000);
  throttle.failed("a", 2000 + 16 * 60_000);
  assertEquals(throttle.waitFor("a", 2000 + 16 * 60_000), 0);
});

Deno.test("beyond 1000 addresses the one that failed longest ago is forgotten", () => {
  const throttle = new Throttle();
  for (let at = 0; at < 6; at++) throttle.failed("first", 0);
  for (let at = 0; at < 1000; at++) throttle.failed(`other ${at}`, 0);
  assertEquals(throttle.waitFor("first", 0), 0);
});
