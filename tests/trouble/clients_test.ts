import { assert, assertEquals, assertMatch } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";
import { bystander, comeAndGo, eviction, pourRubbish, writeSlowly } from "./harm.ts";
import { Client, connectTo, letters, pause, scale, tell } from "./load.ts";

function descriptorsOf({ pid }: Daemon): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** Waits until a count is what it was. */
async function settled(count: () => number, wanted: number): Promise<number> {
  for (let turn = 0; turn < 600 && count() > wanted; turn++) await pause(100);
  return count();
}

interface Setup {
  readonly daemon: Daemon;
  readonly path: string;
}

async function withDaemon(
  body: (setup: Setup) => Promise<void>,
  ...flags: string[]
): Promise<void> {
  await inDirectory(async (directory) => {
    const path = `${directory}/policy`;
    const daemon = await Daemon.start([
      `--unix=${path}`,
      `--database=${directory}/g.db`,
      ...flags,
    ]);
    await body({ daemon, path });
    assertEquals(await daemon.stop(), 0);
  });
}

/** Does something while a bystander is served; returns how often it was. */
async function meanwhile(path: string, harm: () => Promise<void>): Promise<number> {
  const { p99, count, wrong } = await bystander(path, harm);
  tell(`a bystander's p99: ${p99.toFixed(1)} ms of ${count} requests`);
  assertEquals(wrong, 0);
  return count;
}

/** Everything that a daemon opens and makes only once. */
async function warmUp(path: string): Promise<void> {
  const client = await Client.connect(path);
  for (let at = 0; at < 5000; at++) await client.ask({ sender: `warm.${letters(at)}@example.org` });
  client.close();
  await pause(1500);
}

Deno.test("2,000 connections at once are served, the next is closed, and all of them leave nothing behind", async () => {
  await withDaemon(async ({ daemon, path }) => {
    await warmUp(path);
    const before = descriptorsOf(daemon);
    await meanwhile(path, async () => {
      const clients = await eviction(path, 1998);
      // The bystander and this one are the last two.
      const last = await connectTo(path);
      const oneMore = await connectTo(path);
      assertEquals(await oneMore.read(new Uint8Array(10)), null);
      oneMore.close();
      last.close();
      for (const client of clients) client.close();
    });
    assertEquals(await settled(() => descriptorsOf(daemon), before), before);
  });
});

Deno.test("slow writers and half requests are cut off in time, and hold up nobody", async () => {
  await withDaemon(async ({ daemon, path }) => {
    const before = descriptorsOf(daemon);
    await meanwhile(path, () => writeSlowly(path, 200));
    assertEquals(await settled(() => descriptorsOf(daemon), before), before);
  }, "--request-timeout=2s");
});

/** Memory and descriptors return to where they were before a harm; returns how often others were served. */
async function leavesNothingBehind(
  { daemon, path }: Setup,
  harm: () => Promise<void>,
): Promise<number> {
  await warmUp(path);
  const [memory, descriptors] = [daemon.memory, descriptorsOf(daemon)];
  const served = await meanwhile(path, harm);
  const most = daemon.memory;
  assertEquals(await settled(() => descriptorsOf(daemon), descriptors), descriptors);
  // V8 gives back what it does not need when it has had nothing to do for a while.
  const after = await settled(() => daemon.memory, memory * 1.2);
  const [first, second, third] = [memory, most, after].map((amount) => amount.toFixed(0));
  tell(`memory ${first} MB before, ${second} MB at its end, ${third} MB after`);
  assert(after <= memory * 1.2, `${memory} MB became ${after} MB`);
  return served;
}

Deno.test("rubbish by the hundred megabytes is refused, and memory returns to what it was", async () => {
  await withDaemon(async (setup) => {
    const { daemon, path } = setup;
    await leavesNothingBehind(
      setup,
      () => pourRubbish(path, scale(100, 1000)),
    );
    assertMatch((await daemon.ask({ sender: "after@example.org" }))!, /DEFER/);
  });
});

Deno.test("connections that come and go by the thousand leave nothing behind, and others get their turn", async () => {
  await withDaemon(async (setup) => {
    const { path } = setup;
    const count = scale(10_000, 100_000);
    const served = await leavesNothingBehind(
      setup,
      () => comeAndGo(path, count),
    );
    // A client that took all turns would leave others a tenth of that.
    assert(served >= count / 300, `a bystander was served ${served} times beside ${count}`);
  });
});
