import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { canonicalDomain, splitAddress } from "../../lib/net/email_address.ts";

Deno.test("an address is split at its last @", () => {
  assertEquals(splitAddress("a@b"), { local: "a", domain: "b" });
  assertEquals(splitAddress("a@b@c"), { local: "a@b", domain: "c" });
  assertEquals(splitAddress("postmaster"), { local: "postmaster", domain: "" });
  assertEquals(splitAddress(""), { local: "", domain: "" });
});

Deno.test("domains are compared in canonical form", () => {
  const table: [string, string][] = [
    ["Example.ORG", "example.org"],
    ["example.org.", "example.org"],
    ["BÜCHER.example", "xn--bcher-kva.example"],
    ["bu\u0308cher.example", "xn--bcher-kva.example"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
    ["日本。example", "xn--wgv71a.example"],
    ["bü/cher", "bü/cher"],
    ["ü@x", "ü@x"],
    ["[192.0.2.1]", "[192.0.2.1]"],
    ["", ""],
  ];
  for (const [given, expected] of table) assertEquals(canonicalDomain(given), expected, given);
});

Deno.test("the canonical form of any text is stable, and never throws", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const once = canonicalDomain(text.replaceAll(".", ""));
    assertEquals(canonicalDomain(once), once);
  }));
});
