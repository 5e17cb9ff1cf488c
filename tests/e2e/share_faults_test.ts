/**
 * Faults between sites: each in a network namespace of its own, on Debian's PostgreSQL and as peers. A site
 * is cut off by a false permanent neighbour entry. Needs root.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { CleanUp, sh } from "../clean_up.ts";
import { inDirectory } from "../daemon.ts";
import { pause } from "../eventually.ts";
import { freePort } from "../free_port.ts";
import { PolicyClient } from "../policy_client.ts";
import { converged, SiteDaemon, withSites } from "../share/sites.ts";
import { Postgres } from "./postgres.ts";

const PASSWORD = "a secret of the sites of this test";

/** Milliseconds within which 99 of 100 answers come, whatever fails, on a machine that has time. */
const LONGEST_ANSWER = 100;

/** A bridge with namespaces `gs1` and so on at 10.99.7.1 and so on. */
class Network {
  readonly #count: number;
  readonly #cleanUp: CleanUp;

  private constructor(count: number, cleanUp: CleanUp) {
    this.#count = count;
    this.#cleanUp = cleanUp;
  }

  static readonly hub = "10.99.7.254";

  static address(site: number): string {
    return `10.99.7.${site}`;
  }

  static namespace(site: number): string {
    return `gs${site}`;
  }

  static async make(count: number): Promise<Network> {
    const numbers = Array.from({ length: count }, (_, at) => at + 1);
    const remove = numbers.map((site) =>
      `ip link del gsv${site}; ip netns del ${Network.namespace(site)}`
    ).join("; ");
    await sh(`${remove}; ip link del gshub; true`);
    const network = new Network(count, new CleanUp(`${remove}; ip link del gshub; true`));
    await sh(
      `ip link add gshub type bridge && ip addr add ${Network.hub}/24 dev gshub && ` +
        "ip link set gshub up",
    );
    for (const site of numbers) {
      const inside = `ip -n ${Network.namespace(site)}`;
      await sh(
        `ip netns add ${Network.namespace(site)} && ` +
          `ip link add gsv${site} type veth peer name eth0 netns ${Network.namespace(site)} && ` +
          `ip link set gsv${site} master gshub up && ${inside} link set lo up && ` +
          `${inside} addr add ${Network.address(site)}/24 dev eth0 && ${inside} link set eth0 up`,
      );
    }
    return network;
  }

  /** Loses the packets from a site to any other, and to the hub. */
  async cutOff(site: number): Promise<void> {
    for (const other of this.#others(site)) {
      await sh(
        `ip -n ${Network.namespace(site)} neigh replace ${other} lladdr 02:00:00:00:00:99 ` +
          "dev eth0 nud permanent",
      );
    }
  }

  async heal(site: number): Promise<void> {
    for (const other of this.#others(site)) {
      await sh(`ip -n ${Network.namespace(site)} neigh del ${other} dev eth0`);
    }
  }

  #others(site: number): string[] {
    const all = Array.from({ length: this.#count }, (_, at) => Network.address(at + 1));
    return [...all.filter((one) => one !== Network.address(site)), Network.hub];
  }

  remove(): Promise<void> {
    return this.#cleanUp.run();
  }
}

/** Asks sites all the time; answers must be fast, and none a `fault`. */
class Questions {
  readonly #times: number[] = [];
  /** Of a site that does not share: how long answers take on this machine now. */
  readonly #control: number[] = [];
  readonly deferred: { readonly sender: string; readonly site: number }[] = [];
  readonly #sites: readonly SiteDaemon[];
  #isStopped = false;
  readonly #running: Promise<void>[];

  constructor(sites: readonly SiteDaemon[], control: SiteDaemon) {
    this.#sites = sites;
    this.#running = [
      ...sites.map((site, at) => this.#run(site, at, this.#times)),
      this.#run(control, -1, this.#control),
    ];
  }

  async #run({ socket: path }: SiteDaemon, at: number, times: number[]): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      const sender = `q${number}@s${at}.example`;
      const begin = performance.now();
      using client = new PolicyClient(await Deno.connect({ transport: "unix", path }));
      const reply = await client.ask({ sender, client_address: `198.51.100.${at + 1}` });
      times.push(performance.now() - begin);
      assertMatch(reply ?? "", /DEFER_IF_PERMIT/, sender);
      if (at >= 0) this.deferred.push({ sender, site: at });
      await pause(25);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
    for (const { daemon, name } of this.#sites) {
      assertEquals(daemon.countReasons().fault ?? 0, 0, name);
    }
    const [shared, control] = [this.#times, this.#control].map(slowest);
    assert(
      shared! < Math.max(LONGEST_ANSWER, 2 * control!),
      `${shared} ms; without sharing ${control} ms`,
    );
  }
}

/** The time within which 99 of 100 answers came. */
function slowest(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)]!;
}

/** Every message that was deferred at one site passes at the next. */
async function retryElsewhere(
  questions: Questions,
  sites: readonly SiteDaemon[],
): Promise<void> {
  await pause(1500);
  for (const { sender, site } of questions.deferred) {
    const next = sites[(site + 1) % sites.length]!;
    const reply = await next.daemon.ask({ sender, client_address: `198.51.100.${site + 1}` });
    assertMatch(reply, /PREPEND|DUNNO/, `${sender} at ${next.name}`);
  }
}

async function inNetwork(
  count: number,
  test: (network: Network, directory: string) => Promise<void>,
): Promise<void> {
  const network = await Network.make(count);
  try {
    await inDirectory((directory) => test(network, directory));
  } finally {
    await network.remove();
  }
}

/** Site 0 does not share. */
function siteIn(directory: string, site: number, share: string): SiteDaemon {
  if (site === 0) return new SiteDaemon("control", directory, freePort(), []);
  return new SiteDaemon(`mx${site}`, directory, 21460, [`--share=${share}`], {
    namespace: Network.namespace(site),
    address: Network.address(site),
  });
}

async function peersIn(directory: string, count: number): Promise<SiteDaemon[]> {
  await Deno.writeTextFile(`${directory}/share.key`, `${PASSWORD}\n`);
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  const url = (site: number) => `http://${Network.address(site)}:21460`;
  return numbers.map((site) =>
    siteIn(directory, site, numbers.filter((other) => other !== site).map(url).join(","))
  );
}

async function cutOffAndHeal(
  network: Network,
  sites: readonly SiteDaemon[],
  control: SiteDaemon,
): Promise<void> {
  for (const { daemon } of sites) await daemon.waitFor("sharing with mx");
  const questions = new Questions(sites, control);
  await pause(2000);
  await network.cutOff(1);
  await sites[0]!.daemon.waitFor("not sharing with");
  await pause(3000);
  await questions.stop();
  await network.heal(1);
  await converged(sites, { timeout: 5000 });
  await retryElsewhere(questions, sites);
  await converged(sites, { timeout: 5000 });
}

for (const count of [2, 5]) {
  Deno.test(`${count} peers go on when one is cut off, and converge within 5 s`, () =>
    inNetwork(count, async (network, directory) => {
      const sites = await peersIn(directory, count);
      const control = siteIn(directory, 0, "");
      await withSites([control, ...sites], () => cutOffAndHeal(network, sites, control));
    }));

  Deno.test(`${count} sites of a database go on when one is cut off, and converge within 5 s`, () =>
    inNetwork(count, async (network, directory) => {
      const postgres = await Postgres.start(directory, PASSWORD, Network.hub);
      try {
        await Deno.writeTextFile(`${directory}/share.key`, `${PASSWORD}\n`);
        const numbers = Array.from({ length: count }, (_, at) => at + 1);
        const sites = numbers.map((site) => siteIn(directory, site, postgres.url));
        const control = siteIn(directory, 0, "");
        await withSites([control, ...sites], () => cutOffAndHeal(network, sites, control));
      } finally {
        await postgres.stop();
      }
    }));
}
