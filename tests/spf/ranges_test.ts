import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Network, networkOf, parseNetwork } from "../../lib/net/network.ts";
import { addressesOf, countOf, NO_ADDRESSES, union } from "../../lib/spf/ranges.ts";

const setOf = (...texts: string[]) => addressesOf(texts.map((text) => parseNetwork(text)!));

Deno.test("each address counts once, whatever networks it is in", () => {
  const table: [string[], ipv4: bigint, ipv6: bigint][] = [
    [[], 0n, 0n],
    [["192.0.2.1"], 1n, 0n],
    [["192.0.2.0/24", "192.0.2.128/25", "192.0.2.7"], 256n, 0n],
    [["192.0.3.0/24", "192.0.2.0/24"], 512n, 0n],
    [["0.0.0.0/0"], 1n << 32n, 0n],
    [["2001:db8::/32", "2001:db8:1::/48"], 0n, 1n << 96n],
    [["192.0.2.0/31", "2001:db8::/127"], 2n, 2n],
  ];
  for (const [networks, ipv4, ipv6] of table) {
    const set = setOf(...networks);
    assertEquals([countOf(set.ipv4), countOf(set.ipv6)], [ipv4, ipv6], networks.join());
  }
});

Deno.test("networks that touch are one range", () => {
  assertEquals(setOf("192.0.2.0/25", "192.0.2.128/25").ipv4.length, 1);
  assertEquals(setOf("192.0.2.0/25", "192.0.3.0/25").ipv4.length, 2);
});

Deno.test("the order of networks and unions does not matter", () => {
  const network = fc.tuple(
    fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }),
    fc.integer({ min: 0, max: 32 }),
  ).map(([bytes, prefix]): Network => networkOf({ family: 4, bytes }, prefix));
  fc.assert(fc.property(fc.array(network), fc.array(network), (some, others) => {
    const whole = addressesOf([...some, ...others]);
    assertEquals(union(addressesOf(some), addressesOf(others)), whole);
    assertEquals(union(addressesOf(others), addressesOf(some)), whole);
    assertEquals(union(whole, NO_ADDRESSES), whole);
  }));
});
