import { assertEquals } from "@std/assert";
import fc from "fast-check";
import mailauth from "mailauth/lib/spf/index.js";
import { checkHost } from "../../lib/spf/check_host.ts";
import { type Names, resolverOf, type Zone } from "./zone.ts";

const spf = (mailauth as unknown as {
  spf(options: Record<string, unknown>): Promise<{ status: { result: string } }>;
}).spf;

/** The zone as mailauth asks for it: node's resolver. */
function nodeResolver(zone: Zone): (name: string, type: string) => Promise<unknown> {
  return (name, type) => {
    const found = zone[name.toLowerCase()]?.[type.toLowerCase() as keyof Names];
    if (found === "timeout" || found === "silent") {
      return Promise.reject(Object.assign(new Error("timeout"), { code: "ETIMEOUT" }));
    }
    if (found === undefined || found.length === 0) {
      return Promise.reject(Object.assign(new Error("no data"), { code: "ENODATA" }));
    }
    if (type === "TXT") return Promise.resolve(found.map((text) => [text].flat()));
    if (type === "MX") {
      return Promise.resolve(found.map((exchange, priority) => ({ exchange, priority })));
    }
    return Promise.resolve([...found]);
  };
}

const DOMAINS = ["example.com", "a.example.com", "b.example.com", "example.org", "none.example"];
const IPS = ["192.0.2.10", "192.0.2.77", "198.51.100.1", "2001:db8::1", "2001:db8:1::2"];

const domain = fc.constantFrom(...DOMAINS);
const spec = fc.oneof(
  { weight: 6, arbitrary: domain },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "%{d}",
      "%{o}",
      "%{h}",
      "%{l}.example.com",
      "%{d2}",
      "%{ir}.%{v}.arpa",
      "%{p}",
      "%{s}",
      "%{dr}.x.example",
      "%%.example.com",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "museum",
      "a..example.com",
      "%{x}.example.com",
      "%",
      "a.123",
      "",
      "example.com.",
      `${"x".repeat(64)}.example.com`,
      "example.com/",
    ),
  },
);
const prefix = fc.constantFrom("", "", "", "/24", "/0", "//64", "/24//64", "/33", "//129", "/08");
const ip4 = fc.constantFrom("192.0.2.10", "192.0.2.0/24", "0.0.0.0/0", "192.0.2", "1.2.3.4/33");
const ip6 = fc.constantFrom("2001:db8::1", "2001:db8::/32", "::/0", "::1/129", "2001:db8::x");
const mechanism = fc.tuple(
  fc.constantFrom("", "", "+", "-", "~", "?"),
  fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom("all", "ALL") },
    {
      weight: 3,
      arbitrary: fc.tuple(fc.constantFrom("a", "mx"), prefix).map((all) => all.join("")),
    },
    {
      weight: 5,
      arbitrary: fc.tuple(fc.constantFrom("a:", "mx:"), spec, prefix).map((all) => all.join("")),
    },
    { weight: 5, arbitrary: spec.map((text) => `include:${text}`) },
    { weight: 2, arbitrary: spec.map((text) => `exists:${text}`) },
    { weight: 2, arbitrary: spec.map((text) => `ptr:${text}`) },
    { weight: 1, arbitrary: fc.constant("ptr") },
    { weight: 2, arbitrary: ip4.map((text) => `ip4:${text}`) },
    { weight: 2, arbitrary: ip6.map((text) => `ip6:${text}`) },
    { weight: 1, arbitrary: fc.constantFrom("include", "moo", "a:", "all:x", "=x", "ip4") },
  ),
).map((all) => all.join(""));
const modifier = fc.oneof(
  { weight: 3, arbitrary: spec.map((text) => `redirect=${text}`) },
  { weight: 1, arbitrary: spec.map((text) => `exp=${text}`) },
  { weight: 1, arbitrary: fc.constantFrom("x=%{d}", "x=", "x=%", "1x=y") },
);
const record = fc.tuple(
  fc.array(fc.oneof({ weight: 5, arbitrary: mechanism }, { weight: 1, arbitrary: modifier }), {
    maxLength: 5,
  }),
  fc.constantFrom("", " -all", " ~all", " ?all", "  "),
).map(([terms, end]) => `v=spf1 ${terms.join(" ")}${end}`);

const or = <T>(common: fc.Arbitrary<T>): fc.Arbitrary<T | "timeout"> =>
  fc.oneof({ weight: 15, arbitrary: common }, {
    weight: 1,
    arbitrary: fc.constant("timeout" as const),
  });
const address = fc.constantFrom(...IPS.slice(0, 3));
const address6 = fc.constantFrom(...IPS.slice(3));
const names = fc.record({
  txt: or(fc.oneof(
    { weight: 12, arbitrary: record.map((text) => [text]) },
    { weight: 1, arbitrary: fc.tuple(record, record) },
    { weight: 1, arbitrary: record.map((text) => ["other text", text]) },
    { weight: 1, arbitrary: fc.constant([]) },
  )),
  a: or(fc.array(address, { maxLength: 2 })),
  aaaa: or(fc.array(address6, { maxLength: 2 })),
  mx: or(fc.array(fc.oneof(domain, fc.constant(".")), { maxLength: 3 })),
}) as fc.Arbitrary<Names>;

const REVERSE = [
  "10.2.0.192.in-addr.arpa",
  "77.2.0.192.in-addr.arpa",
  "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
];

const zone = fc.tuple(
  fc.tuple(...DOMAINS.slice(0, 4).map(() => names)),
  fc.tuple(...REVERSE.map(() => or(fc.array(domain, { maxLength: 2 })))),
).map(([all, pointers]): Zone =>
  Object.fromEntries([
    ...all.map((one, at) => [DOMAINS[at]!, one]),
    ...pointers.map((ptr, at) => [REVERSE[at]!, { ptr }]),
  ])
);

Deno.test("random records, hosts and zones have the result of mailauth", async () => {
  await fc.assert(
    fc.asyncProperty(
      zone,
      fc.constantFrom(...IPS),
      fc.constantFrom("a@example.com", "b@a.example.com", "x.y@example.org", ""),
      fc.constantFrom("example.com", "b.example.com", "localhost"),
      async (given, ip, sender, helo) => {
        const [ours, theirs] = await Promise.all([
          checkHost({ ip, sender, helo, resolver: resolverOf(given) }),
          spf({ ip, sender, helo, mta: "unknown", resolver: nodeResolver(given), strict: true }),
        ]);
        assertEquals(ours.result, theirs.status.result, ours.error);
      },
    ),
    { numRuns: 5000 },
  );
});
