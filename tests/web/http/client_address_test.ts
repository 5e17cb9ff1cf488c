import { assertEquals } from "@std/assert";
import { parseNetwork } from "../../../lib/net/network.ts";
import { clientAddress, limitKey } from "../../../lib/web/http/client_address.ts";

Deno.test("a limit counts IPv4 addresses, IPv6 /64 and other names", () => {
  for (
    const [address, key] of [
      ["192.0.2.1", "192.0.2.1"],
      ["::ffff:192.0.2.1", "192.0.2.1"],
      ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
      ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
      ["2001:db8:1:3::1", "2001:db8:1:3::/64"],
      ["a Unix socket", "a Unix socket"],
    ] as const
  ) {
    assertEquals(limitKey(address), key);
  }
});

Deno.test("X-Forwarded-For counts from trusted proxies only, from its end", () => {
  const trusted = ["127.0.0.1", "::1", "10.0.0.0/8"].map((text) => parseNetwork(text)!);
  for (
    const [peer, header, client] of [
      ["127.0.0.1", undefined, "127.0.0.1"],
      ["127.0.0.1", "192.0.2.1", "192.0.2.1"],
      ["::1", " 192.0.2.1 ", "192.0.2.1"],
      // A client's own claim.
      ["127.0.0.1", "198.51.100.7, 192.0.2.1", "192.0.2.1"],
      // Two proxies.
      ["127.0.0.1", "198.51.100.7, 192.0.2.1, 10.1.2.3", "192.0.2.1"],
      ["127.0.0.1", "10.9.9.9, 10.1.2.3", "10.9.9.9"],
      ["192.0.2.9", "198.51.100.7", "192.0.2.9"],
      ["a Unix socket", "192.0.2.1", "192.0.2.1"],
      ["127.0.0.1", "unknown", "127.0.0.1"],
      ["127.0.0.1", "192.0.2.1, junk", "127.0.0.1"],
      ["127.0.0.1", ",,", "127.0.0.1"],
    ] as const
  ) {
    assertEquals(clientAddress(peer, header, trusted), client, `${peer} ${header}`);
  }
});
