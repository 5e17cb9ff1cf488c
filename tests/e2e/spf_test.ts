import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import { Daemon, inDirectory } from "../daemon.ts";
import { Knot } from "./knot.ts";
import { Postfix } from "./postfix.ts";
import { type Message, send } from "./smtp.ts";

const ZONES = {
  "provider.example": `
@ TXT "v=spf1 include:_spf.provider.example -all"
_spf TXT "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 ip6:2001:db8:7::/48 ~all"
`,
  "broad.example": '@ TXT "v=spf1 +all"',
  "short.example": '@ 1 TXT "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all"',
};

/** Three networks of one provider; its hosts have no names that would tell. */
const NETWORKS = ["192.0.2.10", "198.51.100.7", "2001:db8:7::25"];

const DEFERRED = "450 4.7.1";
const ACCEPTED = "250 2.1.5";

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

interface Setup {
  greylag(...args: string[]): Promise<{ code: number; out: string; err: string }>;
  replyTo(message: Partial<Message>): Promise<string>;
  postfix: Postfix;
  knot: Knot;
  daemon: Daemon;
}

async function withAll(body: (setup: Setup) => Promise<void>, more = ""): Promise<void> {
  await inDirectory(async (directory) => {
    const knot = await Knot.start(ZONES);
    const port = getAvailablePort();
    const config = `${directory}/greylag.toml`;
    await Deno.writeTextFile(
      config,
      `database = "${directory}/g.db"\nlisten = ["inet:${port}"]\ndelay = "2s"\n` +
        `dns_servers = ["127.0.0.1:${knot.port}"]\n${more}`,
    );
    const daemon = await Daemon.start([`--config=${config}`]);
    const postfix = await Postfix.start({
      policy: `check_policy_service { inet:127.0.0.1:${port}, timeout=10s, default_action=DUNNO }`,
    });
    try {
      await body({
        postfix,
        knot,
        daemon,
        greylag: (...args) => Daemon.run([...args, `--config=${config}`]),
        replyTo: async (message) =>
          (await send(postfix.port, {
            address: NETWORKS[0]!,
            sender: "news@provider.example",
            recipients: ["bob@example.net"],
            ...message,
          })).recipients[0]!,
      });
    } finally {
      await postfix.stop();
      await daemon.stop();
      await knot.stop().catch(() => {});
    }
  });
}

Deno.test("a provider with three networks and one SPF record is delayed once", async () => {
  await withAll(async ({ replyTo, postfix, greylag }) => {
    assert((await replyTo({ address: NETWORKS[0]! })).startsWith(DEFERRED));
    assert((await replyTo({ address: NETWORKS[1]! })).startsWith(DEFERRED));
    await wait(2500);
    assert((await replyTo({ address: NETWORKS[2]! })).startsWith(ACCEPTED));
    for (const address of NETWORKS) {
      assert((await replyTo({ address })).startsWith(ACCEPTED), address);
    }
    const delayed = (await postfix.delivered(4)).filter((text) => text.includes("X-Greylist:"));
    assertEquals(delayed.length, 1);
    assertMatch(delayed[0]!, /X-Greylist: delayed [2-9] seconds/);
    const explained = await greylag(
      "explain",
      "--client=198.51.100.99",
      "--sender=news@provider.example",
      "--recipient=bob@example.net",
    );
    assertStringIncludes(
      explained.out,
      "pass by include:_spf.provider.example for provider.example",
    );
    assertMatch(explained.out, /spf:provider\.example +known since/);
  });
});

Deno.test("a forged sender, and one whose record authorises everybody, are deferred each time", async () => {
  await withAll(async ({ replyTo, greylag }) => {
    for (const sender of ["news@provider.example", "news@broad.example"]) {
      for (const address of ["203.0.113.5", "203.0.112.5", "203.0.111.5"]) {
        assert((await replyTo({ sender, address })).startsWith(DEFERRED), `${sender} ${address}`);
        await wait(1100);
      }
    }
    const { out } = await greylag(
      "explain",
      "--client=203.0.113.5",
      "--sender=news@broad.example",
      "--recipient=bob@example.net",
    );
    assertStringIncludes(
      out,
      "which does not count: the record of broad.example authorises every address",
    );
  });
});

Deno.test("without DNS mail is greylisted by network, within the time limit", async () => {
  await withAll(async ({ replyTo, knot }) => {
    // It waits under the provider's name, so that another host's answer would decide.
    const sender = "news@short.example";
    assert((await replyTo({ sender, address: NETWORKS[0]! })).startsWith(DEFERRED));
    await wait(1100);
    await knot.stop();
    const begin = performance.now();
    assert((await replyTo({ sender, address: NETWORKS[1]! })).startsWith(DEFERRED));
    const took = performance.now() - begin;
    assert(took >= 450 && took < 5000, `${took} ms`);
    await wait(2500);
    assert((await replyTo({ sender, address: NETWORKS[1]! })).startsWith(ACCEPTED));
  }, 'dns_wait = "500ms"\n');
});

Deno.test("spf: entries accept, spf_fail rejects, and correspondents pass", async () => {
  await withAll(async ({ replyTo, greylag, daemon }) => {
    assertEquals((await greylag("allow", "spf:provider.example")).code, 0);
    await wait(1500);
    const other = { sender: "carol@elsewhere.example" };
    assert((await replyTo({ ...other, address: NETWORKS[1]! })).startsWith(ACCEPTED));
    assert((await replyTo({ ...other, address: "203.0.113.5" })).startsWith(DEFERRED));
    await greylag("unlist", "1");
    await wait(1500);
    assert((await replyTo({ address: "203.0.113.5" })).startsWith("550 5.7.1"));
    await daemon.ask({ sasl_username: "bob", recipient: "x@provider.example" });
    await wait(1000);
    assert((await replyTo({ address: NETWORKS[2]! })).startsWith(ACCEPTED));
  }, 'spf_fail = "block"\n');
});

Deno.test("greylag spf shows each term, with an exit code for each result", async () => {
  const knot = await Knot.start(ZONES);
  const spf = (ip: string, ...more: string[]) =>
    Daemon.run([
      "spf",
      `--ip=${ip}`,
      "--helo=mail.provider.example",
      `--dns=127.0.0.1:${knot.port}`,
      ...more,
    ]);
  try {
    const passed = await spf("198.51.100.7", "--sender=a@provider.example");
    assertEquals(passed.code, 0);
    assertStringIncludes(passed.out, "ip4:192.0.2.0/24: does not match");
    assertStringIncludes(passed.out, "ip4:198.51.100.0/24: matches");
    assertMatch(
      passed.out,
      /pass for provider\.example by include:_spf\.provider\.example, 1 of 10/,
    );
    assertEquals((await spf("203.0.113.5", "--sender=a@provider.example")).code, 6);
    const broad = await spf("203.0.113.5", "--sender=a@broad.example", "--json");
    assertEquals([broad.code, JSON.parse(broad.out).result], [0, "pass"]);
    assertStringIncludes(JSON.parse(broad.out).weakness, "authorises every address");
    assertEquals((await spf("203.0.113.5", "--sender=a@nowhere.test")).code, 7);
  } finally {
    await knot.stop();
  }
});
