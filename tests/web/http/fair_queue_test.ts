import { assert, assertEquals, assertRejects } from "@std/assert";
import { FairQueue } from "../../../lib/web/http/fair_queue.ts";

const spend = (milliseconds: number) => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
};

Deno.test("tasks run in order, each after a rest as long as the one before", async () => {
  const queue = new FairQueue();
  const order: number[] = [];
  let resting = 0;
  let ended = 0;
  await Promise.all([1, 2, 3].map((which) =>
    queue.run(() => {
      if (ended > 0) resting += performance.now() - ended;
      order.push(which);
      spend(20);
      ended = performance.now();
      return Promise.resolve();
    })
  ));
  assertEquals(order, [1, 2, 3]);
  assert(resting >= 38, `${resting}`);
});

Deno.test("the rest has a maximum", async () => {
  const queue = new FairQueue(1);
  const begin = performance.now();
  await queue.run(() => Promise.resolve(spend(500)));
  await queue.run(() => Promise.resolve());
  assert(performance.now() - begin < 950);
});

Deno.test("a failed task rejects, and the next one runs", async () => {
  const queue = new FairQueue();
  await assertRejects(() => queue.run(() => Promise.reject(new Error("bad"))));
  assertEquals(await queue.run(() => Promise.resolve(7)), 7);
});
