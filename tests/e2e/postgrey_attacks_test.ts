/**
 * Attacks on greylisting against a running Greylag and a running postgrey that get the same requests:
 * Greylag accepts nothing that postgrey defers.
 */
import { assert, assertEquals } from "@std/assert";
import { freePort } from "../free_port.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually } from "../eventually.ts";
import { withDnsServer, type Zone } from "../dns_server.ts";
import { type Attributes, PolicyClient } from "../policy_client.ts";
import { startPostgrey, stop } from "./postgrey.ts";

/** In seconds, as `policy_test_time` is. */
const HOUR = 3600;
const DAY = 24 * HOUR;

/** The records of the attacker, whose name server answers as it is asked, and of its victims. */
const RECORDS: Record<string, Zone[string]> = {
  "exists.evil.test": { txt: "v=spf1 exists:%{i}.x.evil.test -all" },
  "include.evil.test": { txt: "v=spf1 include:%{ir}.y.evil.test -all" },
  "redirect.evil.test": { txt: "v=spf1 redirect=%{i}.z.evil.test" },
  "nested.evil.test": { txt: "v=spf1 include:exists.evil.test -all" },
  "sender.evil.test": { txt: "v=spf1 exists:%{s}.%{o}.x.evil.test -all" },
  "local.evil.test": { txt: "v=spf1 exists:%{l}.x.evil.test -all" },
  "all.evil.test": { txt: "v=spf1 +all" },
  "halves.evil.test": { txt: "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 ip6:::/1 -all" },
  "silent.test": { isSilent: true },
  "range.evil.test": { txt: "v=spf1 ip4:5.6.7.0/24 -all" },
  "wide.evil.test": { txt: "v=spf1 ip4:5.0.0.0/10 -all" },
  "isp2.test": { txt: "v=spf1 ip4:5.32.0.0/11 -all" },
  "2.0.0.127.bl.example": { a: ["127.0.0.2"] },
  "8.7.6.5.bl.example": { a: ["127.0.0.2"] },
  "brand.example": { txt: "v=spf1 ip4:51.75.1.2 ip4:173.212.200.7 ip4:85.214.1.2 -all" },
};

const ECHO = [
  "exists",
  "include",
  "redirect",
  "nested",
  "sender",
  "local",
  "all",
  "halves",
];

const ZONE: Zone = new Proxy(RECORDS, {
  get(records, name: string) {
    if (Object.hasOwn(records, name)) return records[name];
    const part = /^s(\d+)\.evil\.test$/.exec(name)?.[1];
    // A /10 for each subdomain: 1,024 of them are all addresses.
    if (part !== undefined) {
      const first = Number(part) * 4 & 0xff;
      return { txt: `v=spf1 ip4:${first}.0.0.0/10 -all` };
    }
    if (name.endsWith(".silent.test")) return records["silent.test"];
    if (name.endsWith(".x.evil.test")) return { a: ["127.0.0.2"] };
    const echoed = /^(.+)\.([yz])\.evil\.test$/.exec(name);
    if (echoed === null) return undefined;
    const octets = echoed[1]!.split(".");
    const ip = echoed[2] === "y" ? octets.reverse() : octets;
    return { txt: `v=spf1 ip4:${ip.join(".")} -all` };
  },
});

type Outcome = "pass" | "defer";

/** Both servers, and the requests that only Greylag accepted. */
class Contest {
  readonly surplus: string[] = [];
  readonly #greylag: PolicyClient;
  readonly #greylagPort: number;
  readonly #postgrey: PolicyClient;
  readonly #start = Math.floor(Date.now() / 1000);

  constructor(greylag: PolicyClient, greylagPort: number, postgrey: PolicyClient) {
    this.#greylag = greylag;
    this.#greylagPort = greylagPort;
    this.#postgrey = postgrey;
  }

  /** @param time seconds since the start. */
  async at(
    time: number,
    attributes: Attributes,
  ): Promise<{ greylag: Outcome; postgrey: Outcome }> {
    const request = { ...attributes, policy_test_time: String(this.#start + Math.floor(time)) };
    const greylag = await this.greylagAt(time, attributes);
    const postgrey = outcomeOf(await this.#postgrey.ask(request));
    if (greylag === "pass" && postgrey === "defer") {
      this.surplus.push(`${time} ${JSON.stringify(attributes)}`);
    }
    return { greylag, postgrey };
  }

  /** Asks Greylag over a connection of its own. */
  async inParallel(time: number, attributes: Attributes): Promise<Outcome> {
    using client = new PolicyClient(await Deno.connect({ port: this.#greylagPort }));
    const policy_test_time = String(this.#start + Math.floor(time));
    return outcomeOf(await client.ask({ ...attributes, policy_test_time }));
  }

  /** All requests at the same time: Greylag over a connection each, postgrey in turn. */
  async atOnce(
    time: number,
    requests: readonly Attributes[],
  ): Promise<{ greylag: Outcome[]; postgrey: Outcome[] }> {
    const greylag = await Promise.all(requests.map((one) => this.inParallel(time, one)));
    const postgrey: Outcome[] = [];
    const policy_test_time = String(this.#start + Math.floor(time));
    for (const [at, request] of requests.entries()) {
      const outcome = outcomeOf(await this.#postgrey.ask({ ...request, policy_test_time }));
      postgrey.push(outcome);
      if (greylag[at] === "pass" && outcome === "defer") {
        this.surplus.push(`${time} ${JSON.stringify(request)}`);
      }
    }
    return { greylag, postgrey };
  }

  async greylagAt(time: number, attributes: Attributes): Promise<Outcome> {
    const policy_test_time = String(this.#start + Math.floor(time));
    return outcomeOf(await this.#greylag.ask({ ...attributes, policy_test_time }));
  }

  /** Writes to domains as a local user, and waits until their own hosts pass. */
  async untilCorrespondents(...domains: readonly string[]): Promise<void> {
    for (const domain of domains) {
      const sasl_username = "bob";
      await this.greylagAt(0, { sasl_username, recipient: `a@${domain}` });
      const own = { client_name: `mail.${domain}`, sender: `first@${domain}` };
      await eventually(
        `${domain} is a correspondent`,
        async () => await this.greylagAt(1, own) === "pass",
        { period: 100 },
      );
    }
  }

  /** A first attempt and its retry. */
  async deliver(time: number, attributes: Attributes): Promise<void> {
    await this.at(time, attributes);
    await this.at(time + 600, attributes);
  }
}

function outcomeOf(reply: string | undefined): Outcome {
  assert(reply !== undefined && reply !== "", "there is a reply");
  return /^action=(?:DUNNO|PREPEND)/.test(reply) ? "pass" : "defer";
}

async function contest(
  body: (contest: Contest) => Promise<void>,
  args: readonly string[] = [],
): Promise<void> {
  await withDnsServer(ZONE, async (server) => {
    await inDirectory(async (directory) => {
      await Deno.chmod(directory, 0o755);
      const dbdir = `${directory}/postgrey`;
      await Deno.mkdir(dbdir);
      const port = freePort();
      const own = freePort();
      const postgrey = await startPostgrey(dbdir, port, ["--delay=300"]);
      const greylag = await Daemon.start([
        `--listen=inet:127.0.0.1:${own}`,
        `--database=${directory}/g.db`,
        `--dns-servers=${server}`,
        "--accept-test-time",
        ...args,
      ]);
      try {
        using one = new PolicyClient(await Deno.connect({ hostname: "127.0.0.1", port: own }));
        using other = new PolicyClient(await Deno.connect({ hostname: "127.0.0.1", port }));
        const both = new Contest(one, own, other);
        await body(both);
        assertEquals(both.surplus, []);
      } finally {
        await greylag.stop();
        await stop(postgrey);
      }
    });
  });
}

Deno.test("1: neighbours of a host that retried often are strangers", () =>
  contest(async (both) => {
    for (let turn = 0; turn < 30; turn++) {
      await both.deliver(turn * 2 * HOUR, {
        client_address: "5.6.7.8",
        sender: `s@a${turn}.example`,
      });
    }
    for (let host = 9; host < 40; host++) {
      const neighbour = { client_address: `5.6.7.${host}`, sender: `s@b${host}.example` };
      assertEquals((await both.at(4 * DAY, neighbour)).greylag, "defer");
    }
  }));

Deno.test("2: no SPF record makes a botnet one sender", () =>
  contest(async (both) => {
    const names = ["unknown", "named", "dsl"];
    const nameOf = (kind: string, part: string, bot: number) =>
      kind === "unknown"
        ? kind
        : kind === "named"
        ? `h${bot}.${part}.example`
        : `h${bot}.dsl.isp.example`;
    for (const domain of ECHO) {
      for (const kind of names) {
        for (let bot = 0; bot < 8; bot++) {
          const sender = `x@${domain}.evil.test`;
          const recipient = `${domain}.${kind}${bot}@example.net`;
          const first = { client_address: `5.${bot}.1.1`, client_name: nameOf(kind, "one", bot) };
          const second = { client_address: `6.${bot}.1.1`, client_name: nameOf(kind, "two", bot) };
          await both.at(bot * 2 * HOUR, { ...first, sender, recipient });
          await both.at(bot * 2 * HOUR + 600, { ...second, sender, recipient });
        }
      }
    }
    // A /10 for each of many subdomains counts together, and for named hosts only.
    for (let part = 1; part < 56; part++) {
      const sender = `x@s${part}.evil.test`;
      const recipient = `part${part}@example.net`;
      const bots = [1, 2].map((host) => ({
        client_address: `${part * 4}.${host}.1.1`,
        client_name: `h${host}.dsl.isp.example`,
      }));
      await both.at(part * HOUR, { ...bots[0]!, sender, recipient });
      await both.at(part * HOUR + 600, { ...bots[1]!, sender, recipient });
    }
  }));

Deno.test("3 and 4: customers of a provider are strangers to each other", () =>
  contest(async (both) => {
    const pairs: [one: [string, string], other: [string, string], sender: string][] = [
      [
        ["86.212.33.45", "lfbn-mar-1-33-45.w86-212.abo.wanadoo.fr"],
        ["86.212.34.45", "lfbn-mar-1-34-45.w86-212.abo.wanadoo.fr"],
        "jean@wanadoo.fr",
      ],
      [["5.6.7.8", "s0106001a2b3c4d5e.cg.isp.example"], [
        "5.7.7.8",
        "s0106001a2b3c4d5f.cg.isp.example",
      ], "x@isp.example"],
      [["5.8.7.8", "x7-8.isp.example"], ["5.9.7.9", "x7-9.isp.example"], "x@isp.example"],
      [
        ["51.75.1.2", "vps-1a2b3c4d.vps.ovh.net"],
        ["51.76.1.3", "vps-9f8e7d6c.vps.ovh.net"],
        "a@brand.example",
      ],
      [["173.212.200.7", "vmi123456.contaboserver.net"], [
        "173.213.200.7",
        "vmi654321.contaboserver.net",
      ], "a@brand.example"],
      [
        ["85.214.1.2", "h2345678.stratoserver.net"],
        ["85.215.1.2", "h8765432.stratoserver.net"],
        "a@brand.example",
      ],
    ];
    await both.untilCorrespondents("wanadoo.fr", "isp.example");
    for (const [one, other, sender] of pairs) {
      const recipient = `${one[1]}@example.net`;
      const [first, second] = [one, other].map(([client_address, client_name]) => ({
        client_address,
        client_name,
        sender,
        recipient,
      }));
      await both.at(HOUR, first!);
      await both.at(HOUR + 600, second!);
      await both.deliver(2 * HOUR, first!);
      const third = {
        ...second!,
        client_address: second!.client_address.replace(/\.\d+\./, ".99."),
      };
      await both.at(DAY, third);
    }
  }));

Deno.test("5: random senders of one host pass for nothing", () =>
  contest(async (both) => {
    const makers: ((n: number) => string)[] = [
      (n) => `${(0x9e3779b97f4a7c15n * BigInt(n + 1)).toString(16).slice(0, 16)}@x.example`,
      (n) => `user${1000 + n * 7}@x.example`,
      (n) => `SRS0=ab${n}=XY=d${n}.example=joe@x.example`,
      (n) => `prvs=${1000 + n}abcdef=joe${n}@x.example`,
      (n) => `x@h${n}.x.example`,
    ];
    for (const [at, maker] of makers.entries()) {
      for (let n = 0; n < 10; n++) {
        await both.at(n * 600, { client_address: `5.6.${at}.8`, sender: maker(n) });
      }
    }
  }));

Deno.test("6: passing as a correspondent earns nothing", () =>
  contest(async (both) => {
    const host = { client_address: "5.6.7.8", client_name: "mail.partner.example" };
    await both.untilCorrespondents("partner.example");
    for (let turn = 0; turn < 20; turn++) {
      const mail = {
        ...host,
        sender: `a${turn}@partner.example`,
        recipient: `r${turn}@example.net`,
      };
      assertEquals(await both.greylagAt((turn + 1) * 2 * HOUR, mail), "pass");
    }
    for (let n = 0; n < 20; n++) {
      assertEquals(
        (await both.at(3 * DAY, { ...host, sender: `s@other${n}.example` })).greylag,
        "defer",
      );
    }
  }));

Deno.test("8: messages of the null sender share no triplet at DATA", () =>
  contest(async (both) => {
    const send = async (time: number, host: string, instance: string, recipients: string[]) => {
      const request = { client_address: host, sender: "", instance };
      const outcomes: Outcome[] = [];
      for (const recipient of recipients) {
        const { postgrey } = await both.at(time, { ...request, recipient, protocol_state: "RCPT" });
        outcomes.push(postgrey);
      }
      // Greylag lets RCPT pass, and decides here.
      both.surplus.length = 0;
      const data = { ...request, recipient: "", protocol_state: "DATA" };
      const greylag = await both.greylagAt(time, data);
      assert(greylag === "defer" || outcomes.includes("pass"), `${time} ${recipients}`);
      return greylag;
    };
    assertEquals(await send(0, "5.6.7.8", "1", ["a@example.net", "b@example.net"]), "defer");
    assertEquals(await send(600, "5.6.7.9", "2", ["c@example.net", "d@example.net"]), "defer");
    assertEquals(await send(1200, "5.6.7.8", "3", ["a@example.net", "e@example.net"]), "defer");
    assertEquals(await send(1800, "5.6.7.8", "4", ["a@example.net", "b@example.net"]), "pass");
    assertEquals(await send(2400, "5.6.7.8", "5", ["f@example.net", "g@example.net"]), "defer");
  }, ["--null-sender=data"]));

Deno.test("9: a known recipient does not open the other recipients of a message", () =>
  contest(async (both) => {
    const host = {
      client_address: "5.6.7.8",
      client_name: "mail.x.example",
      sender: "a@x.example",
    };
    await both.deliver(0, { ...host, recipient: "known@example.net", instance: "1" });
    await both.at(2 * DAY, {
      ...host,
      sender: "b@y.example",
      recipient: "known@example.net",
      instance: "2",
    });
    for (let n = 0; n < 50; n++) {
      const request = {
        ...host,
        client_name: "unknown",
        recipient: `r${n}@example.net`,
        instance: "3",
      };
      await both.at(HOUR, { ...request, recipient: "known@example.net" });
      await both.at(HOUR, request);
    }
  }));

Deno.test("10: a host that abandons its mail loses the trust that postgrey leaves it", () =>
  contest(async (both) => {
    const host = { client_address: "5.6.7.8" };
    const lost = (n: number) => ({ ...host, sender: `lost${n}@b.example` });
    for (let turn = 0; turn < 4; turn++) {
      await both.deliver(turn * 2 * HOUR, { ...host, sender: `s@a${turn}.example` });
    }
    // A retry after the retry window is another message: the first was abandoned.
    for (const begin of [DAY, 5 * DAY]) {
      for (let n = 0; n < 20; n++) {
        const outcomes = await both.at(begin + n * 2 * HOUR, lost(n));
        assertEquals(outcomes, { greylag: "defer", postgrey: "defer" }, `${begin} ${n}`);
      }
    }
    await both.deliver(9 * DAY, { ...host, sender: "s@a4.example" });
    for (let n = 0; n < 20; n++) {
      const fresh = { sender: `late${n}@c.example` };
      const own = await both.at(10 * DAY, { ...host, ...fresh });
      assertEquals(own, { greylag: "defer", postgrey: "pass" });
      const neighbour = await both.at(10 * DAY, { client_address: "5.6.7.9", ...fresh });
      assertEquals(neighbour, { greylag: "defer", postgrey: "defer" });
    }
  }));

Deno.test("11: bots that retry within five minutes wait as long as with postgrey", () =>
  contest(async (both) => {
    for (const client_name of ["unknown", "h1.dsl.isp.example", "vmi12345.contaboserver.net"]) {
      for (let second = 60; second < 300; second += 20) {
        const bot = {
          client_address: `5.${second % 250}.7.8`,
          client_name,
          sender: `s${second}@a.example`,
        };
        await both.at(0, bot);
        assertEquals((await both.at(second, bot)).greylag, "defer");
      }
    }
  }));

Deno.test("a neighbour does not pass as a domain whose SPF excludes it", () =>
  contest(async (both) => {
    const own = { client_address: "51.75.1.2", client_name: "mail.brand.example" };
    await both.deliver(0, { ...own, sender: "news@brand.example" });
    for (let n = 0; n < 10; n++) {
      const forger = { client_address: `51.75.1.${50 + n}`, client_name: `mail${n}.evil.test` };
      await both.at(DAY, { ...forger, sender: `boss${n}@brand.example` });
    }
  }));

Deno.test("7: a silent name server of the sender, asked often, does not hide a DNS list", () =>
  contest(async (both) => {
    const bot = { client_address: "5.6.7.8", client_name: "mail.evil.test" };
    const mails = Array.from({ length: 12 }, (_, n) => ({ ...bot, sender: `x${n}@silent.test` }));
    const all = (outcome: Outcome) => mails.map(() => outcome);
    for (const time of [0, 120]) {
      assertEquals(await both.atOnce(time, mails), {
        greylag: all("defer"),
        postgrey: all("defer"),
      });
    }
    assertEquals(await both.atOnce(600, mails), { greylag: all("defer"), postgrey: all("pass") });
  }, ["--dns-lists=bl.example"]));

Deno.test("12: one retry opens no other host of a snowshoe range", () =>
  contest(async (both) => {
    const host = (n: number) => ({
      client_address: `5.6.7.${n}`,
      client_name: `mta${n}.range.evil.test`,
      sender: "news@range.evil.test",
    });
    await both.deliver(0, host(8));
    for (const time of [HOUR, 2 * DAY]) {
      for (let n = 9; n < 60; n++) {
        const outcomes = await both.at(time, {
          ...host(n),
          recipient: `r${n}-${time}@example.net`,
        });
        assertEquals(outcomes.greylag, "defer", `${time} ${n}`);
      }
    }
  }));

Deno.test("13: an access provider's SPF record makes its customers' lines no servers", () =>
  contest(async (both) => {
    const line = (n: number) => ({
      client_address: `5.${32 + n}.7.8`,
      client_name: `host-5-${32 + n}-7-8.isp2.test`,
      sender: "joe@isp2.test",
    });
    for (let n = 0; n < 10; n += 2) {
      const recipient = `r${n}@example.net`;
      await both.at(n * 2 * HOUR, { ...line(n), recipient });
      const retry = await both.at(n * 2 * HOUR + 600, { ...line(n + 1), recipient });
      assertEquals(retry, { greylag: "defer", postgrey: "defer" });
    }
    await both.deliver(2 * DAY, line(0));
    for (let n = 1; n < 10; n++) {
      await both.at(10 * DAY, { ...line(n), recipient: `new${n}@example.net` });
    }
  }));

Deno.test("14: an attacker's own SPF record offsets no access line where only suspicious clients wait", () =>
  contest(async (both) => {
    const senders = ["x@wide.evil.test", "x@range.evil.test"];
    for (const [at, sender] of senders.entries()) {
      for (let n = 0; n < 10; n++) {
        const bot = {
          client_address: `5.6.7.${10 + n}`,
          client_name: `5-6-7-${10 + n}.dsl.isp.example`,
          helo_name: `5-6-7-${10 + n}.dsl.isp.example`,
          sender,
          recipient: `r${at}-${n}@example.net`,
        };
        assertEquals(await both.at(0, bot), { greylag: "defer", postgrey: "defer" });
      }
    }
    const server = {
      client_address: "5.6.7.99",
      client_name: "mail.server.example",
      helo_name: "mail.server.example",
      sender: "joe@server.example",
    };
    assertEquals(await both.greylagAt(0, server), "pass", "the DNS list decides the mode");
  }, ["--dns-lists=bl.example"]));

Deno.test("15: slow name servers let no other customer of a hoster pass for a known sender", () =>
  contest(async (both) => {
    const own = { client_address: "51.75.1.2", client_name: "mx1.hoster.example" };
    const mail = { sender: "boss@brand.example", recipient: "known@example.net" };
    await both.deliver(0, { ...own, ...mail });
    const forger = { client_address: "9.9.7.8", client_name: "mx2.hoster.example", ...mail };
    assertEquals(await both.at(HOUR, forger), { greylag: "defer", postgrey: "defer" });
    const flood = Array.from({ length: 120 }, (_, n) => ({
      client_address: `6.${n}.7.8`,
      client_name: `mail${n}.evil.test`,
      sender: `x@d${n}.silent.test`,
    }));
    const later = { ...forger, client_address: "9.9.8.8" };
    const slow = both.atOnce(2 * HOUR, flood);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => both.inParallel(2 * HOUR, later)),
    );
    assertEquals(outcomes.filter((outcome) => outcome === "pass"), []);
    await slow;
  }));
