import { assertEquals, assertRejects } from "@std/assert";
import { BACKGROUND_LIMITS, Scheduler, within } from "../../lib/evidence/scheduler.ts";
import { pause } from "../eventually.ts";

const LIMITS = { ...BACKGROUND_LIMITS, running: 2, queued: 2, startPause: 0, timeout: 1000 };

/** A lookup that ends only when it is aborted. */
const silent = (signal: AbortSignal) =>
  new Promise<string>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });

Deno.test("running and queued lookups are limited, and the oldest queued one is dropped", async () => {
  const started: string[] = [];
  let dropped = 0;
  const scheduler = new Scheduler<string>(() => dropped++, LIMITS);
  const add = (key: string) =>
    scheduler.add(key, (signal) => {
      started.push(key);
      return silent(signal);
    }, () => {});
  for (const key of ["a", "b"]) {
    add(key);
    await pause(5);
  }
  for (const key of ["c", "d", "e"]) add(key);
  await pause(20);
  assertEquals([started, dropped], [["a", "b"], 1]);
  scheduler.stop();
});

Deno.test("the end of a lookup starts the next", async () => {
  const results: string[] = [];
  const gates = new Map<string, PromiseWithResolvers<string>>();
  const scheduler = new Scheduler<string>(() => {}, { ...LIMITS, running: 1 });
  for (const key of ["a", "b"]) {
    scheduler.add(key, () => {
      const gate = Promise.withResolvers<string>();
      gates.set(key, gate);
      return gate.promise;
    }, (result) => results.push(result));
  }
  await pause(20);
  assertEquals([...gates.keys()], ["a"]);
  gates.get("a")!.resolve("A");
  await pause(20);
  assertEquals([...gates.keys()], ["a", "b"]);
  gates.get("b")!.resolve("B");
  await pause(20);
  assertEquals(results, ["A", "B"]);
  scheduler.stop();
});

Deno.test("lookups with the same key run once and tell every callback, up to the maximum", async () => {
  let runs = 0;
  const results: number[] = [];
  const scheduler = new Scheduler<number>(() => {}, { ...LIMITS, callbacks: 2 });
  for (let at = 0; at < 3; at++) {
    scheduler.add("a", () => Promise.resolve(++runs), (result) => results.push(result));
  }
  await pause(20);
  assertEquals([runs, results], [1, [1, 1]]);
  scheduler.stop();
});

Deno.test("while others wait, one lookup starts after the other", async () => {
  const started: string[] = [];
  const scheduler = new Scheduler<string>(() => {}, { ...LIMITS, startPause: 100 });
  for (const key of ["a", "b"]) {
    scheduler.add(key, () => Promise.resolve(started.push(key)).then(String), () => {});
  }
  await pause(20);
  assertEquals(started, ["a"]);
  await pause(150);
  assertEquals(started, ["a", "b"]);
  scheduler.stop();
});

Deno.test("a lookup that fails, times out or is stopped calls no callback and frees its place", async () => {
  const results: string[] = [];
  const scheduler = new Scheduler<string>(() => {}, { ...LIMITS, running: 1, timeout: 10 });
  const callback = (result: string) => results.push(result);
  scheduler.add("fails", () => Promise.reject(new Error("no")), callback);
  await pause(20);
  scheduler.add("slow", silent, callback);
  await pause(50);
  scheduler.add("works", () => Promise.resolve("yes"), callback);
  await pause(20);
  scheduler.add("stopped", silent, callback);
  scheduler.stop();
  await pause(20);
  assertEquals(results, ["yes"]);
});

Deno.test("a time limit aborts, and leaves no timer behind", async () => {
  await assertRejects(() => within(5, silent), Error, "no answer within 5 ms");
  assertEquals(await within(60_000, () => Promise.resolve(7)), 7);
});
