import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { getDomain } from "tldts";
import list from "../../lib/net/public_suffixes.txt" with { type: "text" };
import { domainBelowSuffix } from "../../lib/net/public_suffix.ts";
import { suffixRules, suffixText } from "./suffix_rules.ts";

function assertSame(name: string): void {
  for (const allowPrivateDomains of [true, false]) {
    const expected = getDomain(name, { allowPrivateDomains, extractHostname: false }) ?? undefined;
    assertEquals(domainBelowSuffix(name, allowPrivateDomains), expected, name);
  }
}

Deno.test("the list has the rules of the package tldts; deno task suffixes writes it", () => {
  assert(list === suffixText());
});

Deno.test("every rule gives the domains that tldts gives", () => {
  for (const { name } of suffixRules()) {
    const host = name.replace("*", "star");
    for (const prefix of ["", "a.", "b.a.", "c.b.a."]) assertSame(prefix + host);
    assertSame(host.slice(host.indexOf(".") + 1));
  }
});

Deno.test("any name has the domain that tldts gives", () => {
  const part = fc.oneof(
    fc.stringMatching(/^[a-z0-9_-]{1,6}$/),
    fc.constantFrom(...suffixRules().map(({ name }) => name.replace("*", "x"))),
    fc.constantFrom("com", "uk", "co", "jp", "1", "192"),
  );
  const name = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("."));
  fc.assert(fc.property(name, assertSame), { numRuns: 20_000 });
});

Deno.test("addresses, many labels and properties of objects give what tldts gives", () => {
  for (
    const name of [
      ...["", "com", "localhost", "192.0.2.1", "1.2.3.4.5", "1.2.3", "999.1.1.1", "a.192.0.2.1"],
      ...["::1", "2001:db8::1", "constructor.com", "__proto__", "a.__proto__", "a.constructor"],
      `${"a.".repeat(120)}co.uk`,
    ]
  ) assertSame(name);
});

Deno.test("a final dot gives what tldts gives", () => {
  for (const name of ["a.example.org.", "a.co.uk.", "co.uk.", "org.", "1.2.3.4."]) assertSame(name);
});

Deno.test("an empty label is no domain", () => {
  const names = [".", "..", ".com", "a..com", "a..co.uk", "a..b.kawasaki.jp", "a.com..", "com.."];
  for (const name of names) {
    assertEquals(domainBelowSuffix(name, true), undefined, name);
  }
});
