import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatAddress, formatNetwork, networkOf, parseAddress } from "../../lib/net/network.ts";
import {
  packedPart,
  packOrigins,
  SEPARATOR,
  unpackOrigins,
} from "../../lib/store/relation_origins.ts";

const CASES: readonly (readonly [sender: string, origins: readonly string[], packed: string])[] = [
  ["a@example.org", [], ""],
  ["a@example.org", ["ip:192.0.2.7", "net:192.0.2.0/24"], "192.0.2.7"],
  ["a@example.org", ["ip:192.0.2.7", "net:192.0.0.0/16"], "192.0.2.7/16"],
  ["a@example.org", ["ip:192.0.2.7"], "ip:192.0.2.7"],
  [
    "a@example.org",
    ["ip:192.0.2.7", "net:198.51.100.0/24"],
    "ip:192.0.2.7\nnet:198.51.100.0/24",
  ],
  [
    "a@example.org",
    ["ip:192.0.2.7", "org:example.org", "spf:b.org"],
    "ip:192.0.2.7\no2\nspf:b.org",
  ],
  ["a@example.org", ["org:example.org", "spf:example.org"], "os2"],
  ["a@example.org", ["spf:example.org", "org:example.org"], "s2\no2"],
  ["a@b.example.org", ["org:example.org", "spf:b.example.org"], "o2\ns3"],
  ["@example.org", ["net:192.0.2.0/24", "org:example.org"], "net:192.0.2.0/24\no2"],
  ["a@example.org", ["org:ample.org", "spf:ample.org"], "org:ample.org\nspf:ample.org"],
  ["", ["ip:2001:db8::7", "net:2001:db8::/64", "org:a.example"], "2001:db8::7\norg:a.example"],
  ["", ["ip:2001:db8::7", "net:2001:db8::/56"], "2001:db8::7/56"],
  ["~x", ["ip:~y", "net:~z"], "ip:~y\nnet:~z"],
];

for (const [sender, origins, packed] of CASES) {
  Deno.test(`origins of ${sender || "<>"}: ${packed.replaceAll("\n", ", ") || "none"}`, () => {
    assertEquals(packOrigins(origins, sender), packed);
    assertEquals(unpackOrigins(packed, sender), origins);
  });
}

Deno.test("packed origins are read as they were", () => {
  const domain = fc.domain();
  const name = fc.oneof(domain, fc.string());
  const network = (address: string, prefix: number) =>
    formatNetwork(networkOf(parseAddress(address)!, prefix));
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  const prefix = fc.constantFrom(16, 24, 32);
  const some = fc.oneof(
    address.map((text) => [`ip:${text}`]),
    fc.tuple(address, fc.nat(32)).map(([text, bits]) => [`net:${text}/${bits}`]),
    fc.tuple(fc.ipV4(), prefix).map(([text, bits]) => [`ip:${text}`, `net:${network(text, bits)}`]),
    fc.tuple(fc.ipV6(), fc.constantFrom(56, 64, 128)).map(([text, bits]) => {
      const written = formatAddress(parseAddress(text)!);
      return [`ip:${written}`, `net:${network(written, bits)}`];
    }),
    fc.tuple(fc.constantFrom("org:", "spf:", "via:"), name).map((parts) => [parts.join("")]),
    name.map((text) => [`org:${text}`, `spf:${text}`]),
  ).filter((origins) => !origins.join("").includes(SEPARATOR));
  const sender = fc.oneof(
    fc.tuple(fc.string(), domain).map((parts) => parts.join("@")),
    fc.string(),
  );
  fc.assert(
    fc.property(sender, fc.array(some), domain, (text, origins, own) => {
      for (const from of [text, `a@b.${own}`]) {
        const all = [...origins.flat(), `org:${own}`, `spf:b.${own}`, `org:${own}`, `spf:${own}`];
        assertEquals(unpackOrigins(packOrigins(all, from), from), all);
        assertEquals(unpackOrigins(packOrigins(origins.flat(), from), from), origins.flat());
      }
    }),
    { numRuns: 500 },
  );
});

const PARTS: readonly (readonly [text: string, part: string])[] = [
  ["org:example.org", "example.org"],
  ["example", "example"],
  ["ip:192.0.2.7", "192.0.2.7"],
  ["net:192.0.2.0/24", "192.0.2"],
  ["192.0.0.0/20", "192.0"],
  ["net:2001:db8:1:2::/64", "2001:db8:1:2"],
  ["net:2001:db8:1:200::/56", "2001:db8:1"],
  ["net:2001:0:0:2::/64", "2001"],
];

for (const [text, part] of PARTS) {
  Deno.test(`relations with the origin ${text} contain ${part}`, () => {
    assertEquals(packedPart(text), part);
  });
}
