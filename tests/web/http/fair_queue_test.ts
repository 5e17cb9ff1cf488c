import { assert, assertEquals, assertRejects } from "@std/assert";
import { FairQueue } from "../../../lib/web/http/fair_queue.ts";

const spend = (milliseconds: number) => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
};

Deno.test("work is done one after the other, in its order, with as much rest as it took", async () => {
  const pace = new FairQueue();
  const order: number[] = [];
  let resting = 0;
  let ended = 0;
  await Promise.all([1, 2, 3].map((which) =>
    pace.take(() => {
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

Deno.test("who comes alone does not wait, and work that fails holds nobody up", async () => {
  const pace = new FairQueue();
  await assertRejects(() => pace.take(() => Promise.reject(new Error("bad"))));
  assertEquals(await pace.take(() => Promise.resolve(7)), 7);
});
