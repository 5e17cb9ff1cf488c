import { assert, assertEquals } from "@std/assert";
import { Batches } from "../../lib/daemon/batches.ts";

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("items of one turn share a batch, at most 64, in their order", async () => {
  const batches: number[][] = [];
  const collector = new Batches<number>((items) => batches.push([...items]));
  const items = Array.from({ length: 140 }, (_, at) => at);
  for (const item of items) collector.add(item);
  assertEquals(batches, []);
  await Promise.resolve();
  assertEquals(batches.map(({ length }) => length), [64, 64, 12]);
  assertEquals(batches.flat(), items);
});

Deno.test("a lone item waits for no timer", async () => {
  const processed: string[] = [];
  const collector = new Batches<string>((items) => processed.push(...items));
  collector.add("one");
  await Promise.resolve();
  assertEquals(processed, ["one"]);
  collector.add("two");
  await Promise.resolve();
  assertEquals(processed, ["one", "two"]);
});

Deno.test("items that arrive during a batch form the next", async () => {
  const batches: string[][] = [];
  const collector = new Batches<string>((items) => {
    batches.push([...items]);
    if (batches.length === 1) { for (const item of ["b", "c"]) collector.add(item); }
  });
  collector.add("a");
  await Promise.resolve();
  assertEquals(batches, [["a"], ["b", "c"]]);
});

Deno.test("a flood leaves turns to other work", async () => {
  let processed = 0;
  const collector = new Batches<number>((items) => processed += items.length);
  for (let at = 0; at < 1000; at++) collector.add(at);
  await Promise.resolve();
  assertEquals(processed, 4 * 64);
  await turn();
  assert(processed < 1000, `${processed}`);
  while (processed < 1000) await turn();
  assertEquals(processed, 1000);
});
