import { assertEquals } from "@std/assert";
import { parseAddress } from "../../lib/net/network.ts";
import { identityOf, isAskable, isBelow, isDomain, reverseName } from "../../lib/spf/domain.ts";

Deno.test("the identity is the sender, or the HELO name of a null sender", () => {
  const table: [sender: string, local: string, domain: string][] = [
    ["alice@Example.org", "alice", "example.org"],
    ["", "postmaster", "mail.example.net"],
    ["@example.org", "postmaster", "example.org"],
    ["example.org", "postmaster", "example.org"],
    ["a@b@example.org.", "a@b", "example.org"],
    ["a@b\u00fccher.example", "a", "xn--bcher-kva.example"],
  ];
  for (const [sender, local, domain] of table) {
    assertEquals(identityOf(sender, "Mail.Example.net"), { local, domain }, sender);
  }
});

Deno.test("labels have 1 to 63 characters, and a domain has several", () => {
  const table: [name: string, askable: boolean, domain: boolean][] = [
    ["example.com", true, true],
    ["_spf.example.com", true, true],
    ["com", true, false],
    ["a.123", true, false],
    ["", false, false],
    ["a..example", false, false],
    [".example", false, false],
    [`${"x".repeat(63)}.example`, true, true],
    [`${"x".repeat(64)}.example`, false, false],
    [`${"x.".repeat(125)}com`, true, true],
    [`${"x.".repeat(126)}com`, false, false],
    ["b\u00fccher.example", false, false],
  ];
  for (const [name, askable, domain] of table) {
    assertEquals([isAskable(name), isDomain(name)], [askable, domain], name);
  }
});

Deno.test("the reverse name has octets or nibbles", () => {
  assertEquals(reverseName(parseAddress("192.0.2.10")!), "10.2.0.192.in-addr.arpa");
  assertEquals(
    reverseName(parseAddress("2001:db8::1")!),
    `1.${"0.".repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`,
  );
});

Deno.test("a subdomain ends in a dot and the domain, in any case", () => {
  const table: [string, string, boolean][] = [
    ["mail.example.com", "Example.com", true],
    ["example.com", "example.com", true],
    ["notexample.com", "example.com", false],
    ["com", "example.com", false],
  ];
  for (const [name, domain, expected] of table) assertEquals(isBelow(name, domain), expected, name);
});
