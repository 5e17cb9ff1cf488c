import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
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
