import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { breadthOf, exceededLimit } from "../../lib/spf/breadth.ts";
import { addressesOf } from "../../lib/spf/ranges.ts";
import { parseNetwork } from "../../lib/net/network.ts";
import { TemporaryDnsError } from "../../lib/spf/resolver.ts";
import { resolverOf, type Zone } from "./zone.ts";

const LIMITS = { ipv4: 10, ipv6: 20 };

/** Why the record of example.com is too broad. */
async function excessOf(
  record: string,
  zone: Zone = {},
  exempt: readonly string[] = [],
): Promise<string | undefined> {
  const resolver = resolverOf({ "example.com": { txt: [record] }, ...zone });
  const isExempt = (domain: string) => exempt.includes(domain);
  const { addresses, unlimited } = await breadthOf("example.com", resolver, isExempt);
  return unlimited ?? exceededLimit(addresses, LIMITS);
}

Deno.test("a record that authorises too much of the address space exceeds a limit", async () => {
  const table: [record: string, excess: string, Zone?][] = [
    ["v=spf1 +all", "every address"],
    ["v=spf1 ip4:0.0.0.0/0 -all", "a /10 of IPv4"],
    ["v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", "a /10 of IPv4"],
    ["v=spf1 ip4:10.0.0.0/10 ip4:20.0.0.0/24 -all", "a /10 of IPv4"],
    ["v=spf1 ip6:2001::/16 -all", "a /20 of IPv6"],
    ["v=spf1 include:all.example -all", "every address", {
      "all.example": { txt: ["v=spf1 all"] },
    }],
    ["v=spf1 redirect=all.example", "a /10 of IPv4", {
      "all.example": { txt: ["v=spf1 ip4:0.0.0.0/2"] },
    }],
    ["v=spf1 redirect=_spf.%{d}", "a /10 of IPv4", {
      "_spf.example.com": { txt: ["v=spf1 ip4:0.0.0.0/2"] },
    }],
    ["v=spf1 a:big.example/8 -all", "a /10 of IPv4", { "big.example": { a: ["10.0.0.1"] } }],
    ["v=spf1 mx//16 -all", "a /20 of IPv6", {
      "example.com": { txt: ["v=spf1 mx//16 -all"], mx: ["mx.example."] },
      "mx.example": { aaaa: ["2001:db8::1"] },
    }],
  ];
  for (const [record, excess, zone] of table) {
    assertStringIncludes(await excessOf(record, zone) ?? "none", excess, record);
  }
});

Deno.test("records of more text than an evaluation reads are unlimited", async () => {
  const long = `v=spf1 ${"ip4:192.0.2.1 ".repeat(800)}-all`;
  assertEquals(await excessOf(long), undefined);
  const zone = { "two.example": { txt: [long] } };
  const why = await excessOf(long.replace("-all", "include:two.example -all"), zone);
  assertStringIncludes(why!, "more than 16384 characters");
});

Deno.test("a record of usual size is within the limits", async () => {
  const table: [string, Zone?][] = [
    ["v=spf1 ip4:10.0.0.0/10 -all"],
    ["v=spf1 ip4:10.0.0.0/10 ip4:10.1.0.0/16 ip6:2001:db8::/32 ~all"],
    ["v=spf1 a mx ptr exists:%{i}.x.example -all"],
    ["v=spf1 -all +all"],
    ["v=spf1 ip4:192.0.2.0/24 -ip4:0.0.0.0/0 ?all"],
    ["v=spf1 include:me.example", { "me.example": { txt: ["v=spf1 include:me.example ~all"] } }],
    ["v=spf1 include:%{i}.example", { "0.0.0.0.example": { txt: ["v=spf1 ip4:0.0.0.0/0"] } }],
    ["v=spf1 broken:"],
  ];
  for (const [record, zone] of table) {
    assertEquals(await excessOf(record, zone), undefined, record);
  }
});

Deno.test("an exempt record's own networks are left out, those of its includes are not", async () => {
  const zone = (inner: string): Zone => ({
    "big.example": { txt: ["v=spf1 ip4:17.0.0.0/8 include:inner.example -all"] },
    "inner.example": { txt: [inner] },
  });
  const record = "v=spf1 ip4:192.0.2.0/24 include:big.example -all";
  assertEquals(await excessOf(record, zone("v=spf1 -all")), "a /10 of IPv4");
  assertEquals(await excessOf(record, zone("v=spf1 -all"), ["big.example"]), undefined);
  assertEquals(
    await excessOf(record, zone("v=spf1 ip4:18.0.0.0/8 -all"), ["big.example"]),
    "a /10 of IPv4",
  );
});

Deno.test("the breadth of a record costs no more queries than its evaluation may", async () => {
  const asked: string[] = [];
  const terms = (kind: string) =>
    Array.from({ length: 300 }, (_, at) => `${kind}:v${at}.victim.example/8`);
  const zone: Zone = {
    "example.com": {
      txt: [`v=spf1 ip4:192.0.2.10 include:more.example ${terms("a").join(" ")} -all`],
    },
    "more.example": { txt: [`v=spf1 ${terms("mx").join(" ")} redirect=last.example`] },
  };
  await breadthOf("example.com", resolverOf(zone, asked), () => false);
  assertEquals(asked.length, 11);
});

Deno.test("a name server that fails is a temporary error", async () => {
  await assertRejects(
    () => excessOf("v=spf1 include:slow.example -all", { "slow.example": { txt: "timeout" } }),
    TemporaryDnsError,
  );
});

Deno.test("a set of exactly the limit does not exceed it", () => {
  const excess = (...texts: string[]) =>
    exceededLimit(addressesOf(texts.map((text) => parseNetwork(text)!)), LIMITS);
  assertEquals(excess("10.0.0.0/10"), undefined);
  assertEquals(excess("10.0.0.0/10", "192.0.2.1"), "a /10 of IPv4");
  assertEquals(excess("2001::/20"), undefined);
  assertEquals(excess("2001::/20", "2002::1"), "a /20 of IPv6");
});
