import { assertEquals } from "@std/assert";
import { parseOwnNetworks } from "../../lib/import/own_networks.ts";
import { formatNetwork } from "../../lib/net/network.ts";

Deno.test("the networks of mynetworks are read as postconf prints them", () => {
  const parsed = parseOwnNetworks("127.0.0.0/8 [::ffff:127.0.0.0]/104, [::1]/128\n192.0.2.7,");
  assertEquals("networks" in parsed && parsed.networks.map(formatNetwork), [
    "127.0.0.0/8",
    "127.0.0.0/8",
    "::1/128",
    "192.0.2.7/32",
  ]);
});

Deno.test("a table or a misspelt network is named", () => {
  for (const word of ["hash:/etc/postfix/network_table", "!192.0.2.1", "192.0.2.0/33", "x"]) {
    assertEquals(parseOwnNetworks(`127.0.0.0/8 ${word}`), { invalid: word });
  }
});
