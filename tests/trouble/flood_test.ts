import { assert, assertEquals, assertMatch } from "@std/assert";
import { tripletKey } from "../../lib/greylist/model.ts";
import { openStore } from "../../lib/store/open.ts";
import type { Store } from "../../lib/store/store.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { Client, letters, pause, scale, tell } from "./load.ts";

/** Distinct triplets of each kind of flood; so many connections send them. */
const FLOOD = scale(20_000, 10_000_000);
const CONNECTIONS = 16;

const MOST = scale(3000, 1_000_000);
const MOST_PER_ORIGIN = scale(1000, 100_000);

/** A second of the flood's own clock passes with so many. */
const PER_SECOND = MOST_PER_ORIGIN / 4;

const START = 1_800_000_000;

interface Flood {
  readonly path: string;
  readonly client_address: (at: number) => string;
}

async function flood({ path, client_address }: Flood): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    const client = await Client.connect(path);
    while (next < FLOOD) {
      const at = next++;
      const answer = await client.ask({
        sender: `flood.${letters(at)}@example.com`,
        client_address: client_address(at),
        policy_test_time: String(START + Math.floor(at / PER_SECOND)),
      });
      assert(answer?.startsWith("action=DEFER"), answer);
    }
    client.close();
  }));
}

/** What a daemon takes of the disk, with its log, and of the memory: at most and in the end, in MB. */
class Figures {
  readonly #daemon: Daemon;
  readonly #database: string;
  readonly #most = { disk: 0, memory: 0 };
  readonly #timer = setInterval(() => this.#look(), 1000);

  constructor(daemon: Daemon, database: string) {
    this.#daemon = daemon;
    this.#database = database;
  }

  #look(): { disk: number; memory: number } {
    const files = [this.#database, `${this.#database}-wal`];
    const disk = files.reduce((sum, path) => sum + Deno.statSync(path).size / 1e6, 0);
    const { memory } = this.#daemon;
    this.#most.disk = Math.max(this.#most.disk, disk);
    this.#most.memory = Math.max(this.#most.memory, memory);
    // The lines of ten million decisions do not fit into a string.
    const lines = this.#daemon.log.split("\n");
    this.#daemon.log = lines.filter((line) => !line.includes(" info: action=")).join("\n");
    return { disk, memory };
  }

  end(): string {
    clearInterval(this.#timer);
    const { disk, memory } = this.#look();
    const [most, at] = [this.#most, (megabytes: number) => `${megabytes.toFixed(0)} MB`];
    return `${at(disk)} on disk (at most ${at(most.disk)}), ` +
      `${at(memory)} of memory (at most ${at(most.memory)})`;
  }
}

/** Waits until no more triplets are left than may be: watched every few seconds, removed pass by pass. */
async function leftOf(store: Store, most: number): Promise<number> {
  let left = Infinity;
  for (let turn = 0; turn < scale(300, 6000) && left > most; turn++) {
    await pause(100);
    left = store.size().triplets;
  }
  assert(left <= most, `${left} are left, and ${most} may be`);
  return left;
}

async function withFlood(
  client_address: Flood["client_address"],
  limits: readonly string[],
  mostLeft: number,
): Promise<void> {
  await inDirectory(async (directory) => {
    const path = `${directory}/policy`;
    const database = `${directory}/g.db`;
    const store = openStore({ database, privacy: false });
    // The flood must not delay them: known from the flooding network itself, and long before.
    const known = tripletKey("net:203.0.113.0/24", "friend@example.org", "bob@example.net");
    const seen = (START - 3600) * 1000;
    store.greylist.exchange([], () => [{
      kind: "triplet",
      key: known,
      record: { firstSeen: seen, lastSeen: seen, passed: seen, tries: 1, counted: false },
    }, {
      kind: "origin",
      key: "net:198.51.100.0/24",
      record: { firstSeen: seen, lastSeen: seen, deliveries: 9, lastCounted: seen },
    }]);
    const daemon = await Daemon.start([
      `--unix=${path}`,
      `--database=${database}`,
      "--accept-test-time",
      "--history=0s",
      "--spf=off",
      ...limits,
    ]);
    const figures = new Figures(daemon, database);
    await flood({ path, client_address });
    // The flood has not evicted them.
    const left = await leftOf(store, mostLeft + 1) - 1;
    await daemon.waitFor("pending limit reached");
    const now = { policy_test_time: String(START + Math.floor(FLOOD / PER_SECOND)) };
    const friend = { sender: "friend@example.org", client_address: "203.0.113.77", ...now };
    assertMatch(await daemon.ask(friend), /DUNNO/);
    const whitelisted = { sender: "new@example.org", client_address: "198.51.100.7", ...now };
    assertMatch(await daemon.ask(whitelisted), /DUNNO/);
    // The newest stranger still waits its time and not anew.
    const newest = FLOOD - 1;
    const last = await daemon.ask({
      sender: `flood.${letters(newest)}@example.com`,
      client_address: client_address(newest),
      policy_test_time: String(START + Math.floor(newest / PER_SECOND) + 61),
    });
    assertMatch(last, /PREPEND|DUNNO/);
    tell(`${FLOOD} distinct triplets: ${left} left, ${figures.end()}`);
    store.close();
    assertEquals(await daemon.stop(), 0);
  });
}

Deno.test("a flood from one network is bounded by what one origin may have waiting", () =>
  withFlood(
    (at) => `203.0.113.${at % 250}`,
    [`--max-pending-per-origin=${MOST_PER_ORIGIN}`],
    MOST_PER_ORIGIN,
  ));

Deno.test("a flood from a botnet is bounded by what may wait at all", () =>
  withFlood(
    (at) => `${11 + at % 80}.${(at >> 3) % 250}.${(at >> 9) % 250}.${at % 250}`,
    [`--max-pending=${MOST}`],
    MOST,
  ));

for (
  const [what, limit, client_address] of [
    ["a botnet", "--max-pending=1000", (at: number) => `203.0.${at % 250}.1`],
    ["one network", "--max-pending-per-origin=1000", (at: number) => `203.0.113.${at % 250}`],
  ] as const
) {
  Deno.test(`a flood from ${what} within a second or two, between two passes, is bounded as well`, async () => {
    await inDirectory(async (directory) => {
      const path = `${directory}/policy`;
      const database = `${directory}/g.db`;
      const daemon = await Daemon.start([
        `--unix=${path}`,
        `--database=${database}`,
        "--spf=off",
        limit,
      ]);
      // The first pass is over, and the next would be due in ten minutes.
      await pause(2500);
      const client = await Client.connect(path);
      for (let at = 0; at < 5000; at++) {
        await client.ask({
          sender: `flood.${letters(at)}@example.com`,
          client_address: client_address(at),
        });
      }
      client.close();
      const store = openStore({ database, privacy: false });
      const left = await leftOf(store, 1000);
      store.close();
      assert(left > 700, `only ${left} are left, and 1000 may be`);
      assertEquals(await daemon.stop(), 0);
    });
  });
}
