import { assertEquals } from "@std/assert";
import { canProve, originsOf } from "../../lib/greylist/origin.ts";
import { organisationOf } from "../../lib/net/hostname.ts";
import { parseAddress } from "../../lib/net/network.ts";

const sizes = { ipv4Prefix: 24, ipv6Prefix: 64 };

function names(address: string, name: string | undefined, rules = sizes): string[] {
  const ip = parseAddress(address)!;
  return originsOf(ip, organisationOf(name, ip), rules).map((origin) => origin.name);
}

Deno.test("a client is taken for its network and for the organisation that runs it", () => {
  assertEquals(names("192.0.2.10", undefined), ["net:192.0.2.0/24"]);
  assertEquals(names("192.0.2.10", "mx.mail.example.org"), ["net:192.0.2.0/24", "org:example.org"]);
  assertEquals(names("::ffff:192.0.2.10", undefined), ["net:192.0.2.0/24"]);
  assertEquals(names("2001:db8:1:2:3::4", "mx.example.org"), [
    "net:2001:db8:1:2::/64",
    "org:example.org",
  ]);
  assertEquals(names("192.0.2.10", "host-192-0-2-10.example.net"), ["net:192.0.2.0/24"]);
});

Deno.test("the size of a network can be set", () => {
  assertEquals(names("192.0.2.10", undefined, { ipv4Prefix: 32, ipv6Prefix: 128 }), [
    "net:192.0.2.10/32",
  ]);
  assertEquals(names("2001:db8::1", undefined, { ipv4Prefix: 24, ipv6Prefix: 48 }), [
    "net:2001:db8::/48",
  ]);
});

Deno.test("an organisation earns trust only with mail of its own domain", () => {
  const [network, organisation] = originsOf(
    parseAddress("192.0.2.10")!,
    "example.org",
    sizes,
  );
  assertEquals(canProve(network!, "other.example"), true);
  assertEquals(canProve(network!, ""), true);
  assertEquals(canProve(organisation!, "example.org"), true);
  assertEquals(canProve(organisation!, "news.example.org"), true);
  assertEquals(canProve(organisation!, "other.example"), false);
  assertEquals(canProve(organisation!, ""), false);
});
