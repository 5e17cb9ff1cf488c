import { assert, assertEquals, assertMatch } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";
import { Client, connectTo, letters, pause, request, scale, tell } from "./load.ts";

/** The resident memory of a process, in MB. */
function memoryOf({ pid }: Daemon): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
}

function descriptorsOf({ pid }: Daemon): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** Waits until a count is what it was. */
async function settled(count: () => number, wanted: number): Promise<number> {
  for (let turn = 0; turn < 100 && count() > wanted; turn++) await pause(100);
  return count();
}

interface Setup {
  readonly daemon: Daemon;
  readonly path: string;
  readonly connect: () => Promise<Deno.UnixConn>;
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
    await body({ daemon, path, connect: () => connectTo(path) });
    assertEquals(await daemon.stop(), 0);
  });
}

/** Does something while a bystander is served, and tells how well. */
async function meanwhile(path: string, harm: () => Promise<void>): Promise<void> {
  const bystander = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--allow-all",
      new URL("bystander.ts", import.meta.url).pathname,
      path,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await harm();
  await bystander.stdin.close();
  const { stdout } = await bystander.output();
  const { p99, count, wrong } = JSON.parse(new TextDecoder().decode(stdout));
  tell(`a bystander's p99: ${p99.toFixed(1)} ms of ${count} requests`);
  assertEquals(wrong, 0);
}

/** Everything that a daemon opens and makes only once. */
async function warmUp(path: string): Promise<void> {
  const client = await Client.connect(path);
  for (let at = 0; at < 5000; at++) await client.ask({ sender: `warm.${letters(at)}@example.org` });
  client.close();
  await pause(1500);
}

/**
 * Has a dose of harm done until memory does not grow by it any more: the heap is as large then as such a
 * load needs, and more of the same must not make it larger.
 */
async function untilLevel(daemon: Daemon, dose: () => Promise<void>): Promise<void> {
  for (let turn = 0; turn < 12; turn++) {
    const before = memoryOf(daemon);
    await dose();
    await pause(1000);
    if (memoryOf(daemon) < before * 1.04) return;
  }
}

Deno.test("2,000 connections at once are served, the next is closed, and all of them leave nothing behind", async () => {
  await withDaemon(async ({ daemon, path, connect }) => {
    await warmUp(path);
    const before = descriptorsOf(daemon);
    await meanwhile(path, async () => {
      const clients = await Promise.all(Array.from({ length: 1998 }, () => Client.connect(path)));
      const answers = await Promise.all(
        clients.map((client, at) => client.ask({ sender: `many.${letters(at)}@example.org` })),
      );
      assertEquals(answers.filter((answer) => !answer?.startsWith("action=DEFER")), []);
      // The bystander and this one are the last two.
      const last = await connect();
      const oneMore = await connect();
      assertEquals(await oneMore.read(new Uint8Array(10)), null);
      oneMore.close();
      last.close();
      for (const client of clients) client.close();
    });
    assertEquals(await settled(() => descriptorsOf(daemon), before), before);
  });
});

Deno.test("slow writers and half requests are cut off in time, and hold up nobody", async () => {
  await withDaemon(async ({ daemon, path, connect }) => {
    const before = descriptorsOf(daemon);
    await meanwhile(path, async () => {
      const bytes = request({});
      const conns = await Promise.all(Array.from({ length: 200 }, connect));
      await Promise.all(conns.map(async (conn, at) => {
        // Half of them send a byte now and then, half of them half a request and nothing more.
        const pieces = at % 2 === 0
          ? [...bytes.subarray(0, 12)].map((byte) => new Uint8Array([byte]))
          : [bytes.subarray(0, bytes.length / 2)];
        for (const piece of pieces) {
          await conn.write(piece).catch(() => {});
          if (at % 2 === 0) await pause(200);
        }
        assertEquals(await conn.read(new Uint8Array(10)).catch(() => null), null);
        conn.close();
      }));
    });
    assertEquals(await settled(() => descriptorsOf(daemon), before), before);
  }, "--request-timeout=2s");
});

Deno.test("rubbish by the hundred megabytes is refused, and memory returns to what it was", async () => {
  await withDaemon(async ({ daemon, path, connect }) => {
    await warmUp(path);
    let sent = 0;
    const kinds: ((bytes: Uint8Array) => void)[] = [
      (bytes) => crypto.getRandomValues(bytes),
      (bytes) => bytes.fill(120),
      (bytes) => bytes.fill(10),
      (bytes) => bytes.fill(61),
      (bytes) =>
        bytes.set(new TextEncoder().encode("name=value\n".repeat(5957)).subarray(0, 65_536)),
    ];
    const spoil = async (megabytes: number) => {
      const end = sent + megabytes * 1e6;
      await Promise.all(Array.from({ length: 8 }, async (_, which) => {
        const bytes = new Uint8Array(65_536);
        while (sent < end) {
          kinds[(which + sent) % kinds.length]!(bytes);
          const conn = await connect();
          // Whoever does not read the answers is waited for, and that is another harm.
          const reading = conn.readable.pipeTo(new WritableStream(), { preventCancel: true })
            .catch(() => {});
          try {
            // Until the server hangs up.
            for (let turn = 0; turn < 20; turn++) {
              await conn.write(bytes);
              sent += bytes.length;
            }
          } catch {
            // It did.
          }
          try {
            conn.close();
          } catch {
            // The reader did.
          }
          await reading;
        }
      }));
    };
    await untilLevel(daemon, () => spoil(scale(60, 300)));
    const [memory, descriptors] = [memoryOf(daemon), descriptorsOf(daemon)];
    await meanwhile(path, () => spoil(scale(100, 1000)));
    await settled(() => descriptorsOf(daemon), descriptors);
    assertEquals(descriptorsOf(daemon), descriptors);
    const after = await settled(() => memoryOf(daemon), memory * 1.2);
    tell(
      `${(sent / 1e6).toFixed(0)} MB sent; memory ${memory.toFixed(0)} MB before, ${
        after.toFixed(0)
      } MB after`,
    );
    assert(after <= memory * 1.2, `${memory} MB became ${after} MB`);
    assertMatch((await daemon.ask({ sender: "after@example.org" }))!, /DEFER/);
  });
});

Deno.test("connections that come and go by the thousand leave no descriptor and no memory behind", async () => {
  await withDaemon(async ({ daemon, path, connect }) => {
    const open = async (count: number) => {
      for (let at = 0; at < count; at += 50) {
        const conns = await Promise.all(Array.from({ length: 50 }, connect));
        for (const [which, conn] of conns.entries()) {
          if (which % 3 === 1) await conn.write(request({}).subarray(0, 40)).catch(() => {});
          conn.close();
        }
      }
    };
    await warmUp(path);
    await untilLevel(daemon, () => open(scale(5000, 40_000)));
    const [memory, descriptors] = [memoryOf(daemon), descriptorsOf(daemon)];
    const count = scale(10_000, 100_000);
    await meanwhile(path, () => open(count));
    assertEquals(await settled(() => descriptorsOf(daemon), descriptors), descriptors);
    const after = await settled(() => memoryOf(daemon), memory * 1.2);
    tell(
      `${count} connections; memory ${memory.toFixed(0)} MB before, ${after.toFixed(0)} MB after`,
    );
    assert(after <= memory * 1.2, `${memory} MB became ${after} MB`);
  });
});
