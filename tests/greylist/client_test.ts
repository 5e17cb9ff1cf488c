import { assertEquals, assertStrictEquals } from "@std/assert";
import { Clients, makeClient, parentOf } from "../../lib/greylist/client.ts";
import { parseAddress } from "../../lib/net/network.ts";

Deno.test("a client that sends again is the same, by its address and name", () => {
  const clients = new Clients();
  const first = clients.find("192.0.2.10", "mail.example.org")!;
  assertStrictEquals(clients.find("192.0.2.10", "mail.example.org"), first);
  for (
    const [address, name] of [["192.0.2.10", "unknown"], ["192.0.2.11", "mail.example.org"], [
      "2001:DB8::1",
      "www.example.org.",
    ]] as const
  ) {
    assertEquals(clients.find(address, name), makeClient(parseAddress(address)!, name));
  }
  assertEquals(clients.find("unknown", "mail.example.org"), undefined);
});

Deno.test("a generic name belongs to no organisation and has the address as its only origin", () => {
  const { organisation, baseOrigins } = makeClient(
    parseAddress("192.0.2.10")!,
    "a.dsl.example.net",
  );
  assertEquals(organisation, undefined);
  assertEquals(baseOrigins, { ip: "ip:192.0.2.10", org: undefined, parent: undefined });
});

Deno.test("the parent of a host name lacks the labels that number hosts", () => {
  for (
    const [name, expected] of [
      ["7.mo5.mail-out.ovh.net", "mail-out.ovh.net"],
      ["relay5.pub.mailpod1-cph3.example.org", "pub.example.org"],
      ["mail.example.org", "example.org"],
      ["example.org", "example.org"],
      ["com", undefined],
    ] as const
  ) {
    assertEquals(parentOf(name), expected, name);
  }
});
