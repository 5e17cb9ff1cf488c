import { assert, assertEquals } from "@std/assert";
import {
  BUILTIN,
  builtinRules,
  entriesOf,
  nameBuiltinEntry,
  ViaIndex,
  wellKnownVia,
} from "../../lib/lists/builtin.ts";
import { type ListName, Matcher, type Rule } from "../../lib/lists/matcher.ts";
import { type MatchOn, parsePattern } from "../../lib/lists/pattern.ts";
import type { WellKnownTable } from "../../lib/lists/well_known_sender.ts";
import { parseAddress } from "../../lib/net/network.ts";

const EMPTY = { bulk: [], notices: [], lists: [], relay: [] };

const TABLE: WellKnownTable = {
  checked: "2026-01-01",
  hosts: {
    ...EMPTY,
    mailbox: [
      ["A", "out.a.example", "mx1.out.a.example", "page", 2026],
      ["B", "smtp*-x.b.example", "smtp1-x.b.example", "page", 2026],
    ],
  },
  via: {
    ...EMPTY,
    mailbox: [["A", "_spf.a.example", "page", 2026], ["D", "u*.wl*.d.example", "page", 2026]],
  },
};

function rule(list: ListName, matchOn: MatchOn, text: string): Rule {
  const parsed = parsePattern(matchOn, text);
  assert(parsed.ok);
  return { list, matchOn, pattern: parsed.pattern };
}

function find(rules: readonly Rule[], name: string | undefined, recipient = "bob@example.net") {
  return new Matcher(rules, "+").find({
    address: parseAddress("192.0.2.10")!,
    name,
    organisation: undefined,
    sender: "alice@example.org",
    recipient,
  }, 0);
}

Deno.test("a host is found by its verified name only", () => {
  const rules = builtinRules(entriesOf(TABLE));
  const table: [name: string | undefined, provider: string | undefined][] = [
    ["out.a.example", "A"],
    ["a.b.c.out.a.example", "A"],
    ["xout.a.example", undefined],
    ["a.example", undefined],
    ["_spf.a.example", undefined],
    ["smtp12-x.b.example", "B"],
    ["smtp1-x.y.b.example", undefined],
    [undefined, undefined],
  ];
  for (const [name, provider] of table) {
    const found = new Matcher(rules, "+").find({
      address: parseAddress("192.0.2.10")!,
      name,
      organisation: undefined,
      sender: "x@out.a.example",
      recipient: "bob@example.net",
    }, 0);
    assertEquals(found.decisive?.rule.builtin.provider, provider, name);
  }
});

Deno.test("an SPF record is found by its own domain only", () => {
  const index = new ViaIndex(entriesOf(TABLE));
  const table: [domain: string, provider: string | undefined][] = [
    ["_spf.a.example", "A"],
    ["x._spf.a.example", undefined],
    ["out.a.example", undefined],
    ["u123.wl4.d.example", "D"],
    ["u123.d.example", undefined],
  ];
  for (const [domain, provider] of table) {
    assertEquals(index.find(domain)?.provider, provider, domain);
  }
});

Deno.test("the administrator's lists come before the built-in one", () => {
  const builtin = builtinRules(entriesOf(TABLE));
  const listOf = (rules: Rule[], recipient?: string) =>
    find([...builtin, ...builtinRules(BUILTIN), ...rules], "out.a.example", recipient).decisive
      ?.rule.list;
  assertEquals(listOf([]), "builtin");
  assertEquals(listOf([rule("allow", "client", "/a/")]), "allow");
  assertEquals(listOf([rule("block", "sender", "/./")]), "block");
  assertEquals(listOf([rule("block", "client", "example")], "postmaster@example.net"), "block");
  assertEquals(listOf([rule("always-greylist", "client", "192.0.2.0/24")]), undefined);
  assertEquals(
    listOf([rule("always-greylist", "client", "192.0.2.0/24")], "abuse@example.net"),
    "builtin",
  );
});

Deno.test("names that show the address match where the provider gives such names", () => {
  const rules = builtinRules();
  for (const name of ["out203-205-221-231.mail.qq.com", "66-220-155-156.mail-mail.facebook.com"]) {
    assertEquals(find(rules, name).decisive?.rule.list, "builtin", name);
  }
});

Deno.test("whole domains with customers, desks or web servers are not listed", () => {
  const rules = builtinRules();
  for (
    const name of [
      "vps-1.vps.ovh.net",
      "host.outlook.com",
      "lb-140-82-121-4-fra.github.com",
      "desk.twitter.com",
      "host.barracuda.com",
      "mail.protonmail.ch.example",
      "smtp.bigfish.com",
    ]
  ) assertEquals(find(rules, name).decisive, undefined, name);
});

Deno.test("every built-in entry has a provider, a source, a date and a name of its own", () => {
  for (const { provider, pattern, source, date } of BUILTIN) {
    assert(provider !== "" && source !== "", pattern);
    assert(/^\d{4}(?:-\d\d-\d\d)?$/.test(date), pattern);
  }
  const names = BUILTIN.map(nameBuiltinEntry);
  assertEquals(new Set(names).size, names.length);
});

Deno.test("postmaster and abuse are exempt at every domain", () => {
  for (const recipient of ["postmaster@example.net", "Abuse+x@sub.example.net", "postmaster"]) {
    assertEquals(find(builtinRules(), undefined, recipient).decisive?.rule.list, "builtin");
  }
});

Deno.test("every SPF record on the list is found, by the name that counts its hits", () => {
  for (const entry of BUILTIN.filter(({ matchOn }) => matchOn === "via")) {
    const via = wellKnownVia(entry.pattern.replaceAll("*", "1"));
    assertEquals(`builtin:${via}`, nameBuiltinEntry(entry));
  }
  assertEquals(wellKnownVia("example.com"), undefined);
});
