import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";
import { HostileDns, type Mood } from "./hostile_dns.ts";
import { Client, letters, pause, scale, tell } from "./load.ts";

/** A provider with two networks, and a host of each for every try. */
const PROVIDER = "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/24 -all";
const FIRST = "198.51.100.10";

interface Setup {
  readonly dns: HostileDns;
  readonly daemon: Daemon;
  readonly path: string;
  /** What is answered to a host of the provider. */
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
      "--dns-timeout=300ms",
      "--dns-wait=500ms",
      "--delay=1s",
    ]);
    const ask = async (sender: string, client_address: string) => {
      const client = await Client.connect(path);
      const answer = await client.ask({ sender, client_address, helo_name: "mail.example.org" });
      client.close();
      assert(answer !== undefined, "no answer");
      return answer;
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

async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if (await isSo()) return;
    await pause(100);
  }
  throw new Error(`it never came to that: ${what}`);
}

/** A sender of the provider's that waits under the provider's name, from its first network. */
async function waiting({ dns, ask }: Setup, sender: string): Promise<void> {
  dns.mood = "well";
  const before = dns.asked.length;
  assertStringIncludes(await ask(sender, FIRST), "DEFER");
  await until("DNS is asked", () => dns.asked.length > before);
  // The answer is in the database when its origin is.
  await pause(1200);
}

const MOODS: readonly Mood[] = ["silent", "garbage", "slow", "gigantic", "dripping"];

for (const mood of [...MOODS, "gone"] as const) {
  Deno.test(`DNS is ${mood}: strangers are answered at once, who depends on it is deferred, and it mends itself`, async () => {
    await withDns(async (setup) => {
      const { dns, path, ask } = setup;
      const sender = "news@provider.example";
      await waiting(setup, sender);
      if (mood === "gone") await dns.stop();
      else dns.mood = mood;
      const asked = dns.asked.length;
      // Its answer depends on DNS.
      let isAnswered = false;
      const depends = ask(sender, "203.0.113.20").finally(() => isAnswered = true);
      if (mood !== "gone") await until("DNS is asked", () => dns.asked.length > asked);
      const client = await Client.connect(path);
      let [before, count] = [0, 0];
      while (!isAnswered || count < 100) {
        const stranger = { sender: `s.${letters(count++)}@stranger.example` };
        assertStringIncludes((await client.ask(stranger))!, "DEFER");
        if (!isAnswered) before++;
      }
      client.close();
      assertStringIncludes(await depends, "DEFER");
      tell(`${before} strangers were answered while one waited for DNS`);
      if (mood !== "gone" && mood !== "gigantic") assert(before > 0);
      const known = await ask(sender, FIRST);
      assert(/PREPEND|DUNNO/.test(known), known);

      // What DNS could not say a moment ago it is asked again, for the next host.
      if (mood === "gone") return;
      dns.mood = "well";
      let host = 30;
      await until("it mends itself", async () => {
        const answer = await ask(sender, `203.0.113.${host++}`);
        return /PREPEND|DUNNO/.test(answer);
      });
    });
  });
}

Deno.test("gigantic answers take no memory that is not given back", async () => {
  await withDns(async ({ dns, daemon, path }) => {
    dns.mood = "gigantic";
    const client = await Client.connect(path);
    const domains = scale(300, 6000);
    const begin = daemon.memory;
    let most = 0;
    for (let at = 0; at < domains; at++) {
      const sender = `a@${letters(at)}.example`;
      assertStringIncludes((await client.ask({ sender }))!, "DEFER");
      // Strangers are learnt of one after the other, and who comes too fast is not.
      await pause(12);
      most = Math.max(most, daemon.memory);
    }
    client.close();
    const names = new Set(dns.asked).size;
    tell(
      `${names} answers of 60 kB: memory ${begin.toFixed(0)} MB before, ` +
        `${most.toFixed(0)} MB at most`,
    );
    assert(names > domains / 2, `only ${names} of ${domains} were asked for`);
    // All of them together would be more than this in torture.
    assert(most < begin + 150, `${begin} MB became ${most} MB`);
  });
});
