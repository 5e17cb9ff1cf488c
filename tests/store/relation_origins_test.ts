import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  packedPart,
  packOrigins,
  SEPARATOR,
  unpackOrigins,
} from "../../lib/store/relation_origins.ts";

const CASES: readonly (readonly [sender: string, origins: readonly string[], packed: string])[] = [
  ["a@example.org", ["ip:192.0.2.7", "net:192.0.2.0/24"], "192.0.2.7/24"],
  ["a@example.org", ["ip:192.0.2.7", "net:192.0.0.0/16"], "192.0.2.7/16"],
  ["a@example.org", ["ip:192.0.2.7", "net:198.51.100.0/24"], "192.0.2.7\nnet:198.51.100.0/24"],
  ["a@example.org", ["ip:192.0.2.7", "org:example.org", "spf:example.org"], "192.0.2.7\no2\ns2"],
  ["a@b.example.org", ["org:example.org", "spf:b.example.org"], "o2\ns3"],
  ["@example.org", ["net:192.0.2.0/24", "org:example.org"], "net:192.0.2.0/24\no2"],
  ["a@example.org", ["org:ample.org", "spf:example.net"], "org:ample.org\nspf:example.net"],
  ["", ["ip:2001:db8::7", "net:2001:db8::/64", "org:a.example"], "2001:db8::7/64\norg:a.example"],
  ["~x", ["ip:~y", "net:~z"], "ip:~y\nnet:~z"],
];

for (const [sender, origins, packed] of CASES) {
  Deno.test(`origins of ${sender || "<>"}: ${packed.replaceAll("\n", ", ")}`, () => {
    assertEquals(packOrigins(origins, sender), packed);
    assertEquals(unpackOrigins(packed, sender), origins);
  });
}

Deno.test("packed origins are read as they were", () => {
  const domain = fc.domain();
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  const origin = fc.oneof(
    address.map((text) => `ip:${text}`),
    fc.tuple(address, fc.nat(32)).map(([text, prefix]) => `net:${text}/${prefix}`),
    fc.tuple(fc.constantFrom("org:", "spf:", "via:"), fc.oneof(domain, fc.string())).map((parts) =>
      parts.join("")
    ),
  ).filter((text) => !text.includes(SEPARATOR));
  const sender = fc.oneof(
    fc.tuple(fc.string(), domain).map((parts) => parts.join("@")),
    fc.string(),
  );
  fc.assert(
    fc.property(sender, fc.array(origin, { minLength: 1 }), domain, (text, origins, name) => {
      for (const from of [text, `a@b.${name}`]) {
        const all = [...origins, `org:${name}`, `spf:b.${name}`];
        assertEquals(unpackOrigins(packOrigins(all, from), from), all);
      }
    }),
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
