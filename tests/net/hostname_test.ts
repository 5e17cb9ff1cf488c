import { assertEquals, assertNotEquals } from "@std/assert";
import { classifyName } from "../../lib/net/generic_name.ts";
import { registrableDomain, verifiedName } from "../../lib/net/hostname.ts";
import { parseAddress } from "../../lib/net/network.ts";

Deno.test("a name is verified unless Postfix calls it unknown", () => {
  assertEquals(verifiedName("Mail.Example.ORG."), "mail.example.org");
  assertEquals(verifiedName("unknown"), undefined);
  assertEquals(verifiedName(""), undefined);
});

Deno.test("the registrable domain follows the Public Suffix List, private section included", () => {
  assertEquals(registrableDomain("mx1.mail.example.co.uk"), "example.co.uk");
  assertEquals(registrableDomain("someone.github.io"), "someone.github.io");
  assertEquals(registrableDomain("a.b.example.org"), "example.org");
  assertEquals(registrableDomain("co.uk"), undefined);
  assertEquals(registrableDomain("localhost"), undefined);
  assertEquals(registrableDomain(""), undefined);
});

const GENERIC: [string, string][] = [
  ["host-198-51-100-7.example.net", "198.51.100.7"],
  ["198-51-100-7.dyn.example.net", "198.51.100.7"],
  ["7.100.51.198.example.net", "198.51.100.7"],
  ["ip7.100-51-198.example.net", "198.51.100.7"],
  ["198.51.100.7.static.example.net", "198.51.100.7"],
  ["c6336407.example.net", "198.51.100.7"],
  ["076433c6.example.net", "198.51.100.7"],
  ["c6-33-64-07.example.net", "198.51.100.7"],
  ["198051100007.example.net", "198.51.100.7"],
  ["007100051198.example.net", "198.51.100.7"],
  ["h198-051-100-007.example.net", "198.51.100.7"],
  ["x198x51x100x7.example.net", "198.51.100.7"],
  ["ip-51-100-7.example.net", "198.51.100.7"],
  ["adsl-17.example.net", "198.51.100.7"],
  ["pool3.example.net", "198.51.100.7"],
  ["dhcp.customer.example.net", "198.51.100.7"],
  ["a1.ftth.example.net", "198.51.100.7"],
  ["2001-db8-0-1--25.example.net", "2001:db8:0:1::25"],
  ["2001-0db8-0000-0001-0000-0000-0000-0025.example.net", "2001:db8:0:1::25"],
  ["20010db8000000010000000000000025.example.net", "2001:db8:0:1::25"],
  [
    "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.example.net",
    "2001:db8:0:1::25",
  ],
];

const OWN: [string, string][] = [
  ["mail.example.org", "198.51.100.7"],
  ["mail-ej1-f53.google.com", "209.85.218.53"],
  ["a8-51.smtp-out.amazonses.com", "54.240.8.51"],
  ["mail7.example.org", "198.51.100.7"],
  ["mx100.example.org", "198.51.100.7"],
  ["mail.dsl.net", "198.51.100.7"],
  ["mail.example.org", "2001:db8:0:1::25"],
  ["mx-0-0.example.org", "2001:db8::"],
  ["mail51100.example.org", "198.51.100.7"],
];

Deno.test("a name that shows its address or its kind of line is generic", () => {
  for (const [name, address] of GENERIC) {
    assertNotEquals(classifyName(name, parseAddress(address)!).class, "named", name);
  }
});

Deno.test("a mail server's own name is not generic, though it has numbers", () => {
  for (const [name, address] of OWN) {
    assertEquals(classifyName(name, parseAddress(address)!).class, "named", name);
  }
});
