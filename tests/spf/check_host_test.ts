import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { checkHost, type SpfResult, TemporaryDnsError } from "../../lib/spf/check_host.ts";
import { resolverOf, type Zone } from "./zone.ts";
import { pause } from "../eventually.ts";

const HELO = "mail.example.com";
const IP4 = "192.0.2.10";
const IP6 = "2001:db8::cafe:1";

interface Given {
  readonly ip?: string;
  readonly sender?: string;
  readonly helo?: string;
  readonly zone?: Zone;
}

/** Evaluates a record of example.com. */
function evaluate(record: string | readonly string[], given: Given = {}) {
  const txt = typeof record === "string" ? [record] : record;
  return checkHost({
    ip: given.ip ?? IP4,
    sender: given.sender ?? "alice@example.com",
    helo: given.helo ?? HELO,
    resolver: resolverOf({ "example.com": { txt }, ...given.zone }),
    receiver: "mx.example.net",
  });
}

type Row = readonly [record: string, result: SpfResult, given?: Given];

function table(name: string, rows: readonly Row[]): void {
  Deno.test(name, async () => {
    for (const [record, expected, given] of rows) {
      const { result, error } = await evaluate(record, given);
      assertEquals(result, expected, `${record}: ${error ?? ""}`);
      assertEquals(error !== undefined, expected === "permerror" || expected === "temperror");
    }
  });
}

const HOSTS: Zone = {
  "mail.example.com": { a: [IP4], aaaa: [IP6] },
  "other.example.com": { a: ["192.0.2.77"], aaaa: ["2001:db8::77"] },
  "four.example.com": { a: [IP4] },
  "dead.example.com": { a: "timeout", aaaa: "timeout", mx: "timeout", txt: "timeout" },
};

Deno.test("4.3: a domain that cannot have a record gives none", async () => {
  for (
    const given of [
      { sender: "a@localhost" },
      { sender: `a@${"x".repeat(64)}.example.com` },
      { sender: "a@example..com" },
      { sender: "a@[192.0.2.10]" },
      { sender: "", helo: "[192.0.2.10]" },
      { sender: "", helo: "OEMCOMPUTER" },
      { sender: "a@192.0.2.10" },
    ]
  ) {
    const { result, lookups } = await evaluate("v=spf1 +all", given);
    assertEquals([result, lookups], ["none", 0], JSON.stringify(given));
  }
});

Deno.test("2.4, 4.3: the identity is the sender, or the HELO name", async () => {
  const record = "v=spf1 exists:%{l}.at.%{o} -all";
  const yes = { a: ["127.0.0.2"] };
  const result = async (given: Given, ...names: string[]) =>
    (await evaluate(record, {
      ...given,
      zone: Object.fromEntries(names.map((name) => [name, yes])),
    })).result;
  assertEquals(await result({}, "alice.at.example.com"), "pass");
  assertEquals(await result({ sender: "@example.com" }, "postmaster.at.example.com"), "pass");
  assertEquals(await result({ sender: "example.com" }, "postmaster.at.example.com"), "pass");
  assertEquals(
    await result({ sender: "", helo: "Example.com." }, "postmaster.at.example.com"),
    "pass",
  );
  assertEquals(await result({ sender: '"a@b"@example.com' }, '"a@b".at.example.com'), "pass");
});

Deno.test("4.4: a DNS failure is a temperror that names the query", async () => {
  const zone: Zone = { "example.com": { txt: "timeout" } };
  const answer = await checkHost({
    ip: IP4,
    sender: "a@example.com",
    helo: HELO,
    resolver: resolverOf(zone),
  });
  assertEquals(answer.result, "temperror");
  assertStringIncludes(answer.error!, "DNS could not answer txt example.com: timeout");
});

Deno.test("4.5: exactly one TXT record may be an SPF record", async () => {
  const rows: [(string | string[])[], SpfResult][] = [
    [[], "none"],
    [["v=spf10 -all"], "none"],
    [["v=spf1-all"], "none"],
    [["v=spf2.0/pra -all"], "none"],
    [[" v=spf1 -all"], "none"],
    [["v=spf1"], "neutral"],
    [["V=sPf1 -ALL"], "fail"],
    [["v=spf1 -all", "v=spf1 +all"], "permerror"],
    [["v=spf1 -all", "v=spf1 -all"], "permerror"],
    [["some other text", "v=spf1 -all"], "fail"],
    [["\u00e9 beyond ASCII", "v=spf1 -all"], "fail"],
    [[["v=sp", "f1 -a", "ll"]], "fail"],
    [[["v=spf1", " -all"]], "fail"],
    [[["v=spf1", "-all"]], "none"],
  ];
  for (const [txt, expected] of rows) {
    const { result } = await checkHost({
      ip: IP4,
      sender: "a@example.com",
      helo: HELO,
      resolver: resolverOf({ "example.com": { txt } }),
    });
    assertEquals(result, expected, JSON.stringify(txt));
  }
});

table("4.6: the syntax of the whole record is checked first", [
  ["v=spf1 ip4:192.0.2.10 -all moo", "permerror"],
  ["v=spf1 ip4:192.0.2.10 moo:x", "permerror"],
  ["v=spf1  ip4:192.0.2.10   -all  ", "pass"],
  ["v=spf1 \tip4:192.0.2.10", "permerror"],
  ["v=spf1 ip4:192.0.2.10 a:ex\u00e4mple.com", "permerror"],
  ["v=spf1 ip4:192.0.2.10\r a", "permerror"],
  ["v=spf1 =all", "permerror"],
  ["v=spf1 4ever=x -all", "permerror"],
  ["v=spf1 t1.-_=anything=%{d} -all", "fail"],
  ["v=spf1 t1=%{x} -all", "permerror"],
  ["v=spf1 t1=% -all", "permerror"],
  ["v=spf1 t1= -all", "fail"],
  ["v=spf1 --all", "permerror"],
  ["v=spf1 redirect:example.com", "permerror"],
  ["v=spf1 exp:example.com", "permerror"],
]);

table("4.6.2, 4.7: qualifiers, and the default result", [
  ["v=spf1 all", "pass"],
  ["v=spf1 +all", "pass"],
  ["v=spf1 -all", "fail"],
  ["v=spf1 ~all", "softfail"],
  ["v=spf1 ?all", "neutral"],
  ["v=spf1 ?ALL", "neutral"],
  ["v=spf1 ip4:198.51.100.1", "neutral"],
  ["v=spf1 -ip4:192.0.2.0/24 +all", "fail"],
]);

table("5.1: all takes no argument", [
  ["v=spf1 all:example.com", "permerror"],
  ["v=spf1 all/8", "permerror"],
  ["v=spf1 all.", "permerror"],
]);

const INCLUDED: Zone = {
  "pass.example.com": { txt: ["v=spf1 +all"] },
  "fail.example.com": { txt: ["v=spf1 -all"] },
  "soft.example.com": { txt: ["v=spf1 ~all"] },
  "neutral.example.com": { txt: ["v=spf1"] },
  "broken.example.com": { txt: ["v=spf1 moo"] },
  "dead.example.com": { txt: "timeout" },
  "none.example.com": {},
};

table("5.2: include evaluates another record", [
  ["v=spf1 include:pass.example.com -all", "pass", { zone: INCLUDED }],
  ["v=spf1 ~include:pass.example.com -all", "softfail", { zone: INCLUDED }],
  ["v=spf1 include:fail.example.com ~all", "softfail", { zone: INCLUDED }],
  ["v=spf1 include:soft.example.com -all", "fail", { zone: INCLUDED }],
  ["v=spf1 include:neutral.example.com -all", "fail", { zone: INCLUDED }],
  ["v=spf1 include:none.example.com +all", "permerror", { zone: INCLUDED }],
  ["v=spf1 include:broken.example.com +all", "permerror", { zone: INCLUDED }],
  ["v=spf1 include:dead.example.com +all", "temperror", { zone: INCLUDED }],
  ["v=spf1 include", "permerror"],
  ["v=spf1 include:", "permerror"],
  ["v=spf1 include:pass.example.com/24", "permerror", { zone: INCLUDED }],
]);

function own(record: string): Zone {
  return { ...HOSTS, "example.com": { a: [IP4], aaaa: [IP6], mx: [], txt: [record] } };
}

table("5.3: a", [
  ...["a", "a/24", "a//64", "a/24//64", "a:mail.example.com", "a:mail.example.com/32//128"].map(
    (term): Row => [`v=spf1 ${term} -all`, "pass", { zone: own(`v=spf1 ${term} -all`) }],
  ),
  ["v=spf1 a:other.example.com -all", "fail", { zone: HOSTS }],
  ["v=spf1 a:other.example.com/24 -all", "pass", { zone: HOSTS }],
  ["v=spf1 a:other.example.com/24 -all", "fail", { zone: HOSTS, ip: IP6 }],
  ["v=spf1 a:other.example.com//64 -all", "pass", { zone: HOSTS, ip: IP6 }],
  ["v=spf1 a:four.example.com/0 -all", "pass", { zone: HOSTS, ip: "203.0.113.7" }],
  ["v=spf1 a:four.example.com//0 -all", "fail", { zone: HOSTS, ip: IP6 }],
  ["v=spf1 a:mail.example.com -all", "pass", { zone: HOSTS, ip: `::ffff:${IP4}` }],
  ["v=spf1 a:nowhere.example.com/0 -all", "fail", { zone: HOSTS }],
  ["v=spf1 a:dead.example.com -all", "temperror", { zone: HOSTS }],
  ["v=spf1 a/33", "permerror"],
  ["v=spf1 a//129", "permerror"],
  ["v=spf1 a/032", "permerror"],
  ["v=spf1 a/", "permerror"],
  ["v=spf1 a:", "permerror"],
  ["v=spf1 a:museum", "permerror"],
  ["v=spf1 a:museum.", "permerror"],
  ["v=spf1 a:abc.123", "permerror"],
  ["v=spf1 a:192.0.2.10", "permerror"],
  ["v=spf1 a:example.com-", "permerror"],
  ["v=spf1 a:example.-com", "permerror"],
  ["v=spf1 a:foo:bar/baz.example.com -all", "pass", {
    zone: { "foo:bar/baz.example.com": { a: [IP4] } },
  }],
  ["v=spf1 a:a.example.xn--zckzah -all", "pass", {
    zone: { "a.example.xn--zckzah": { a: [IP4] } },
  }],
  ["v=spf1 a:mail.example...com -all", "fail"],
  [`v=spf1 a:${"x".repeat(64)}.example.com -all`, "fail"],
]);

const EXCHANGERS: Zone = {
  ...HOSTS,
  "many.example.com": { mx: Array.from({ length: 11 }, (_, at) => `mx${at}.example.com`) },
  "ten.example.com": { mx: [...Array(9).fill("other.example.com"), "mail.example.com."] },
  "null.example.com": { mx: ["."] },
  "half.example.com": { mx: ["dead.example.com", "mail.example.com"] },
};

table("5.4: mx", [
  ["v=spf1 mx:ten.example.com -all", "pass", { zone: EXCHANGERS }],
  ["v=spf1 mx:ten.example.com -all", "pass", { zone: EXCHANGERS, ip: IP6 }],
  ["v=spf1 mx:ten.example.com/24 -all", "pass", { zone: EXCHANGERS, ip: "192.0.2.99" }],
  ["v=spf1 mx:many.example.com -all", "permerror", { zone: EXCHANGERS }],
  ["v=spf1 mx:null.example.com -all", "fail", { zone: EXCHANGERS }],
  ["v=spf1 mx -all", "fail", { zone: { ...EXCHANGERS, ...own("v=spf1 mx -all") } }],
  ["v=spf1 mx:half.example.com -all", "temperror", { zone: EXCHANGERS }],
  ["v=spf1 mx:dead.example.com -all", "temperror", { zone: EXCHANGERS }],
  ["v=spf1 mx/33", "permerror"],
  ["v=spf1 mx:", "permerror"],
]);

const REVERSE = "10.2.0.192.in-addr.arpa";
const REVERSE6 = `${"1.0.0.0.e.f.a.c.".padEnd(48, "0.")}8.b.d.0.1.0.0.2.ip6.arpa`;

const POINTERS: Zone = {
  ...HOSTS,
  [REVERSE]: { ptr: ["other.example.com", "MAIL.Example.com."] },
  [REVERSE6]: { ptr: ["mail.example.com"] },
};

table("5.5: ptr", [
  ["v=spf1 ptr -all", "pass", { zone: POINTERS }],
  ["v=spf1 ptr -all", "pass", { zone: POINTERS, ip: IP6 }],
  ["v=spf1 ptr:example.com -all", "pass", { zone: POINTERS }],
  ["v=spf1 ptr:MAIL.example.com -all", "pass", { zone: POINTERS }],
  ["v=spf1 ptr:other.example.com -all", "fail", { zone: POINTERS }],
  ["v=spf1 ptr:ample.com -all", "fail", { zone: POINTERS }],
  ["v=spf1 ptr -all", "fail", { zone: { ...POINTERS, [REVERSE]: { ptr: "timeout" } } }],
  ["v=spf1 ptr -all", "pass", {
    zone: { ...POINTERS, [REVERSE]: { ptr: ["dead.example.com", "mail.example.com"] } },
  }],
  ["v=spf1 ptr -all", "fail", {
    zone: {
      ...POINTERS,
      [REVERSE]: { ptr: [...Array(10).fill("other.example.com"), "mail.example.com"] },
    },
  }],
  ["v=spf1 ptr/0", "permerror"],
  ["v=spf1 ptr:", "permerror"],
]);

table("5.6: ip4 and ip6", [
  ["v=spf1 ip4:192.0.2.10 -all", "pass"],
  ["v=spf1 ip4:192.0.2.99/24 -all", "pass"],
  ["v=spf1 ip4:0.0.0.0/0 -all", "pass"],
  ["v=spf1 ip4:192.0.2.11 -all", "fail"],
  ["v=spf1 ip4:192.0.2.10 -all", "pass", { ip: `::FFFF:${IP4}` }],
  ["v=spf1 ip6:2001:db8::/32 -all", "pass", { ip: IP6 }],
  ["v=spf1 ip6:::/0 -all", "pass", { ip: IP6 }],
  ["v=spf1 ip6:::/0 -all", "fail"],
  ["v=spf1 ip6:::ffff:192.0.2.10 -all", "fail"],
  ["v=spf1 ip6:::ffff:192.0.2.10/96 -all", "fail", { ip: IP6 }],
  ["v=spf1 ip6:2001:DB8::CAFE:1/128 -all", "pass", { ip: IP6 }],
  ...["ip4", "ip4:", "ip4:1.2.3", "ip4:1.2.3.4:25", "ip4:1.2.3.4/33", "ip4:1.2.3.4/032"].map(
    (term): Row => [`v=spf1 ${term}`, "permerror"],
  ),
  ...["ip4:01.2.3.4", "ip4:1.2.3.4/", "ip4:1.2.3.4//32", "ip4:::1", "ip4:1.2.3.256"].map(
    (term): Row => [`v=spf1 ${term}`, "permerror"],
  ),
  ...["ip6", "ip6:", "ip6:::1/129", "ip6:::1//33", "ip6:1.2.3.4", "ip6:::1::2"].map((
    term,
  ): Row => [`v=spf1 ${term}`, "permerror"]),
]);

table("5.7: exists looks up IPv4 addresses for every client", [
  ["v=spf1 exists:four.example.com -all", "pass", { zone: HOSTS }],
  ["v=spf1 exists:four.example.com -all", "pass", { zone: HOSTS, ip: IP6 }],
  ["v=spf1 exists:six.example.com -all", "fail", {
    zone: { "six.example.com": { aaaa: [IP6] } },
    ip: IP6,
  }],
  ["v=spf1 exists:dead.example.com -all", "temperror", { zone: HOSTS }],
  ["v=spf1 exists", "permerror"],
  ["v=spf1 exists:", "permerror"],
  ["v=spf1 exists:four.example.com/24", "permerror"],
]);

table("6.1: redirect replaces the record", [
  ["v=spf1 redirect=pass.example.com", "pass", { zone: INCLUDED }],
  ["v=spf1 redirect=fail.example.com", "fail", { zone: INCLUDED }],
  ["v=spf1 redirect=pass.example.com ip4:198.51.100.1", "pass", { zone: INCLUDED }],
  ["v=spf1 ?all redirect=fail.example.com", "neutral", { zone: INCLUDED }],
  ["v=spf1 redirect=none.example.com", "permerror", { zone: INCLUDED }],
  ["v=spf1 redirect=%{l}", "permerror", { zone: INCLUDED }],
  ["v=spf1 redirect=pass.example.com redirect=pass.example.com", "permerror"],
  ["v=spf1 redirect=", "permerror"],
  ["v=spf1 redirect", "permerror"],
  ["v=spf1 -all exp=a.example.com exp=b.example.com", "permerror"],
  ["v=spf1 -all exp=", "permerror"],
]);

Deno.test("11.1: records of too many characters together are a permerror", async () => {
  const long = (length: number) => `v=spf1 ${"a=".padEnd(length - 12, "x")} -all`;
  assertEquals((await evaluate(long(16_384))).result, "fail");
  const { result, error } = await evaluate(long(16_385));
  assertEquals(result, "permerror");
  assertStringIncludes(error!, "more than 16384 characters");
  const halves = await evaluate(`v=spf1 include:other.example -all`, {
    zone: { "other.example": { txt: [long(16_384)] } },
  });
  assertEquals(halves.result, "permerror");
});

Deno.test("6.2: only a fail has an explanation", async () => {
  const zone: Zone = {
    "exp.example.com": { txt: [["No, ", "%{i} is no host of %{d}: see http://x/?s=%{S}"]] },
    "two.example.com": { txt: ["one", "two"] },
    "bad.example.com": { txt: ["%{x}"] },
    "odd.example.com": { txt: ["caf\u00e9"] },
    "empty.example.com": { txt: [""] },
    "dead.example.com": { txt: "timeout" },
    "sub.example.com": { txt: ["v=spf1 -all exp=exp.%{o}"] },
  };
  const explain = async (record: string, given: Given = {}) =>
    (await evaluate(record, { zone, ...given })).explanation;
  const words = "No, 192.0.2.10 is no host of example.com: see http://x/?s=alice%40example.com";
  assertEquals(await explain("v=spf1 -all exp=exp.example.com"), words);
  assertEquals(await explain("v=spf1 exp=exp.%{d} -ip4:192.0.2.10"), words);
  assertEquals(
    await explain("v=spf1 redirect=sub.example.com exp=bad.example.com"),
    words.replace("of example.com", "of sub.example.com"),
  );
  for (
    const record of [
      "v=spf1 ~all exp=exp.example.com",
      "v=spf1 -all exp=two.example.com",
      "v=spf1 -all exp=bad.example.com",
      "v=spf1 -all exp=odd.example.com",
      "v=spf1 -all exp=empty.example.com",
      "v=spf1 -all exp=dead.example.com",
      "v=spf1 -all exp=nowhere.example.com",
      "v=spf1 -include:sub.example.com -all",
    ]
  ) assertEquals(await explain(record), undefined, record);
});

Deno.test("7: macros and their transformers", async () => {
  const values: [macro: string, text: string, given?: Given][] = [
    ["%{s}", "strong-bad@email.example.com"],
    ["%{o}", "email.example.com"],
    ["%{d}", "email.example.com"],
    ["%{d4}", "email.example.com"],
    ["%{d3}", "email.example.com"],
    ["%{d2}", "example.com"],
    ["%{d1}", "com"],
    ["%{dr}", "com.example.email"],
    ["%{d2r}", "example.email"],
    ["%{l}", "strong-bad"],
    ["%{l-}", "strong.bad"],
    ["%{lr}", "strong-bad"],
    ["%{lr-}", "bad.strong"],
    ["%{l1r-}", "strong"],
    ["%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"],
    ["%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"],
    ["%{L}%{h}%{r}%{p}", "strong-badmail.example.commx.example.netunknown"],
    ["%%%_%-%{c}", "% %20192.0.2.3"],
    ["%{ir}.%{v}", `${REVERSE6.replace(".ip6.arpa", "").toUpperCase()}.ip6`, { ip: IP6 }],
    ["%{c}", IP6, { ip: IP6.toUpperCase() }],
    ["%{S}", "a%2Bb%2F%C3%BC%40email.example.com", { sender: "a+b/\u00fc@email.example.com" }],
    ["%{l+/2}", "invalid", { sender: "a+b/c@email.example.com" }],
    ["%{l+/}", "a.b.c", { sender: "a+b/c@email.example.com" }],
    ["%{l1+/}", "c", { sender: "a+b/c@email.example.com" }],
    ["%{d0}", "invalid"],
    ["%{z}", "invalid"],
    ["%{d", "invalid"],
    ["%", "invalid"],
  ];
  for (const [macro, text, given] of values) {
    const { explanation } = await checkHost({
      ip: "192.0.2.3",
      sender: "strong-bad@email.example.com",
      helo: HELO,
      receiver: "mx.example.net",
      ...given,
      resolver: resolverOf({
        "email.example.com": { txt: ["v=spf1 -all exp=exp.example.com"] },
        "exp.example.com": { txt: [macro] },
      }),
    });
    const isSpeakable = given?.sender === undefined || !given.sender.includes("\u00fc");
    assertEquals(explanation ?? "invalid", isSpeakable ? text : "invalid", macro);
  }
});

table("7.1: %{c}, %{r} and %{t} are allowed in explanations only", [
  ["v=spf1 exists:%{c}.example.com", "permerror"],
  ["v=spf1 exists:%{t}.example.com", "permerror"],
  ["v=spf1 moo=%{r}", "permerror"],
  ["v=spf1 exists:%{i}%", "permerror"],
  ["v=spf1 exists:%(i).example.com", "permerror"],
  ["v=spf1 exists:%{i}", "neutral"],
]);

Deno.test("7.3: a name that is too long loses labels from the left", async () => {
  const local = Array(60).fill("abcd").join(".");
  const asked: string[] = [];
  const zone: Zone = { "example.com": { txt: ["v=spf1 exists:%{l}.%{d} -all"] } };
  await checkHost({
    ip: IP4,
    sender: `${local}@example.com`,
    helo: HELO,
    resolver: resolverOf(zone, asked),
  });
  const name = asked.at(-1)!.slice(2);
  assert(name.length <= 253 && name.length > 248, `${name.length}`);
  assert(`${local}.example.com`.endsWith(`.${name}`));
});

Deno.test("7.3: %{p} prefers the validated name nearest to the domain", async () => {
  const names = async (ptr: readonly string[]) => {
    const asked: string[] = [];
    await checkHost({
      ip: IP4,
      sender: "a@example.com",
      helo: HELO,
      resolver: resolverOf({
        "example.com": { txt: ["v=spf1 exists:%{p}.x.example"], a: [IP4] },
        "mail.example.com": { a: [IP4] },
        "mail.example.org": { a: [IP4] },
        "liar.example.com": { a: ["192.0.2.99"] },
        [REVERSE]: { ptr },
      }, asked),
    });
    return asked.at(-1)!.slice(2).replace(".x.example", "");
  };
  assertEquals(await names(["mail.example.org", "mail.example.com", "example.com"]), "example.com");
  assertEquals(await names(["mail.example.org", "mail.example.com"]), "mail.example.com");
  assertEquals(await names(["liar.example.com", "mail.example.org"]), "mail.example.org");
  assertEquals(await names(["liar.example.com"]), "unknown");
});

const term = (count: number, text: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => text(at)).join(" ");

table("4.6.4: at most 10 terms query DNS, and at most 2 of them in vain", [
  [`v=spf1 ${term(10, () => "a:other.example.com")} +all`, "pass", { zone: HOSTS }],
  [`v=spf1 ${term(11, () => "a:other.example.com")} +all`, "permerror", { zone: HOSTS }],
  [`v=spf1 ip4:192.0.2.10 ${term(11, () => "a:other.example.com")}`, "pass", { zone: HOSTS }],
  ["v=spf1 include:example.com", "permerror"],
  ["v=spf1 redirect=example.com", "permerror"],
  ["v=spf1 a:x1.example.com a:x2.example.com +all", "pass"],
  ["v=spf1 a:x1.example.com mx:x2.example.com exists:x3.example.com +all", "permerror"],
  ["v=spf1 ptr a:x1.example.com a:x2.example.com +all", "permerror"],
  ["v=spf1 a:x1.example.com a:x2.example.com -all exp=x3.example.com", "fail"],
  [`v=spf1 ${term(10, () => "include:five.example.com")} +all`, "permerror", {
    zone: { ...HOSTS, "five.example.com": { txt: ["v=spf1 a:other.example.com -all"] } },
  }],
  [`v=spf1 ${term(5, () => "include:five.example.com")} +all`, "pass", {
    zone: { ...HOSTS, "five.example.com": { txt: ["v=spf1 a:other.example.com -all"] } },
  }],
]);

Deno.test("an answer has the mechanism, the lookups, the path and the error", async () => {
  const zone: Zone = {
    ...HOSTS,
    "_spf.example.com": { txt: ["v=spf1 a:other.example.com a:mail.example.com -all"] },
    "bad.example.com": { txt: ["v=spf1 a:museum"] },
  };
  const passed = await evaluate("v=spf1 include:_spf.example.com -all", { zone });
  assertEquals([passed.result, passed.mechanism, passed.domain, passed.lookups], [
    "pass",
    "include:_spf.example.com",
    "example.com",
    3,
  ]);
  assertEquals(passed.path.map(({ domain, term }) => [domain, term.text]), [
    ["example.com", "include:_spf.example.com"],
    ["_spf.example.com", "a:mail.example.com"],
  ]);
  const neutral = await evaluate("v=spf1");
  assertEquals([neutral.mechanism, neutral.path], [undefined, []]);
  const wrong = await evaluate("v=spf1 include:bad.example.com", { zone });
  assertEquals(
    wrong.error,
    'record of bad.example.com: a:museum: "museum" does not end like a domain',
  );
});

Deno.test("RFC 8616: an international domain is queried in A-labels, a local part is not", async () => {
  const zone: Zone = {
    "xn--bcher-kva.example": { txt: ["v=spf1 exists:%{l}.a.example include:%{s} ip4:192.0.2.10"] },
  };
  const asked: string[] = [];
  const { result, domain } = await checkHost({
    ip: IP4,
    sender: "j\u00fcrgen@b\u00fccher.example",
    helo: HELO,
    resolver: resolverOf(zone, asked),
  });
  assertEquals([result, domain], ["pass", "xn--bcher-kva.example"]);
  assertEquals(asked, ["txt xn--bcher-kva.example"]);
});

Deno.test("4.6.4: an evaluation that takes too long is a temperror", async () => {
  const slow = resolverOf({
    "example.com": { txt: ["v=spf1 a:1.example a:2.example a:3.example mx:4.example -all"] },
    "1.example": { a: ["192.0.2.1"] },
    "2.example": { a: ["192.0.2.2"] },
    "3.example": { a: ["192.0.2.3"] },
  });
  const { result, error } = await checkHost({
    ip: IP4,
    sender: "a@example.com",
    helo: HELO,
    timeLimit: 50,
    resolver: {
      ...slow,
      a: async (name) => {
        await pause(30);
        return await slow.a(name);
      },
    },
  });
  assertEquals(result, "temperror");
  assertStringIncludes(error!, "the evaluation took more than 0.05 s");
  await pause(40);
});

Deno.test("a caller can abort, and any error of the resolver is passed on", async () => {
  const controller = new AbortController();
  const never = { ...resolverOf({}), txt: () => new Promise<never>(() => {}) };
  const question = { ip: IP4, sender: "a@example.com", helo: HELO };
  const pending = checkHost({ ...question, resolver: never, signal: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => pending, Error, "enough");
  const broken = { ...resolverOf({}), txt: () => Promise.reject(new TypeError("bug")) };
  assertEquals((await checkHost({ ...question, resolver: broken })).result, "temperror");
  assertEquals(new TemporaryDnsError("x").name, "TemporaryDnsError");
  await assertRejects(
    () => checkHost({ ...question, ip: "nowhere", resolver: broken }),
    RangeError,
    '"nowhere"',
  );
});
