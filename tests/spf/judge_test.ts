import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { checkHost, type Resolver, TemporaryDnsError } from "../../lib/spf/check_host.ts";
import { PassJudge, type PassJudgement } from "../../lib/spf/judge.ts";
import { resolverOf, type Zone } from "./zone.ts";

const LIMITS = { ipv4: 10, ipv6: 20 };
const IP = "192.0.2.10";

interface Given {
  readonly ip?: string;
  readonly sender?: string;
  readonly helo?: string;
  readonly wellKnown?: readonly string[];
}

function judgeOf(wellKnown: readonly string[] = [], clock?: () => number): PassJudge {
  const find = (domain: string) => wellKnown.includes(domain) ? `via:${domain}` : undefined;
  return new PassJudge(LIMITS, find, clock);
}

async function judgement(
  zone: Zone | Resolver,
  { ip = IP, sender = "alice@example.com", helo = "mail.example.com", wellKnown }: Given = {},
  judge = judgeOf(wellKnown),
): Promise<PassJudgement> {
  const resolver = "txt" in zone && typeof zone.txt === "function"
    ? zone as Resolver
    : resolverOf(zone as Zone);
  const question = { ip, sender, helo, resolver };
  const answer = await checkHost(question);
  assertEquals(answer.result, "pass", answer.error);
  return await judge.judge(answer, question);
}

/** The usual addresses, and hosts whose reverse names lead back to them. */
const HOSTS: Zone = {
  "10.2.0.192.in-addr.arpa": { ptr: ["mx1.provider.example"] },
  "mx1.provider.example": { a: [IP] },
  "11.2.0.192.in-addr.arpa": { ptr: ["host.example.com"] },
  "host.example.com": { a: ["192.0.2.11"] },
  "12.2.0.192.in-addr.arpa": { ptr: ["host.evil.co.uk"] },
  "host.evil.co.uk": { a: ["192.0.2.12"] },
};

Deno.test("published records of big providers identify, and name the provider", async () => {
  const table: [shape: string, sender: string, via: string | undefined, Zone, Given?][] = [
    ["networks of one's own", "example.com", undefined, {
      "example.com": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] },
    }],
    ["an include of one's own", "example.com", undefined, {
      "example.com": { txt: ["v=spf1 include:_spf.example.com -all"] },
      "_spf.example.com": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] },
    }],
    ["Microsoft 365", "bigcorp.example", "spf.protection.outlook.com", {
      "bigcorp.example": { txt: ["v=spf1 include:spf.protection.outlook.com -all"] },
      "spf.protection.outlook.com": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] },
    }],
    ["Outlook.com itself", "outlook.com", undefined, {
      "outlook.com": { txt: ["v=spf1 include:spf.protection.outlook.com -all"] },
      "spf.protection.outlook.com": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] },
    }],
    ["Google, two records deep", "bigcorp.example", "_netblocks.google.com", {
      "bigcorp.example": { txt: ["v=spf1 include:_spf.google.com ~all"] },
      "_spf.google.com": { txt: ["v=spf1 include:_netblocks.google.com ~all"] },
      "_netblocks.google.com": { txt: ["v=spf1 ip4:192.0.2.0/24 ~all"] },
    }],
    ["Gmail, by redirect", "gmail.com", "_spf.google.com", {
      "gmail.com": { txt: ["v=spf1 redirect=_spf.google.com"] },
      "_spf.google.com": { txt: ["v=spf1 ip4:192.0.2.0/24 ~all"] },
    }],
    ["AOL, by redirect to Yahoo's ptr", "aol.example", "_spf.mail.provider.example", {
      "aol.example": { txt: ["v=spf1 redirect=_spf.mail.provider.example"] },
      "_spf.mail.provider.example": { txt: ["v=spf1 ptr:provider.example ?all"] },
    }],
    ["OVH's ptr in another domain", "shop.example", "mx.ovh.example", {
      "shop.example": { txt: ["v=spf1 include:mx.ovh.example ~all"] },
      "mx.ovh.example": { txt: ["v=spf1 ptr:mail-out.ovh.example ptr:provider.example ?all"] },
    }],
    ["a ptr to the provider's domain", "shop.example", undefined, {
      "shop.example": { txt: ["v=spf1 ptr:provider.example -all"] },
    }],
    ["an include of another's ptr", "shop.example", "provider.example", {
      "shop.example": { txt: ["v=spf1 include:provider.example -all"] },
      "provider.example": { txt: ["v=spf1 ptr -all"] },
    }],
    ["Amazon SES", "shop.example", "amazonses.com", {
      "shop.example": { txt: ["v=spf1 include:AmazonSES.com -all"] },
      "amazonses.com": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] },
    }],
    ["one's own mail exchangers", "shop.example", undefined, {
      "shop.example": { txt: ["v=spf1 a mx -all"], mx: ["mx1.provider.example"] },
    }],
    ["Apple's /8, well known", "person.example", "icloud.com", {
      "person.example": { txt: ["v=spf1 include:icloud.com -all"] },
      "icloud.com": { txt: ["v=spf1 ip4:192.0.0.0/8 -all"] },
    }, { wellKnown: ["icloud.com"] }],
    ["one's own host beside Apple's /8", "person.example", undefined, {
      "person.example": { txt: ["v=spf1 ip4:192.0.2.10 include:icloud.com -all"] },
      "icloud.com": { txt: ["v=spf1 ip4:17.0.0.0/8 -all"] },
    }, { wellKnown: ["icloud.com"] }],
  ];
  for (const [shape, domain, via, zone, given] of table) {
    const judged = await judgement({ ...HOSTS, ...zone }, { sender: `a@${domain}`, ...given });
    assertEquals([judged.identifies, judged.via, judged.why], [true, via, undefined], shape);
  }
});

Deno.test("the entry of a well-known sender is named, also for its own domain", async () => {
  const zone: Zone = {
    "icloud.com": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] },
    "person.example": { txt: ["v=spf1 include:icloud.com -all"] },
  };
  const given = { wellKnown: ["icloud.com"] };
  assertEquals(await judgement(zone, { ...given, sender: "a@person.example" }), {
    identifies: true,
    isNarrow: false,
    via: "icloud.com",
    wellKnown: "via:icloud.com",
  });
  assertEquals(await judgement(zone, { ...given, sender: "a@icloud.com" }), {
    identifies: true,
    isNarrow: false,
    wellKnown: "via:icloud.com",
  });
});

Deno.test("a pass is narrow if its term and all records of the domain name few addresses", async () => {
  const table: [record: string, isNarrow: boolean, Zone?][] = [
    ["v=spf1 ip4:192.0.2.10 -all", true],
    ["v=spf1 ip4:192.0.2.0/24 -all", true],
    ["v=spf1 ip4:192.0.2.0/23 -all", false],
    ["v=spf1 ip4:192.0.0.0/16 -all", false],
    ["v=spf1 a:own.example -all", true, { "own.example": { a: [IP] } }],
    ["v=spf1 a:own.example/16 -all", false, { "own.example": { a: [IP] } }],
    ["v=spf1 ip4:192.0.2.10 ip4:198.51.0.0/20 -all", false],
    ["v=spf1 ip4:192.0.2.10 ip4:198.51.100.0/24 ip4:203.0.113.0/24 -all", true],
    ["v=spf1 include:wide.example -all", false, {
      "wide.example": { txt: ["v=spf1 ip4:192.0.2.10 ip4:198.51.0.0/20 -all"] },
    }],
  ];
  for (const [record, isNarrow, zone = {}] of table) {
    const judged = await judgement({ "person.example": { txt: [record] }, ...zone }, {
      sender: "a@person.example",
    });
    assertEquals([judged.identifies, judged.isNarrow], [true, isNarrow], record);
  }
});

Deno.test("a pass that anybody can arrange does not identify", async () => {
  const narrow = "v=spf1 ip4:192.0.2.10 -all";
  const table: [record: string, why: string, Zone?, Given?][] = [
    ["v=spf1 +all", "authorises every address"],
    ["v=spf1 include:all.example", "authorises every address", {
      "all.example": { txt: ["v=spf1 all"] },
    }],
    ["v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", "more than a /10 of IPv4"],
    ["v=spf1 exists:%{i}.x.evil.test -all", "depends on the client", {
      "192.0.2.10.x.evil.test": { a: ["127.0.0.2"] },
    }],
    ["v=spf1 include:%{ir}.y.evil.test -all", "depends on the client", {
      "10.2.0.192.y.evil.test": { txt: [narrow] },
    }],
    ["v=spf1 redirect=%{Ir}.y.evil.test", "depends on the client", {
      "10.2.0.192.y.evil.test": { txt: [narrow] },
    }],
    ["v=spf1 a:%{i}.a.evil.test -all", "depends on the client", {
      "192.0.2.10.a.evil.test": { a: [IP] },
    }],
    ["v=spf1 mx:%{h}.m.evil.test -all", "depends on the client", {
      "mail.example.com.m.evil.test": { mx: ["mx1.provider.example"] },
    }],
    ["v=spf1 include:%{v}.v.evil.test -all", "depends on the client", {
      "in-addr.v.evil.test": { txt: [narrow] },
    }],
    ["v=spf1 include:%{p}.p.evil.test -all", "depends on the client", {
      "mx1.provider.example.p.evil.test": { txt: [narrow] },
    }],
    ["v=spf1 include:one.evil.test -all", "depends on the client", {
      "one.evil.test": { txt: ["v=spf1 redirect=%{h}.y.evil.test"] },
      "mail.example.com.y.evil.test": { txt: ["v=spf1 include:deep.evil.test -all"] },
      "deep.evil.test": { txt: [narrow] },
    }],
    ["v=spf1 include:%{l}.l.evil.test -all", "local part", {
      "192-0-2-10.l.evil.test": { txt: [narrow] },
    }, { sender: "192-0-2-10@example.com" }],
    ["v=spf1 exists:all.evil.test -all", "does not depend on the client's address", {
      "all.evil.test": { a: ["127.0.0.2"] },
    }],
    ["v=spf1 ptr -all", "reverse DNS", {}, { ip: "192.0.2.11" }],
    ["v=spf1 ptr:%{d} -all", "reverse DNS", {}, { ip: "192.0.2.11" }],
    ["v=spf1 ptr:example.com -all", "reverse DNS", {}, { ip: "192.0.2.11" }],
    ["v=spf1 include:sub.example.com -all", "reverse DNS", {
      "sub.example.com": { txt: ["v=spf1 ptr:example.com -all"] },
    }, { ip: "192.0.2.11" }],
    ["v=spf1 ptr:co.uk -all", "public suffix", {}, { ip: "192.0.2.12" }],
  ];
  for (const [record, why, zone, given] of table) {
    const judged = await judgement({ ...HOSTS, ...zone, "example.com": { txt: [record] } }, given);
    assertStringIncludes(judged.why ?? "none", why, record);
    assertEquals([judged.identifies, judged.via], [false, undefined], record);
  }
});

Deno.test("no record with a client macro on the path ever identifies", async () => {
  const letter = fc.constantFrom("i", "p", "h", "v", "I", "P", "H", "V");
  const macro = fc.tuple(letter, fc.constantFrom("", "1", "2"), fc.constantFrom("", "r"))
    .map(([name, digits, reversed]) => `%{${name}${digits}${reversed}}`);
  const term = fc.tuple(
    fc.constantFrom("include:", "exists:", "a:", "mx:", "redirect="),
    fc.constantFrom("", "x.", "%{d1}.", "%{o}."),
    macro,
  ).map(([kind, before, text]) => `${kind}${before}${text}.echo.evil.test`);
  const plain = fc.constantFrom("include:", "redirect=");
  await fc.assert(fc.asyncProperty(
    term,
    fc.array(plain, { maxLength: 3 }),
    fc.constantFrom(IP, "2001:db8::10"),
    async (last, hops, ip) => {
      const zone = new Map(hops.map((hop, at) => [
        at === 0 ? "example.com" : `hop${at}.evil.test`,
        `v=spf1 ${hop}hop${at + 1}.evil.test`,
      ]));
      zone.set(hops.length === 0 ? "example.com" : `hop${hops.length}.evil.test`, `v=spf1 ${last}`);
      const family = ip.includes(":") ? "ip6" : "ip4";
      // Every other name of the attacker authorises every client.
      const resolver: Resolver = {
        txt: (name) => Promise.resolve([zone.get(name) ?? `v=spf1 ${family}:${ip} -all`]),
        a: () => Promise.resolve([ip.includes(":") ? "127.0.0.2" : ip]),
        aaaa: () => Promise.resolve([ip]),
        mx: () => Promise.resolve(["mx.evil.test"]),
        ptr: () => Promise.resolve(["host.evil.test"]),
      };
      const judged = await judgement(resolver, { ip });
      assertEquals(judged.identifies, false);
      assertEquals(judged.via, undefined);
    },
  ));
});

Deno.test("the networks of all subdomains count together", async () => {
  const judge = judgeOf();
  const ask = (domain: string, network: string, ip: string) =>
    judgement({ [domain]: { txt: [`v=spf1 ip4:${network} -all`] } }, {
      ip,
      sender: `a@${domain}`,
    }, judge);
  assertEquals((await ask("a.evil.test", "10.0.0.0/10", "10.0.0.1")).identifies, true);
  for (let at = 0; at < 20; at++) {
    const judged = await ask(`s${at}.evil.test`, `${20 + at}.0.0.0/10`, `${20 + at}.0.0.1`);
    assertEquals(judged.identifies, false);
    assertStringIncludes(judged.why!, "records of evil.test and its subdomains");
  }
  assertEquals((await ask("a.evil.test", "10.0.0.0/10", "10.0.0.1")).identifies, true);
  assertEquals((await ask("b.evil.test", "10.1.0.0/16", "10.1.0.1")).identifies, true);
  assertEquals((await ask("a.other.test", "30.0.0.0/10", "30.0.0.1")).identifies, true);
});

Deno.test("a record that is too broad by itself does not burden its sister domains", async () => {
  const judge = judgeOf();
  const zone: Zone = {
    "lab.campus.test": { txt: ["v=spf1 ip4:192.0.0.0/8 -all"] },
    "mail.campus.test": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] },
  };
  assertEquals(
    (await judgement(zone, { sender: "a@lab.campus.test" }, judge)).identifies,
    false,
  );
  assertEquals(
    (await judgement(zone, { sender: "a@mail.campus.test" }, judge)).identifies,
    true,
  );
});

Deno.test("networks that a domain gave up count for a week", async () => {
  let now = 1;
  const judge = judgeOf([], () => now);
  const ask = (first: number) =>
    judgement({ "evil.test": { txt: [`v=spf1 ip4:${first}.0.0.0/10 -all`] } }, {
      ip: `${first}.0.0.1`,
      sender: "a@evil.test",
    }, judge);
  assert((await ask(10)).identifies);
  now += 2 * 3_600_000;
  assertEquals((await ask(20)).identifies, false);
  now += 7 * 86_400_000;
  assert((await ask(20)).identifies);
});

Deno.test("more networks than are kept do not identify", async () => {
  const judge = judgeOf();
  let last: PassJudgement | undefined;
  for (let record = 0; record < 6; record++) {
    const networks = Array.from(
      { length: 900 },
      (_, at) => `ip4:10.${record * 4 + (at >> 8)}.${at & 255}.1`,
    );
    last = await judgement(
      { [`s${record}.evil.test`]: { txt: [`v=spf1 ${networks.join(" ")}`] } },
      {
        ip: `10.${record * 4}.0.1`,
        sender: `a@s${record}.evil.test`,
      },
      judge,
    );
  }
  assertStringIncludes(last?.why ?? "none", "more than 4096 networks");
});

Deno.test("a record that widens after its breadth was looked up does not identify", async () => {
  const judge = judgeOf();
  const narrow = { "example.com": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] } };
  assertEquals((await judgement(narrow, {}, judge)).identifies, true);
  const wide = { "example.com": { txt: ["v=spf1 ip4:192.0.0.0/2 -all"] } };
  assertEquals((await judgement(wide, {}, judge)).identifies, false);
  assertEquals((await judgement(narrow, {}, judge)).identifies, true);
});

Deno.test("the addresses that a changing name authorises in turn are counted", async () => {
  const judge = judgeOf();
  const at = async (ip: string) => {
    const zone: Zone = {
      "example.com": { txt: ["v=spf1 a:now.example.com -all"] },
      "now.example.com": { a: [ip] },
    };
    return (await judgement(zone, { ip }, judge)).identifies;
  };
  for (let part = 0; part < 4; part++) {
    const terms = Array.from(
      { length: 1020 },
      (_, n) => `ip4:5.${part}.${n >> 8}.${(n & 255) ^ 1}`,
    );
    const domain = `p${part}.example.com`;
    const zone: Zone = {
      [domain]: { txt: [`v=spf1 ip4:${IP} ${terms.filter((_, n) => n % 2).join(" ")}`] },
    };
    await judgement(zone, { sender: `x@${domain}` }, judge);
  }
  let identified = 0;
  for (let n = 0; n < 2400; n++) {
    if (await at(`6.${n >> 8}.${n & 255}.7`)) identified++;
  }
  assert(identified > 1000 && identified < 2100, `${identified}`);
});

Deno.test("ptr terms authorise the hosts of three organisations at most", async () => {
  const names = ["a.example", "b.example", "c.example", "d.example", "e.example"];
  const judge = judgeOf();
  const identifies: boolean[] = [];
  for (const [at, name] of names.entries()) {
    const zone: Zone = {
      [`s${at}.example.com`]: {
        txt: [`v=spf1 ${names.map((one) => `ptr:${one}`).join(" ")} -all`],
      },
      "10.2.0.192.in-addr.arpa": { ptr: [`web.${name}`] },
      [`web.${name}`]: { a: [IP] },
    };
    identifies.push((await judgement(zone, { sender: `x@s${at}.example.com` }, judge)).identifies);
  }
  assertEquals(identifies, [true, true, true, false, false]);
});

Deno.test("the breadth of a record is looked up once an hour", async () => {
  let now = 1;
  const judge = judgeOf([], () => now);
  const asked: string[] = [];
  const resolver = resolverOf({ "example.com": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] } }, asked);
  await judgement(resolver, {}, judge);
  assertEquals(asked.length, 2);
  await judgement(resolver, {}, judge);
  assertEquals(asked.length, 3);
  now += 3_600_001;
  await judgement(resolver, {}, judge);
  assertEquals(asked.length, 5);
});

Deno.test("a record whose breadth cannot be looked up is a temporary error", async () => {
  const zone: Zone = {
    "example.com": { txt: ["v=spf1 ip4:192.0.2.10 include:slow.example -all"] },
    "slow.example": { txt: "timeout" },
  };
  await assertRejects(() => judgement(zone), TemporaryDnsError);
});

Deno.test("other results than a pass do not identify", async () => {
  const question = {
    ip: IP,
    sender: "a@example.com",
    helo: "x",
    resolver: resolverOf({ "example.com": { txt: ["v=spf1 -all"] } }),
  };
  assertEquals((await judgeOf().judge(await checkHost(question), question)).identifies, false);
});
