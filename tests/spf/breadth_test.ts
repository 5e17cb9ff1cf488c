import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseNetwork } from "../../lib/net/network.ts";
import { addressesIn, tooBroad, weaknessOf } from "../../lib/spf/breadth.ts";
import { checkHost } from "../../lib/spf/check_host.ts";
import { resolverOf, type Zone } from "./zone.ts";

const LIMITS = { ipv4: 10, ipv6: 20 };

function breadthOf(record: string, zone: Zone = {}): Promise<string | undefined> {
  return tooBroad({
    ip: "192.0.2.10",
    helo: "mail.example.com",
    sender: "alice@example.com",
    resolver: resolverOf({ "example.com": { txt: [record] }, ...zone }),
  }, LIMITS);
}

Deno.test("each address counts once, whatever networks it is in", () => {
  const count = (...texts: string[]) => addressesIn(texts.map((text) => parseNetwork(text)!));
  assertEquals(count(), 0n);
  assertEquals(count("192.0.2.1"), 1n);
  assertEquals(count("192.0.2.0/24", "192.0.2.128/25", "192.0.2.7"), 256n);
  assertEquals(count("192.0.3.0/24", "192.0.2.0/24"), 512n);
  assertEquals(count("0.0.0.0/0"), 1n << 32n);
  assertEquals(count("2001:db8::/32", "2001:db8:1::/48"), 1n << 96n);
});

Deno.test("a record that lets too much of the address space pass says nothing", async () => {
  const broad: [string, Zone?][] = [
    ["v=spf1 +all"],
    ["v=spf1 ip4:0.0.0.0/0 -all"],
    ["v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all"],
    ["v=spf1 ip4:10.0.0.0/10 ip4:20.0.0.0/24 -all"],
    ["v=spf1 ip6:2001::/16 -all"],
    ["v=spf1 include:all.example -all", { "all.example": { txt: ["v=spf1 all"] } }],
    ["v=spf1 redirect=all.example", { "all.example": { txt: ["v=spf1 ip4:0.0.0.0/2"] } }],
    ["v=spf1 a:big.example/8 -all", { "big.example": { a: ["10.0.0.1"] } }],
    ["v=spf1 mx//16 -all", {
      "example.com": { txt: ["v=spf1 mx//16 -all"], mx: ["mx.example."] },
      "mx.example": { aaaa: ["2001:db8::1"] },
    }],
  ];
  for (const [record, zone] of broad) {
    assertStringIncludes(await breadthOf(record, zone) ?? "narrow", "the record of", record);
  }
});

Deno.test("records that are too long to be looked through say nothing", async () => {
  const long = `v=spf1 ${"ip4:192.0.2.1 ".repeat(800)}-all`;
  assertEquals(await breadthOf(long), undefined);
  const zone = { "two.example": { txt: [long] } };
  const why = await breadthOf(long.replace("-all", "include:two.example -all"), zone);
  assertStringIncludes(why!, "more than 16384 characters");
});

Deno.test("a record of a usual size says something", async () => {
  const narrow: [string, Zone?][] = [
    ["v=spf1 ip4:10.0.0.0/10 -all"],
    ["v=spf1 ip4:10.0.0.0/10 ip4:10.1.0.0/16 ip6:2001:db8::/32 ~all"],
    ["v=spf1 a mx ptr exists:%{i}.x.example -all"],
    ["v=spf1 -all +all"],
    ["v=spf1 ip4:192.0.2.0/24 -ip4:0.0.0.0/0 ?all"],
    ["v=spf1 include:me.example", { "me.example": { txt: ["v=spf1 include:me.example ~all"] } }],
    ["v=spf1 broken:"],
  ];
  for (const [record, zone] of narrow) {
    assertEquals(await breadthOf(record, zone), undefined, record);
  }
});

Deno.test("who passes by what anybody can arrange has not shown anything", async () => {
  const weakness = async (record: string) => {
    const { result, path } = await checkHost({
      ip: "192.0.2.10",
      sender: "alice@example.com",
      helo: "mail.example.com",
      resolver: resolverOf({
        "example.com": { txt: [record], a: ["192.0.2.10"] },
        "sub.example.com": { txt: ["v=spf1 ptr -all"], a: ["192.0.2.10"] },
        "10.2.0.192.in-addr.arpa": { ptr: ["sub.example.com"] },
        "192.0.2.10.example.com": { a: ["127.0.0.2"] },
      }),
    });
    assertEquals(result, "pass", record);
    return weaknessOf(path);
  };
  assertEquals(await weakness("v=spf1 ip4:192.0.2.10 ptr +all"), undefined);
  assertEquals(await weakness("v=spf1 exists:%{i}.%{d} -all"), undefined);
  assertStringIncludes(await weakness("v=spf1 ip4:192.0.2.11 +all") ?? "", "lets everybody pass");
  assertStringIncludes(await weakness("v=spf1 ptr -all") ?? "", "reverse DNS");
  assertStringIncludes(await weakness("v=spf1 include:sub.example.com") ?? "", "reverse DNS");
  assertStringIncludes(await weakness("v=spf1 exists:%{d} -all") ?? "", "does not depend");
});
