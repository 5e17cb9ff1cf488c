import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { isSpfRecord, parseRecord } from "../../lib/spf/record.ts";

Deno.test("the version is followed by a space or nothing", () => {
  const table: [string, boolean][] = [
    ["v=spf1", true],
    ["V=SPF1 -all", true],
    ["v=spf10", false],
    ["v=spf1-all", false],
    [" v=spf1", false],
    ["", false],
  ];
  for (const [text, expected] of table) assertEquals(isSpfRecord(text), expected, text);
});

Deno.test("terms are parsed in order, with their qualifiers and prefix lengths", () => {
  const parsed = parseRecord("v=spf1 a/24//64 ~MX:x.example ip4:192.0.2.7/24 -all");
  assert(parsed.ok);
  assertEquals(
    parsed.record.mechanisms.map(({ kind, qualifier, text }) => [kind, qualifier, text]),
    [
      ["a", "+", "a/24//64"],
      ["mx", "~", "~MX:x.example"],
      ["ip4", "+", "ip4:192.0.2.7/24"],
      ["all", "-", "-all"],
    ],
  );
  const [a, , ip4] = parsed.record.mechanisms;
  assert(a?.kind === "a" && ip4?.kind === "ip4");
  assertEquals(a.prefixes, { ipv4: 24, ipv6: 64 });
  assertEquals(ip4.network.bytes, [192, 0, 2, 0]);
});

Deno.test("modifiers are found anywhere, and unknown ones are ignored", () => {
  const parsed = parseRecord("v=spf1 redirect=x.example a exp=e.example other=%{d}");
  assert(parsed.ok);
  assertEquals(parsed.record.redirect?.text, "redirect=x.example");
  assertEquals(parsed.record.explanation?.text, "exp=e.example");
  assertEquals(parsed.record.mechanisms.length, 1);
});

Deno.test("an invalid term makes the record invalid, and is named", () => {
  const table: [term: string, why: string][] = [
    ["all:x", "takes no argument"],
    ["include", "needs a domain"],
    ["exists:", "no domain"],
    ["ip4:192.0.2", "not an ip4 address"],
    ["ip4:192.0.2.0/33", "not a prefix length"],
    ["ip6:192.0.2.1", "not an ip6 address"],
    ["a/33", "not an IPv4 prefix length"],
    ["mx//129", "not an IPv6 prefix length"],
    ["a/08", "not an IPv4 prefix length"],
    ["ptr/24", "a domain only"],
    ["moo", "unknown mechanism"],
    ["=x", "not a mechanism or a modifier"],
    ["a:\u00e4.example", "invalid character"],
  ];
  for (const [term, why] of table) {
    const parsed = parseRecord(`v=spf1 a ${term} -all`);
    assert(!parsed.ok, term);
    assertEquals(parsed.term, term);
    assertStringIncludes(parsed.why, why, term);
  }
  const twice = parseRecord("v=spf1 redirect=a.example redirect=b.example");
  assertStringIncludes(twice.ok ? "valid" : twice.why, "redirect occurs twice");
});

Deno.test("parsing never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseRecord(`v=spf1 ${text}`)));
});
