import { assertEquals } from "@std/assert";
import { MIN_SENDER_DOMAINS, SharedClients } from "../../lib/evidence/shared_clients.ts";
import { parseAddress } from "../../lib/net/network.ts";

const NUMBERS = Array.from({ length: 3 * MIN_SENDER_DOMAINS }, (_, at) => at);

Deno.test("a private address with mail of many unrelated domains is reported once", () => {
  for (const text of ["172.17.0.1", "10.0.0.1", "192.168.1.1", "100.64.0.1", "fd00::1"]) {
    const address = parseAddress(text)!;
    const clients = new SharedClients();
    const reported = NUMBERS.filter((at) => clients.observe(address, `a@d${at}.example`));
    assertEquals(reported, [MIN_SENDER_DOMAINS - 1], text);
  }
});

Deno.test("public and loopback addresses, related senders and null senders are not reported", () => {
  const table: [string, (at: number) => string][] = [
    ["192.0.2.1", (at) => `a@d${at}.example`],
    ["2001:db8::1", (at) => `a@d${at}.example`],
    ["127.0.0.1", (at) => `a@d${at}.example`],
    ["172.17.0.1", (at) => `a${at}@mail${at}.example.org`],
    ["172.17.0.1", () => ""],
  ];
  for (const [text, sender] of table) {
    const address = parseAddress(text)!;
    const clients = new SharedClients();
    assertEquals(NUMBERS.filter((at) => clients.observe(address, sender(at))), [], text);
  }
});
