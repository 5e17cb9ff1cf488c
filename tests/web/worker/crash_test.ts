/** A crash of the page's thread, in a daemon from a copy of the source whose thread throws on demand. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePort } from "../../free_port.ts";
import { sh } from "../../clean_up.ts";
import { Daemon, inDirectory } from "../../daemon.ts";
import { eventually, pause } from "../../eventually.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** Milliseconds; an answer of the policy listener takes less than one. */
const SLOW = 1000;

/** Throws in the thread once the file `crash` exists, and at its start while the file `broken` does. */
const thrower = (directory: string) => `
const exists = (name: string) => {
  try {
    Deno.statSync(\`${directory}/\${name}\`);
    return true;
  } catch {
    return false;
  }
};
if (exists("broken")) throw new Error("forced at the start");
setInterval(() => {
  if (!exists("crash")) return;
  Deno.removeSync("${directory}/crash");
  throw new Error("forced");
}, 20);
`;

interface Setup {
  readonly daemon: Daemon;
  readonly page: string;
  /** The database's directory, which the thread may read. */
  readonly directory: string;
}

async function withFragilePage(test: (setup: Setup) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    await sh(`cp -r ${ROOT}lib ${ROOT}main.ts ${ROOT}deno.json ${ROOT}deno.lock ${directory}/`);
    const data = `${directory}/data`;
    const worker = `${directory}/lib/web/worker/worker.ts`;
    await Deno.writeTextFile(worker, await Deno.readTextFile(worker) + thrower(data));
    const port = freePort();
    const daemon = await Daemon.start([
      `--listen=unix:${directory}/policy`,
      `--status=inet:${port}`,
      `--database=${data}/g.db`,
    ], { source: `${directory}/main.ts` });
    try {
      await daemon.waitFor("status server on");
      await test({ daemon, page: `http://127.0.0.1:${port}`, directory: data });
    } finally {
      await daemon.stop();
    }
  });
}

/** Asks the daemon until the body has ended; returns the longest time of an answer. */
async function whileAsking(daemon: Daemon, body: () => Promise<void>): Promise<number> {
  let isOver = false;
  let longest = 0;
  const asking = (async () => {
    for (let at = 0; !isOver; at++) {
      const begin = performance.now();
      assertMatch(await daemon.ask({ sender: `s${at}@example.org` }), /^action=DEFER/);
      longest = Math.max(longest, performance.now() - begin);
      await pause(20);
    }
  })();
  try {
    await body();
  } finally {
    isOver = true;
    await asking;
  }
  return longest;
}

async function isAlive(page: string): Promise<boolean> {
  try {
    const response = await fetch(`${page}/healthz`, { headers: { connection: "close" } });
    return await response.text() === "alive\n";
  } catch {
    return false;
  }
}

const untilAlive = (page: string, daemon: Daemon) =>
  eventually("the page answers", () => isAlive(page), { timeout: 20_000 }, () => daemon.log);

Deno.test("the page starts again after crashes of its thread, and no policy answer waits", () =>
  withFragilePage(async ({ daemon, page, directory }) => {
    const longest = await whileAsking(daemon, async () => {
      for (let crash = 0; crash < 2; crash++) {
        await untilAlive(page, daemon);
        await Deno.writeTextFile(`${directory}/crash`, "");
        await eventually("the thread crashes", async () => !await isAlive(page));
      }
      await untilAlive(page, daemon);
    });
    assert(longest < SLOW, `${longest} ms`);
    assertMatch(
      daemon.log,
      /warning: status page crashed: .*forced\. It starts again; mail is not affected/,
    );
    assertEquals(daemon.countReasons().fault, undefined);
  }));

Deno.test("a thread that crashes at its start is tried again with the next request", () =>
  withFragilePage(async ({ daemon, page, directory }) => {
    await Deno.writeTextFile(`${directory}/broken`, "");
    const longest = await whileAsking(daemon, async () => {
      assertEquals(await isAlive(page), false);
      await daemon.waitFor(/status page crashed: .*forced at the start/);
      await Deno.remove(`${directory}/broken`);
      await untilAlive(page, daemon);
    });
    assert(longest < SLOW, `${longest} ms`);
  }));
