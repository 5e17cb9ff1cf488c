import { assert, assertEquals, assertMatch } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import {
  openAndClose,
  openConnections,
  sendGarbage,
  withBystander,
  writeSlowly,
} from "./attacks.ts";
import { clientOf, connectTo, letters, report, scale } from "./load.ts";

const SETTLING = 60_000;

function descriptorsOf({ pid }: Daemon): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** Waits until a count has returned to a maximum. */
async function settled(name: string, count: () => number, max: number): Promise<number> {
  await eventually(
    `${name} return to ${max}`,
    () => count() <= max,
    { timeout: SETTLING, period: 100 },
    () => `${count()} at the end`,
  );
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

/** Runs an attack; returns the number of requests of a bystander that were answered meanwhile. */
async function attackBeside(path: string, attack: () => Promise<void>): Promise<number> {
  const { p99, count, wrong } = await withBystander(path, attack);
  report(`p99 of a bystander: ${p99.toFixed(1)} ms of ${count} requests`);
  assertEquals(wrong, 0);
  return count;
}

/** Has the daemon allocate everything that it allocates only once. */
async function warmUp(path: string): Promise<void> {
  const client = await clientOf(path);
  for (let at = 0; at < 5000; at++) await client.ask({ sender: `warm.${letters(at)}@example.org` });
  client.close();
  await pause(1500);
}

Deno.test("2,000 connections are served, the next is rejected, and all descriptors are closed again", async () => {
  await withDaemon(async ({ daemon, path }) => {
    await warmUp(path);
    const before = descriptorsOf(daemon);
    await attackBeside(path, async () => {
      const clients = await openConnections(path, 1998);
      // The bystander and this one are the last two.
      const last = await connectTo(path);
      const excess = await connectTo(path);
      assertEquals(await excess.read(new Uint8Array(10)), null);
      excess.close();
      last.close();
      for (const client of clients) client.close();
    });
    assertEquals(await settled("descriptors", () => descriptorsOf(daemon), before), before);
  });
});

Deno.test("slow and incomplete requests time out and delay no other client", async () => {
  await withDaemon(async ({ daemon, path }) => {
    const before = descriptorsOf(daemon);
    await attackBeside(path, () => writeSlowly(path, 200));
    assertEquals(await settled("descriptors", () => descriptorsOf(daemon), before), before);
  }, "--request-timeout=2s");
});

/** Asserts that memory and descriptors return to where they were before an attack. */
async function attackAndRecover(
  { daemon, path }: Setup,
  attack: () => Promise<void>,
): Promise<number> {
  await warmUp(path);
  const [memory, descriptors] = [daemon.memory, descriptorsOf(daemon)];
  const answered = await attackBeside(path, attack);
  const during = daemon.memory;
  const open = () => descriptorsOf(daemon);
  assertEquals(await settled("descriptors", open, descriptors), descriptors);
  // V8 returns memory to the system only after a while of inactivity.
  const after = await settled("megabytes", () => daemon.memory, memory * 1.2);
  const [first, second, third] = [memory, during, after].map((amount) => amount.toFixed(0));
  report(`memory ${first} MB before, ${second} MB at the end of the attack, ${third} MB after it`);
  return answered;
}

Deno.test("hundreds of megabytes of garbage are rejected, and their memory is freed", async () => {
  await withDaemon(async (setup) => {
    const { daemon, path } = setup;
    await attackAndRecover(setup, () => sendGarbage(path, scale(100, 1000)));
    assertMatch(await daemon.ask({ sender: "after@example.org" }), /DEFER/);
  });
});

Deno.test("thousands of short connections leave nothing behind and do not starve other clients", async () => {
  await withDaemon(async (setup) => {
    const { path } = setup;
    const count = scale(10_000, 100_000);
    const answered = await attackAndRecover(setup, () => openAndClose(path, count));
    // Without fairness a bystander gets about a tenth of this.
    assert(answered >= count / 300, `${answered} replies beside ${count} connections`);
  });
});
