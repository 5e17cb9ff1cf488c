import { assertEquals } from "@std/assert";
import { checkHost, type SpfAnswer } from "../../lib/spf/check_host.ts";
import { resolverOf, type Zone } from "./zone.ts";

function evaluate(zone: Zone, sender = "alice@example.com"): Promise<SpfAnswer> {
  return checkHost({
    ip: "192.0.2.10",
    helo: "mail.example.com",
    sender,
    resolver: resolverOf(zone),
  });
}

Deno.test("the path has every include and redirect, and last the mechanism", async () => {
  const { path, mechanism } = await evaluate({
    "example.com": { txt: ["v=spf1 ip4:192.0.2.1 redirect=_spf.%{d}"] },
    "_spf.example.com": { txt: ["v=spf1 include:provider.example -all"] },
    "provider.example": { txt: ["v=spf1 ip4:192.0.2.0/24 -all"] },
  });
  assertEquals(path.map(({ domain, term }) => [domain, term.text]), [
    ["example.com", "redirect=_spf.%{d}"],
    ["_spf.example.com", "include:provider.example"],
    ["provider.example", "ip4:192.0.2.0/24"],
  ]);
  assertEquals(mechanism, "include:provider.example");
});

Deno.test("without a match there is no path, also after a redirect", async () => {
  const { result, path } = await evaluate({
    "example.com": { txt: ["v=spf1 redirect=_spf.example.com"] },
    "_spf.example.com": { txt: ["v=spf1 ip4:192.0.2.1"] },
  });
  assertEquals([result, path], ["neutral", []]);
});

Deno.test("a result holds for the sender only if the local part was expanded", async () => {
  const table: [record: string, sender: string, isForSenderOnly: boolean][] = [
    ["v=spf1 ip4:192.0.2.10 -all", "alice@example.com", false],
    ["v=spf1 ip4:192.0.2.10 exists:%{l}.x.example -all", "alice@example.com", false],
    ["v=spf1 exists:%{l}.x.example ip4:192.0.2.10 -all", "alice@example.com", true],
    ["v=spf1 exists:%{S}.x.example -all", "bob@example.com", true],
    ["v=spf1 exists:%{l}.x.example -all", "b\u00fcrger@example.com", true],
    ["v=spf1 exists:%{o}.x.example -all", "alice@example.com", false],
    ["v=spf1 exists:%{l}.x.example moo -all", "alice@example.com", false],
  ];
  for (const [record, sender, expected] of table) {
    const zone = { "example.com": { txt: [record] }, "alice.x.example": {} };
    assertEquals((await evaluate(zone, sender)).isForSenderOnly, expected, record);
  }
});
