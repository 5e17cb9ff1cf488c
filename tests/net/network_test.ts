import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import {
  contains,
  formatAddress,
  formatNetwork,
  isLoopback,
  networkOf,
  parseAddress,
  parseNetwork,
} from "../../lib/net/network.ts";

Deno.test("addresses are parsed as Postfix writes them", () => {
  const table: [string, string | undefined][] = [
    ["192.0.2.1", "192.0.2.1"],
    ["2001:DB8::1", "2001:db8::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:201", "192.0.2.1"],
    ["::1", "::1"],
    ["::192.0.2.1", "::c000:201"],
    ["::0.0.0.0", "::"],
    ["unknown", undefined],
    ["", undefined],
    ["192.0.2", undefined],
    ["192.0.2.256", undefined],
    ["0300.0.2.1", undefined],
    ["0x7f.1", undefined],
    ["1", undefined],
    ["[::1]", undefined],
    ["2001:db8::1::2", undefined],
    ["192.0.2.1/24", undefined],
  ];
  for (const [text, expected] of table) {
    const address = parseAddress(text);
    assertEquals(address && formatAddress(address), expected, text);
  }
});

Deno.test("addresses are parsed and formatted as ipaddr.js does", () => {
  const word = fc.oneof(
    fc.nat(0xffff).map((group) => group.toString(16)),
    fc.constantFrom("", "0", "0000", "FFFF", "01", "00000", "g", "256", "%1", "ffff"),
  );
  const ipv4 = fc.array(fc.nat(260), { minLength: 3, maxLength: 5 }).map((all) => all.join("."));
  const ipv6 = fc.tuple(fc.array(word, { maxLength: 9 }), fc.option(ipv4))
    .map(([words, end]) => [...words, ...end === null ? [] : [end]].join(":"));
  const exact = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
    .map((groups) => new ipaddr.IPv6(groups).toString());
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6, exact), (text) => {
      const address = parseAddress(text);
      assertEquals(address && formatAddress(address), reference(text), text);
    }),
    { numRuns: 5000 },
  );
});

/** ipaddr.js reads ::192.0.2.1 as ::ffff:192.0.2.1, but 0::192.0.2.1 as RFC 4291 (2.2) does. */
function reference(given: string): string | undefined {
  const text = given.replace(/^::(?=\d+\.)/, "0::");
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return text;
  if (!text.includes(":") || !ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress()
    ? address.toIPv4Address().toString()
    : new ipaddr.IPv6(address.toByteArray()).toRFC5952String();
}

Deno.test("networks are parsed in CIDR notation, with host bits cleared", () => {
  const table: [string, string | undefined][] = [
    ["192.0.2.77/24", "192.0.2.0/24"],
    ["192.0.2.77", "192.0.2.77/32"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["192.0.2.255/31", "192.0.2.254/31"],
    ["2001:db8:1:2:3::/64", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8::1/128"],
    ["::ffff:192.0.2.77/120", "192.0.2.0/24"],
    ["192.0.2.0/33", undefined],
    ["2001:db8::/129", undefined],
    ["::ffff:192.0.2.0/24", undefined],
    ["192.0.2.0/", undefined],
    ["192.0.2.0/24/8", undefined],
    ["192.0.2.0/-1", undefined],
    ["example.org", undefined],
  ];
  for (const [text, expected] of table) {
    const network = parseNetwork(text);
    assertEquals(network && formatNetwork(network), expected, text);
  }
});

Deno.test("an address is in its network of every prefix length", () => {
  const bytes = fc.oneof(
    fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }),
    fc.array(fc.nat(255), { minLength: 16, maxLength: 16 }),
  );
  fc.assert(fc.property(bytes, fc.nat(128), (numbers, prefix) => {
    const address = { family: numbers.length === 4 ? 4 as const : 6 as const, bytes: numbers };
    const network = networkOf(address, prefix);
    assert(contains(network, address));
    assertEquals(parseNetwork(formatNetwork(network)), network);
    if (network.prefix > 0) {
      const flipped = [...numbers];
      flipped[0]! ^= 0x80;
      assertFalse(contains(network, { family: address.family, bytes: flipped }));
    }
  }));
});

Deno.test("a network contains no address of the other family", () => {
  assertFalse(contains(parseNetwork("0.0.0.0/0")!, parseAddress("2001:db8::1")!));
  assertFalse(contains(parseNetwork("::/0")!, parseAddress("192.0.2.1")!));
});

Deno.test("loopback is 127.0.0.0/8 and ::1", () => {
  for (const text of ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"]) {
    assert(isLoopback(parseAddress(text)!), text);
  }
  for (const text of ["128.0.0.1", "::2", "fe80::1"]) {
    assertFalse(isLoopback(parseAddress(text)!), text);
  }
});
