import { assert, assertEquals, assertMatch } from "@std/assert";
import { openStore } from "../../lib/store/open.ts";
import type { Store } from "../../lib/store/store.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { relation, reputation } from "../store/records.ts";
import { eventually, pause } from "../eventually.ts";
import { clientOf, letters, report, scale } from "./load.ts";

/** Distinct triplets of a flood. */
const FLOOD = scale(20_000, 10_000_000);
const CONNECTIONS = 16;

const MAX_PENDING = scale(3000, 1_000_000);
const MAX_PENDING_PER_ORIGIN = scale(1000, 100_000);

/** Requests per second of `policy_test_time`. */
const PER_SECOND = MAX_PENDING_PER_ORIGIN / 4;

/** Seconds since the epoch. */
const START = 1_800_000_000;

interface Flood {
  readonly path: string;
  readonly client_address: (at: number) => string;
}

async function flood({ path, client_address }: Flood): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    using client = await clientOf(path);
    while (next < FLOOD) {
      const at = next++;
      const reply = await client.ask({
        sender: `flood.${letters(at)}@example.com`,
        client_address: client_address(at),
        policy_test_time: String(START + Math.floor(at / PER_SECOND)),
      });
      assert(reply?.startsWith("action=DEFER"), reply);
    }
  }));
}

/** Disk space of the database with its log, and memory of the daemon: peak and last, in MB. */
class Usage {
  readonly #daemon: Daemon;
  readonly #database: string;
  readonly #peak = { disk: 0, memory: 0 };
  readonly #timer = setInterval(() => this.#measure(), 1000);

  constructor(daemon: Daemon, database: string) {
    this.#daemon = daemon;
    this.#database = database;
  }

  #measure(): { disk: number; memory: number } {
    const files = [this.#database, `${this.#database}-wal`];
    const disk = files.reduce((sum, path) => sum + Deno.statSync(path).size / 1e6, 0);
    const { memory } = this.#daemon;
    this.#peak.disk = Math.max(this.#peak.disk, disk);
    this.#peak.memory = Math.max(this.#peak.memory, memory);
    // The log of ten million decisions does not fit into a string.
    const lines = this.#daemon.log.split("\n");
    this.#daemon.log = lines.filter((line) => !line.includes(" info: action=")).join("\n");
    return { disk, memory };
  }

  end(): string {
    clearInterval(this.#timer);
    const { disk, memory } = this.#measure();
    const format = (megabytes: number) => `${megabytes.toFixed(0)} MB`;
    return `${format(disk)} on disk (peak ${format(this.#peak.disk)}), ` +
      `${format(memory)} of memory (peak ${format(this.#peak.memory)})`;
  }
}

/** Waits until maintenance has evicted all triplets beyond a maximum. */
async function remaining(store: Store, max: number): Promise<number> {
  const count = () => store.size().pending;
  await eventually(
    `at most ${max} triplets`,
    () => count() <= max,
    { timeout: scale(30_000, 600_000), period: 100 },
    () => `${count()} triplets`,
  );
  return count();
}

async function withFlood(
  client_address: Flood["client_address"],
  limits: readonly string[],
  max: number,
): Promise<void> {
  await inDirectory(async (directory) => {
    const path = `${directory}/policy`;
    const database = `${directory}/g.db`;
    const store = openStore({ database, privacy: false });
    // Neither may suffer from the flood; the first belongs to the flooding network.
    const seen = (START - 3600) * 1000;
    const times = { firstSeen: seen, lastSeen: seen };
    store.greylist.exchange(() => [
      relation("friend@example.org", { origins: ["net:203.0.113.0/24"], ...times }),
      reputation("ip:198.51.100.7", {
        ...times,
        retried: 9,
        abandoned: 0,
        total: 9,
        updated: seen,
      }),
    ]);
    const daemon = await Daemon.start([
      `--unix=${path}`,
      `--database=${database}`,
      "--accept-test-time",
      "--history=0s",
      "--spf=off",
      ...limits,
    ]);
    const usage = new Usage(daemon, database);
    await flood({ path, client_address });
    const left = await remaining(store, max);
    await daemon.waitFor("pending limit reached");
    const now = { policy_test_time: String(START + Math.floor(FLOOD / PER_SECOND)) };
    const friend = { sender: "friend@example.org", client_address: "203.0.113.77", ...now };
    assertMatch(await daemon.ask(friend), /DUNNO/);
    let passed = 0;
    for (let at = 0; at < 10; at++) {
      const recipient = `user.${letters(at)}@example.net`;
      const reply = await daemon.ask({ recipient, client_address: "198.51.100.7", ...now });
      if (reply.includes("DUNNO")) passed++;
    }
    // One in fifty is a sample.
    assert(passed >= 7, `${passed} of 10`);
    // The newest triplet of the flood is still pending.
    const newest = FLOOD - 1;
    const last = await daemon.ask({
      sender: `flood.${letters(newest)}@example.com`,
      client_address: client_address(newest),
      policy_test_time: String(START + Math.floor(newest / PER_SECOND) + 301),
    });
    assertMatch(last, /PREPEND|DUNNO/);
    report(`${FLOOD} distinct triplets: ${left} left, ${usage.end()}`);
    store.close();
    assertEquals(await daemon.stop(), 0);
  });
}

Deno.test("a flood from one network is limited by max_pending_per_origin", () =>
  withFlood(
    (at) => `203.0.113.${at % 250}`,
    [`--max-pending-per-origin=${MAX_PENDING_PER_ORIGIN}`],
    MAX_PENDING_PER_ORIGIN,
  ));

Deno.test("a flood from a botnet is limited by max_pending", () =>
  withFlood(
    (at) => `${11 + at % 80}.${(at >> 3) % 250}.${(at >> 9) % 250}.${at % 250}`,
    [`--max-pending=${MAX_PENDING}`],
    MAX_PENDING,
  ));

for (
  const [source, limit, client_address] of [
    ["a botnet", "--max-pending=1000", (at: number) => `203.0.${at % 250}.1`],
    ["one network", "--max-pending-per-origin=1000", (at: number) => `203.0.113.${at % 250}`],
  ] as const
) {
  Deno.test(`a flood from ${source} between two maintenance passes is limited within seconds`, async () => {
    await inDirectory(async (directory) => {
      const path = `${directory}/policy`;
      const database = `${directory}/g.db`;
      const daemon = await Daemon.start([
        `--unix=${path}`,
        `--database=${database}`,
        "--spf=off",
        limit,
      ]);
      // The first pass has ended; the next regular one is ten minutes away.
      await pause(2500);
      using client = await clientOf(path);
      for (let at = 0; at < 5000; at++) {
        await client.ask({
          sender: `flood.${letters(at)}@example.com`,
          client_address: client_address(at),
        });
      }
      const store = openStore({ database, privacy: false });
      const left = await remaining(store, 1000);
      store.close();
      assert(left > 700, `only ${left} triplets are left`);
      assertEquals(await daemon.stop(), 0);
    });
  });
}
