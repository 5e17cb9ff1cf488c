import { assert, assertEquals } from "@std/assert";
import { type Finding, type ListName, Matcher, type Rule } from "../../lib/lists/matcher.ts";
import { formatPattern, type MatchOn, parsePattern } from "../../lib/lists/pattern.ts";
import { parseAddress } from "../../lib/net/network.ts";

function rule(list: ListName, matchOn: MatchOn, text: string, expires?: number): Rule {
  const parsed = parsePattern(matchOn, text);
  assert(parsed.ok, text);
  return { list, matchOn, pattern: parsed.pattern, ...(expires === undefined ? {} : { expires }) };
}

interface Given {
  address?: string;
  name?: string;
  organisation?: string;
  sender?: string;
  recipient?: string;
}

function ask(rules: readonly Rule[], given: Given = {}, now = 0): Finding {
  return new Matcher(rules, "+").find({
    address: parseAddress(given.address ?? "192.0.2.10")!,
    name: given.name,
    organisation: given.organisation,
    sender: given.sender ?? "alice@example.org",
    recipient: given.recipient ?? "bob@example.net",
  }, now);
}

/** The list and pattern that decide. */
function decisive(rules: readonly Rule[], given: Given = {}, now = 0): string | undefined {
  const found = ask(rules, given, now).decisive?.rule;
  return found && `${found.list} ${formatPattern(found.pattern)}`;
}

Deno.test("each kind of pattern matches its targets only", () => {
  const table: [MatchOn, string, Given, boolean][] = [
    ["client", "192.0.2.10", {}, true],
    ["client", "192.0.2.0/24", {}, true],
    ["client", "192.0.3.0/24", {}, false],
    ["client", "2001:db8::/32", { address: "2001:db8:5::1" }, true],
    ["client", "2001:db8::/32", {}, false],
    ["client", "example.org", { name: "mail.example.org" }, true],
    ["client", "example.org", { name: "example.org" }, true],
    ["client", "example.org", { name: "badexample.org" }, false],
    ["client", "example.org", { sender: "x@example.org" }, false],
    ["client", "org:example.org", { organisation: "example.org" }, true],
    ["client", "org:example.org", { name: "mail.example.org" }, false],
    ["client", "/^mail\\d\\./", { name: "mail7.example.org" }, true],
    ["client", "/./", {}, false],
    ["sender", "alice@example.org", {}, true],
    ["sender", "ALICE@EXAMPLE.ORG", { sender: "Alice@Example.org" }, true],
    ["sender", "alice@example.org", { sender: "alice+x@example.org" }, false],
    ["sender", "example.org", { sender: "x@news.example.org" }, true],
    ["sender", "<>", { sender: "" }, true],
    ["sender", "<>", {}, false],
    ["sender", "/^ali/", {}, true],
    ["recipient", "bob@example.net", { recipient: "bob+list@example.net" }, true],
    ["recipient", "bob+a@example.net", { recipient: "bob+b@example.net" }, false],
    ["recipient", "bob@", { recipient: "Bob+x@anywhere.example" }, true],
    ["recipient", "postmaster@", { recipient: "postmaster" }, true],
    ["recipient", "example.net", { recipient: "x@sub.example.net" }, true],
    ["recipient", "example.net", { recipient: "x@example.org" }, false],
  ];
  for (const [matchOn, text, asked, expected] of table) {
    const found = decisive([rule("allow", matchOn, text)], asked) !== undefined;
    assertEquals(found, expected, `${matchOn} ${text} ${JSON.stringify(asked)}`);
  }
});

Deno.test("a recipient's extension begins at any of the delimiters", () => {
  const table: [delimiter: string, text: string, recipient: string, expected: boolean][] = [
    ["+-_", "bob@example.net", "bob-shop@example.net", true],
    ["+-_", "bob@", "Bob_shop@my-host.example", true],
    ["+", "bob@example.net", "bob-shop@example.net", false],
    ["-", "bob@example.net", "bob+shop@example.net", false],
    ["", "bob@", "bob+shop@example.net", false],
    ["-", "owner@example.net", "owner-list@example.net", false],
  ];
  for (const [delimiter, text, recipient, expected] of table) {
    const matcher = new Matcher([rule("allow", "recipient", text)], delimiter);
    const target = {
      address: parseAddress("192.0.2.10")!,
      name: undefined,
      organisation: undefined,
      sender: "alice-x@example.org",
      recipient,
    };
    const found = matcher.find(target, 0).decisive !== undefined;
    assertEquals(found, expected, `${text} ${recipient} by ${delimiter}`);
  }
});

Deno.test("an unverified name never matches", () => {
  const rules = [rule("allow", "client", "example.org"), rule("allow", "client", "/example/")];
  assertEquals(decisive(rules, { sender: "x@example.org" }), undefined);
});

Deno.test("the most specific entry decides, and block overrides allow at the same level", () => {
  const allow = (matchOn: MatchOn, text: string) => rule("allow", matchOn, text);
  const block = (matchOn: MatchOn, text: string) => rule("block", matchOn, text);
  const asked = { name: "mail.example.org" };
  const table: [Rule[], string][] = [
    [[allow("client", "192.0.2.10"), block("client", "192.0.2.0/24")], "allow 192.0.2.10"],
    [[block("client", "192.0.2.10"), allow("client", "192.0.2.0/24")], "block 192.0.2.10"],
    [[allow("client", "192.0.2.0/25"), block("client", "192.0.2.0/24")], "allow 192.0.2.0/25"],
    [[allow("client", "192.0.2.0/24"), block("client", "192.0.2.0/25")], "block 192.0.2.0/25"],
    [[allow("client", "192.0.2.0/24"), block("client", "192.0.2.0/24")], "block 192.0.2.0/24"],
    [
      [allow("client", "mail.example.org"), block("client", "example.org")],
      "allow mail.example.org",
    ],
    [[allow("client", "192.0.2.0/24"), block("sender", "example.org")], "block example.org"],
    [[allow("recipient", "bob@"), block("client", "192.0.2.0/24")], "allow bob@"],
    [[allow("recipient", "bob@"), block("client", "192.0.2.10")], "block 192.0.2.10"],
    [[allow("client", "example.org"), block("client", "/mail/")], "allow example.org"],
    [[allow("client", "/mail/"), block("sender", "example.org")], "block example.org"],
    [[allow("client", "/mail/"), block("client", "/example/")], "block /example/"],
    [[allow("client", "example.org"), allow("client", "192.0.2.10")], "allow 192.0.2.10"],
  ];
  for (const [rules, expected] of table) {
    assertEquals(decisive(rules, asked), expected);
    assertEquals(decisive(rules.toReversed(), asked), expected);
  }
});

Deno.test("an expired entry is ignored", () => {
  const rules = [
    rule("block", "client", "192.0.2.10", 1000),
    rule("allow", "client", "192.0.2.0/24"),
  ];
  assertEquals(decisive(rules, {}, 999), "block 192.0.2.10");
  assertEquals(decisive(rules, {}, 1000), "allow 192.0.2.0/24");
});

Deno.test("opt-in and opt-out select the recipients that are greylisted", () => {
  const optedIn = (rules: Rule[], recipient: string) => ask(rules, { recipient }).optedIn;
  assertEquals(optedIn([], "bob@example.net"), true);
  const out = [rule("opt-out", "recipient", "bob@example.net")];
  assertEquals([optedIn(out, "bob+x@example.net"), optedIn(out, "eve@example.net")], [false, true]);
  const only = [rule("opt-in", "recipient", "example.net")];
  assertEquals([optedIn(only, "bob@example.net"), optedIn(only, "x@example.com")], [true, false]);
  assertEquals(optedIn([...only, ...out], "bob@example.net"), false);
});

Deno.test("always-greylist is found beside the deciding entry", () => {
  const found = ask([
    rule("always-greylist", "client", "192.0.2.0/24"),
    rule("allow", "sender", "alice@example.org"),
  ]);
  assert(found.alwaysGreylist !== undefined && found.decisive?.rule.list === "allow");
});

Deno.test("a trap is found and decides nothing", () => {
  const rules = [
    rule("trap", "recipient", "old@example.net"),
    rule("allow", "client", "192.0.2.10"),
  ];
  const trapped = ask(rules, { recipient: "Old+x@example.net" });
  assertEquals([trapped.isTrap, trapped.decisive?.rule.list], [true, "allow"]);
  const alone = ask(rules.slice(0, 1), { recipient: "old@example.net" });
  assertEquals([alone.isTrap, alone.decisive, alone.optedIn], [true, undefined, true]);
  assertEquals(ask(rules, { recipient: "bob@example.net" }).isTrap, false);
});

Deno.test("an expression that matched before expires, and matches no other text", () => {
  const rules = [
    { ...rule("allow", "client", "/^mail\\d/", 1000), matchesUnverified: true },
    rule("allow", "client", "/^unkn/"),
  ];
  const matcher = new Matcher(rules, "+");
  const find = (name: string | undefined, now: number) =>
    matcher.find({
      address: parseAddress("192.0.2.10")!,
      name,
      organisation: undefined,
      sender: "",
      recipient: "bob@example.net",
    }, now).decisive?.rule;
  for (
    const [name, now, expected] of [
      ["mail7.example.org", 0, rules[0]],
      ["mail7.example.org", 999, rules[0]],
      ["mail7.example.org", 1000, undefined],
      ["web.example.org", 0, undefined],
      [undefined, 0, undefined],
    ] as const
  ) {
    assertEquals(find(name, now), expected, `${name} at ${now}`);
  }
});
