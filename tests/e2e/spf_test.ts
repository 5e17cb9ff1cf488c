import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Daemon } from "../daemon.ts";
import { pause } from "../eventually.ts";
import { Knot } from "./knot.ts";
import { ACCEPTED, DEFERRED, type MailServer, REJECTED, withMailServer } from "./mail_server.ts";
import type { Message } from "./smtp.ts";

const ZONES = {
  "provider.example": `
@ TXT "v=spf1 include:_spf.provider.example -all"
_spf TXT "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 ip6:2001:db8:7::/48 ~all"
`,
  "broad.example": '@ TXT "v=spf1 +all"',
  "short.example": '@ 1 TXT "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all"',
};

interface Host {
  readonly address: string;
  readonly name: string;
}

/** Hosts in three networks of one provider, which only its SPF record connects. */
const HOSTS: readonly [Host, Host, Host] = [
  { address: "192.0.2.10", name: "out.first.example" },
  { address: "198.51.100.7", name: "out.second.example" },
  { address: "2001:db8:7::25", name: "out.third.example" },
];

/** Hosts of others. */
const STRANGERS: readonly [Host, Host, Host] = [
  { address: "203.0.113.5", name: "out.fourth.example" },
  { address: "203.0.112.5", name: "out.fifth.example" },
  { address: "203.0.111.5", name: "out.sixth.example" },
];

const DELAY = 2;

/** Long enough for two attempts of a busy machine. */
const LONG_DELAY = 6;

interface Setup extends Omit<MailServer, "code" | "untilCode"> {
  readonly knot: Knot;
  /** Of a message of the provider. */
  code(message: Partial<Message>): Promise<string>;
  untilCode(message: Partial<Message>, code: string): Promise<void>;
}

async function withDns(
  body: (setup: Setup) => Promise<void>,
  settings = "",
  delay = DELAY,
): Promise<void> {
  const knot = await Knot.start(ZONES);
  const message = (given: Partial<Message>): Message => ({
    ...HOSTS[0],
    sender: "news@provider.example",
    recipients: ["bob@example.net"],
    ...given,
  });
  try {
    await withMailServer((server) =>
      body({
        ...server,
        knot,
        code: (given) => server.code(message(given)),
        untilCode: (given, code) => server.untilCode(message(given), code),
      }), {
      settings: () => `delay = "${delay}s"\ndelay_suspicious = "${delay}s"\n${settings}`,
      dnsServer: `127.0.0.1:${knot.port}`,
    });
  } finally {
    await knot.stop().catch(() => {});
  }
}

Deno.test("a provider with three networks and one SPF record is delayed once", async () => {
  await withDns(
    async ({ code, untilCode, postfix, greylag }) => {
      assertEquals(await code(HOSTS[0]), DEFERRED);
      assertEquals(await code(HOSTS[1]), DEFERRED);
      await untilCode(HOSTS[2], ACCEPTED);
      for (const host of HOSTS) assertEquals(await code(host), ACCEPTED, host.name);
      const delayed = (await postfix.delivered(4)).filter((text) => text.includes("X-Greylist:"));
      assertEquals(delayed.length, 1);
      assertMatch(delayed[0]!, /X-Greylist: delayed \d+ seconds/);
      const explained = await greylag(
        "explain",
        "--client=2001:db8:7:1::99",
        "--name=out.fourth.example",
        "--sender=news@provider.example",
        "--recipient=bob@example.net",
      );
      assertStringIncludes(
        explained.out,
        "pass by include:_spf.provider.example for provider.example",
      );
      assertMatch(explained.out, /^known +news@.*; spf:provider\.example matches$/m);
      assertMatch(explained.out, /^verdict +pass, known\./m);
    },
    "",
    LONG_DELAY,
  );
});

Deno.test("a forged sender, and a sender whose SPF record is too broad, are deferred in each network", async () => {
  await withDns(async ({ code, greylag }) => {
    for (const sender of ["news@provider.example", "news@broad.example"]) {
      for (const host of STRANGERS) {
        assertEquals(await code({ sender, ...host }), DEFERRED, `${sender} ${host.name}`);
        await pause(DELAY * 500 + 100);
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
      "the record of broad.example authorises every address",
    );
  });
});

Deno.test("while DNS is down a retry is judged without SPF, within dns_wait", async () => {
  await withDns(async ({ code, untilCode, knot }) => {
    // The triplet is pending under `spf:`, so that the retry of another host needs a lookup.
    const sender = "news@short.example";
    assertEquals(await code({ sender, ...HOSTS[0] }), DEFERRED);
    // The TTL of the record.
    await pause(1100);
    await knot.stop();
    const begin = performance.now();
    assertEquals(await code({ sender, ...HOSTS[1] }), DEFERRED);
    const took = performance.now() - begin;
    assert(took >= 450, `${took} ms`);
    await untilCode({ sender, ...HOSTS[1] }, ACCEPTED);
  }, 'dns_wait = "500ms"\n');
});

Deno.test("spf: entries allow, spf_fail blocks, and correspondents pass by SPF", async () => {
  await withDns(async ({ code, untilCode, greylag, daemon }) => {
    assertEquals((await greylag("allow", "spf:provider.example")).code, 0);
    const other = { sender: "carol@elsewhere.example" };
    await untilCode({ ...other, ...HOSTS[1] }, ACCEPTED);
    assertEquals(await code({ ...other, ...STRANGERS[0] }), DEFERRED);
    await greylag("unlist", "1");
    await untilCode({ ...other, ...HOSTS[1], recipients: ["eve@example.net"] }, DEFERRED);
    assertEquals(await code(STRANGERS[0]), REJECTED);
    await daemon.ask({ sasl_username: "bob", recipient: "x@provider.example" });
    await untilCode(HOSTS[2], ACCEPTED);
    await daemon.waitFor("reason=correspondent");
  }, 'spf_fail = "block"\n');
});

Deno.test("greylag spf explains each term and has an exit code for each result", async () => {
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
