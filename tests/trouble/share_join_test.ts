/** A new site that reads all records of another while it answers. */
import { freePort } from "../free_port.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openStore } from "../../lib/store/open.ts";
import { HOUR } from "../../lib/text/duration.ts";
import { inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import { peersOf, SiteDaemon, withSites } from "../share/sites.ts";
import { pending } from "../store/records.ts";

const TRIPLETS = 30_000;

/** Milliseconds within which 99 of 100 answers come. */
const LONGEST_ANSWER = 100;

async function fill(site: SiteDaemon): Promise<void> {
  await Deno.mkdir(`${site.directory}/${site.name}`);
  const store = openStore({ database: site.database, privacy: false });
  const now = Date.now();
  const times = { firstSeen: now, lastSeen: now, expires: now + HOUR };
  for (let at = 0; at < TRIPLETS; at += 1000) {
    store.greylist.exchange(() =>
      Array.from({ length: 1000 }, (_, more) => pending(`s${at + more}@example.org`, times))
    );
  }
  await store.close();
}

/** @returns milliseconds until the answer. */
async function ask(site: SiteDaemon, sender: string): Promise<number> {
  const begin = performance.now();
  const reply = await site.daemon.ask({ sender, client_address: "198.51.100.1" });
  assertMatch(reply, /DEFER_IF_PERMIT/);
  return performance.now() - begin;
}

/** The time within which 99 of 100 answers came. */
function slowest(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)]!;
}

Deno.test(`a site that reads ${TRIPLETS} triplets answers as fast as ever`, () =>
  inDirectory(async (directory) => {
    const sites = await peersOf(directory, ["mx1", "mx2"], "--max-pending-per-origin=100000");
    const [one, two] = sites as [SiteDaemon, SiteDaemon];
    await fill(one);
    // How long answers take on this machine now.
    const control = new SiteDaemon("control", directory, freePort(), []);
    await withSites([control, ...sites], async () => {
      const times: number[] = [];
      const controlTimes: number[] = [];
      await eventually("the new site has all triplets", async () => {
        for (let at = 0; at < 10; at++) {
          const sender = `q${times.length}@example.net`;
          times.push(await ask(two, sender));
          controlTimes.push(await ask(control, sender));
          await pause(10);
        }
        const store = two.store();
        const { pending: count } = store.size();
        await store.close();
        return count >= TRIPLETS + times.length;
      }, { timeout: 60_000 });
      const limit = Math.max(LONGEST_ANSWER, 2 * slowest(controlTimes));
      assert(slowest(times) < limit, `${slowest(times)} ms of ${times.length} answers`);
      assertEquals(two.daemon.countReasons().fault ?? 0, 0);
    });
  }));
