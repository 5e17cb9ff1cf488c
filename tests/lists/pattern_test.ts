import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { formatPattern, type MatchOn, parsePattern } from "../../lib/lists/pattern.ts";

Deno.test("a pattern is parsed, and formatted in canonical form", () => {
  const table: [MatchOn, string, string][] = [
    ["client", "192.0.2.1", "192.0.2.1"],
    ["client", "192.0.2.77/24", "192.0.2.0/24"],
    ["client", "192.0.2", "192.0.2.0/24"],
    ["client", "10.1", "10.1.0.0/16"],
    ["client", "2001:DB8::1", "2001:db8::1"],
    ["client", "2001:db8::/32", "2001:db8::/32"],
    ["client", "Mail.Example.ORG.", "mail.example.org"],
    ["client", ".example.org", "example.org"],
    ["client", "org:Example.org", "org:example.org"],
    ["client", "/^mail[0-9]+\\.example\\.org$/", "/^mail[0-9]+\\.example\\.org$/"],
    ["sender", "Alice@Example.ORG", "alice@example.org"],
    ["sender", "example.org", "example.org"],
    ["sender", "@example.org", "example.org"],
    ["sender", "<>", "<>"],
    ["sender", "jane@bücher.example", "jane@xn--bcher-kva.example"],
    ["recipient", "bob+x@example.net", "bob+x@example.net"],
    ["recipient", "Abuse@", "abuse@"],
    ["recipient", "example.net", "example.net"],
  ];
  for (const [matchOn, text, expected] of table) {
    const parsed = parsePattern(matchOn, text);
    assert(parsed.ok, `${text}: ${parsed.ok || parsed.why}`);
    assertEquals(formatPattern(parsed.pattern), expected, text);
    const again = parsePattern(matchOn, expected);
    assert(again.ok);
    assertEquals(formatPattern(again.pattern), expected);
  }
});

Deno.test("an invalid pattern is rejected with a reason", () => {
  const table: [MatchOn, string, string][] = [
    ["client", "192.0.2.256", "not an address or network"],
    ["client", "192.0.2.0/33", "not an address or network"],
    ["client", "10", "not an address or network"],
    ["client", "2001:db8::/200", "not an address or network"],
    ["client", "two words", "not an address, network, host name"],
    ["client", "org:", "org: must be followed by a domain"],
    ["client", "", "not an address"],
    ["client", "/(/", "RE2"],
    ["client", "/(?=x)/", "look-around"],
    ["client", "/(a)\\1/", "back-references"],
    ["sender", "alice@", "recipients only"],
    ["sender", "a b@example.org", "white space"],
    ["sender", "alice@.", "after the @ is not a domain"],
    ["recipient", "bob@exa/mple.org", "after the @ is not a domain"],
    ["recipient", "a b", "not an address, domain"],
    ["recipient", "@", "not an address, domain"],
    ["sender", "*@example.org", "* is no wildcard"],
    ["recipient", "bob@*.example.org", "* is no wildcard"],
    ["sender", "*", "* is no wildcard"],
    ["client", "*.example.org", "* is no wildcard"],
  ];
  for (const [matchOn, text, expected] of table) {
    const parsed = parsePattern(matchOn, text);
    assert(!parsed.ok, text);
    assertStringIncludes(parsed.why, expected, text);
  }
});

Deno.test("any text is a pattern or has a reason why not", () => {
  const matchOn = fc.constantFrom<MatchOn>("client", "sender", "recipient");
  fc.assert(fc.property(matchOn, fc.string({ unit: "binary", maxLength: 40 }), (about, text) => {
    const parsed = parsePattern(about, text);
    assert(parsed.ok ? formatPattern(parsed.pattern) !== "" : parsed.why !== "");
  }));
});

Deno.test("an expression prone to backtracking takes linear time", () => {
  const parsed = parsePattern("sender", "/^(a+)+$/");
  assert(parsed.ok && parsed.pattern.kind === "expression");
  assertEquals(parsed.pattern.expression.test(`${"a".repeat(50_000)}!`), false);
});
