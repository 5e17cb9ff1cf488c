import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import { type Behaviour, HostileDns } from "./hostile_dns.ts";
import { clientOf, letters, report, scale } from "./load.ts";

/** A provider that retries from hosts of two networks. */
const PROVIDER = "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/24 -all";
const FIRST = { client_address: "198.51.100.10", client_name: "out.first.example" };
const SECOND = { client_address: "203.0.113.20", client_name: "out.second.example" };

const DNS_WAIT = 500;

/** A reply takes no longer than `dns_wait` and the work of a loaded machine. */
const LONGEST_REPLY = DNS_WAIT + 1500;

interface Setup {
  readonly dns: HostileDns;
  readonly daemon: Daemon;
  readonly path: string;
  /** The reply to a host of the provider. */
  ask(sender: string, client: typeof FIRST): Promise<string>;
}

async function withDns(body: (setup: Setup) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    const path = `${directory}/policy`;
    const dns = await HostileDns.start((name) => name.endsWith(".example") ? PROVIDER : undefined);
    const daemon = await Daemon.start([
      `--unix=${path}`,
      `--database=${directory}/g.db`,
      `--dns-servers=127.0.0.1:${dns.port}`,
      "--dns-timeout=1s",
      `--dns-wait=${DNS_WAIT}ms`,
      "--delay=1s",
    ]);
    const ask = async (sender: string, from: typeof FIRST) => {
      using client = await clientOf(path);
      const reply = await client.ask({ sender, ...from, helo_name: from.client_name });
      assert(reply !== undefined, "no reply");
      return reply;
    };
    try {
      await body({ dns, daemon, path, ask });
    } finally {
      assert(!daemon.log.includes("please report this"), daemon.log);
      assertEquals(await daemon.stop(), 0);
      await dns.stop().catch(() => {});
    }
  });
}

/** Defers a sender of the provider's first host; the triplet is pending under `spf:` as well. */
async function defer({ dns, ask }: Setup, ...senders: readonly string[]): Promise<void> {
  dns.behaviour = "normal";
  for (const sender of senders) assertStringIncludes(await ask(sender, FIRST), "DEFER");
  assert(dns.queries.length >= senders.length);
  await pause(1200);
}

/** Milliseconds until a promise is settled. */
async function durationOf(promise: Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await promise;
  return performance.now() - begin;
}

const BEHAVIOURS: readonly Behaviour[] = ["silent", "garbage", "slow", "oversized", "dripping"];

for (const behaviour of [...BEHAVIOURS, "stopped"] as const) {
  Deno.test(`${behaviour} DNS delays no reply that needs no lookup, others by dns_wait; a retry that needs one is deferred until DNS works`, async () => {
    await withDns(async (setup) => {
      const { dns, path, ask } = setup;
      const [sender, friend] = ["news@provider.example", "friend@other.example"];
      await defer(setup, sender, friend);
      assertStringIncludes(await ask(friend, FIRST), "PREPEND");
      if (behaviour === "stopped") await dns.stop();
      else dns.behaviour = behaviour;
      let isAnswered = false;
      const retry = ask(sender, SECOND).finally(() => isAnswered = true);
      const took = durationOf(retry);
      const client = await clientOf(path);
      let [before, count, longest] = [0, 0, 0];
      while (!isAnswered || count < 100) {
        const known = client.ask({ sender: friend, ...FIRST });
        longest = Math.max(longest, await durationOf(known));
        assertStringIncludes((await known)!, "DUNNO");
        count++;
        if (!isAnswered) before++;
      }
      client.close();
      assertStringIncludes(await retry, "DEFER");
      assert(await took < LONGEST_REPLY, `${await took} ms`);
      assert(longest < DNS_WAIT, `a known triplet waited for ${longest} ms`);
      report(`${before} known triplets were answered during the lookup`);
      if (behaviour !== "stopped" && behaviour !== "oversized") assert(before > 0);

      // Many first contacts at once wait together, and those beyond the limit not at all.
      const strangers = Array.from({ length: 100 }, (_, at) => ({
        client_address: "192.0.2.10",
        client_name: `out.${letters(at)}.stranger.example`,
      }));
      const replies = Promise.all(
        strangers.map((from, at) => ask(`s@${letters(at)}.stranger${at % 20}.example`, from)),
      );
      const all = await durationOf(replies);
      assert(all < LONGEST_REPLY, `100 first contacts took ${all} ms`);
      for (const reply of await replies) assertStringIncludes(reply, "DEFER");

      // The name and address of the first host are enough.
      const again = await ask(sender, FIRST);
      assert(/PREPEND|DUNNO/.test(again), again);

      // A failed lookup is repeated for the next host.
      if (behaviour === "stopped") return;
      dns.behaviour = "normal";
      let host = 30;
      await eventually("a host of the provider is accepted", async () => {
        const reply = await ask(sender, { ...SECOND, client_address: `203.0.113.${host++}` });
        return /PREPEND|DUNNO/.test(reply);
      }, { period: 100 });
    });
  });
}

Deno.test("oversized DNS responses are freed", async () => {
  await withDns(async ({ dns, daemon, path }) => {
    dns.behaviour = "oversized";
    const domains = scale(300, 6000);
    const begin = daemon.memory;
    let [most, next] = [0, 0];
    await Promise.all(Array.from({ length: 20 }, async () => {
      using client = await clientOf(path);
      while (next < domains) {
        const sender = `a@${letters(next++)}.example`;
        assertStringIncludes((await client.ask({ sender }))!, "DEFER");
        most = Math.max(most, daemon.memory);
      }
    }));
    const names = new Set(dns.queries).size;
    report(
      `${names} responses of 60 kB: memory ${begin.toFixed(0)} MB before, ` +
        `${most.toFixed(0)} MB at most`,
    );
    assert(names > domains / 2, `only ${names} of ${domains} were looked up`);
    // In torture all responses together are larger than this.
    assert(most < begin + 150, `${begin} MB became ${most} MB`);
  });
});
