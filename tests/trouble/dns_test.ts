import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import { type Behaviour, HostileDns } from "./hostile_dns.ts";
import { clientOf, letters, report, scale } from "./load.ts";

/** A provider that retries from hosts of two networks. */
const PROVIDER = "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/24 -all";
const FIRST = "198.51.100.10";

interface Setup {
  readonly dns: HostileDns;
  readonly daemon: Daemon;
  readonly path: string;
  /** The reply to a host of the provider. */
  ask(sender: string, client_address: string): Promise<string>;
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
      "--dns-wait=500ms",
      "--delay=1s",
    ]);
    const ask = async (sender: string, client_address: string) => {
      using client = await clientOf(path);
      const reply = await client.ask({ sender, client_address, helo_name: "mail.example.org" });
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

/** Defers a sender of the provider from its first network; the triplet is pending under `spf:`. */
async function defer({ dns, ask }: Setup, sender: string): Promise<void> {
  dns.behaviour = "normal";
  const before = dns.queries.length;
  assertStringIncludes(await ask(sender, FIRST), "DEFER");
  await eventually("a DNS query", () => dns.queries.length > before);
  // The triplet is stored after the response, and the delay ends.
  await pause(1200);
}

const BEHAVIOURS: readonly Behaviour[] = ["silent", "garbage", "slow", "oversized", "dripping"];

for (const behaviour of [...BEHAVIOURS, "stopped"] as const) {
  Deno.test(`${behaviour} DNS delays no reply that needs no lookup; a retry that needs one is deferred until DNS works`, async () => {
    await withDns(async (setup) => {
      const { dns, path, ask } = setup;
      const sender = "news@provider.example";
      await defer(setup, sender);
      if (behaviour === "stopped") await dns.stop();
      else dns.behaviour = behaviour;
      const queries = dns.queries.length;
      let isAnswered = false;
      const retry = ask(sender, "203.0.113.20").finally(() => isAnswered = true);
      if (behaviour !== "stopped") {
        await eventually("a DNS query", () => dns.queries.length > queries);
      }
      const client = await clientOf(path);
      let [before, count] = [0, 0];
      while (!isAnswered || count < 100) {
        const firstContact = { sender: `s.${letters(count++)}@stranger.example` };
        assertStringIncludes((await client.ask(firstContact))!, "DEFER");
        if (!isAnswered) before++;
      }
      client.close();
      assertStringIncludes(await retry, "DEFER");
      report(`${before} first contacts were answered during the lookup`);
      if (behaviour !== "stopped" && behaviour !== "oversized") assert(before > 0);
      const known = await ask(sender, FIRST);
      assert(/PREPEND|DUNNO/.test(known), known);

      // A failed lookup is repeated for the next host.
      if (behaviour === "stopped") return;
      dns.behaviour = "normal";
      let host = 30;
      await eventually("a host of the provider is accepted", async () => {
        const reply = await ask(sender, `203.0.113.${host++}`);
        return /PREPEND|DUNNO/.test(reply);
      }, { period: 100 });
    });
  });
}

Deno.test("oversized DNS responses are freed", async () => {
  await withDns(async ({ dns, daemon, path }) => {
    dns.behaviour = "oversized";
    using client = await clientOf(path);
    const domains = scale(300, 6000);
    const begin = daemon.memory;
    let most = 0;
    for (let at = 0; at < domains; at++) {
      const sender = `a@${letters(at)}.example`;
      assertStringIncludes((await client.ask({ sender }))!, "DEFER");
      // Background lookups run one after the other and are dropped beyond a rate.
      await pause(12);
      most = Math.max(most, daemon.memory);
    }
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
