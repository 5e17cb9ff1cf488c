import { assertEquals } from "@std/assert";
import { type ClientSignal, clientSignals, parseWeight } from "../../lib/evidence/signals.ts";
import { makeClient } from "../../lib/greylist/client.ts";
import { parseAddress } from "../../lib/net/network.ts";

const OURS = new Set(["mx.example.net", "203.0.113.1"]);

const TABLE: readonly (readonly [
  address: string,
  name: string | undefined,
  helo: string,
  ...ClientSignal[],
])[] = [
  ["192.0.2.10", "mail.example.org", "mail.example.org", "mail-name"],
  ["192.0.2.10", "mail.example.org", "MAIL.example.org.", "mail-name"],
  ["192.0.2.10", "mail.example.org", "out7.example.org", "mail-name"],
  ["2001:db8::1", "mail.example.org", "mail.example.org", "mail-name"],
  ["192.0.2.10", "www.example.org", "www.example.org"],
  ["192.0.2.10", undefined, "mail.example.org", "no-name"],
  ["192.0.2.10", "192-0-2-10.dsl.example.com", "192-0-2-10.dsl.example.com", "generic-name"],
  ["192.0.2.10", "mail.example.org", "[192.0.2.10]", "mail-name", "helo-address"],
  ["192.0.2.10", "mail.example.org", "192.0.2.10", "mail-name", "helo-address"],
  ["192.0.2.10", "mail.example.org", "[IPv6:2001:db8::1]", "mail-name", "helo-address"],
  ["192.0.2.10", "mail.example.org", "localhost", "mail-name", "helo-not-qualified"],
  ["192.0.2.10", "mail.example.org", "", "mail-name", "helo-not-qualified"],
  ["192.0.2.10", "mail.example.org", "a b.example.org", "mail-name", "helo-not-qualified"],
  ["192.0.2.10", "mail.example.org", "mx.example.net", "mail-name", "helo-ours"],
  ["192.0.2.10", "mail.example.org", "[203.0.113.1]", "mail-name", "helo-ours"],
  ["192.0.2.10", "mail.example.org", "mail.example.com", "mail-name", "helo-unrelated"],
  ["192.0.2.10", undefined, "friend", "no-name", "helo-not-qualified"],
];

Deno.test("a client has the signals of its name and HELO", () => {
  for (const [address, name, heloName, ...expected] of TABLE) {
    const facts = { ...makeClient(parseAddress(address)!, name ?? "unknown"), heloName };
    assertEquals(clientSignals(facts, OURS), expected, `${address} ${name} ${heloName}`);
  }
});

Deno.test("a weight is a signal and a number", () => {
  assertEquals(parseWeight("helo-unrelated=0"), ["helo-unrelated", 0]);
  assertEquals(parseWeight("spf-fail=-12"), ["spf-fail", -12]);
  for (const text of ["", "spf-fail", "spf-fail=", "spf-fail=1.5", "spf-fail=1000", "other=1"]) {
    assertEquals(parseWeight(text), undefined, text);
  }
});
