import { assertEquals } from "@std/assert";
import { isKnownHost, isOwnOrigin } from "../../../lib/web/http/guard.ts";

Deno.test("a server goes by its configured names and by loopback addresses, with any port", () => {
  const table: [string | null, boolean][] = [
    ["localhost", true],
    ["LocalHost:10024", true],
    ["127.0.0.1:10024", true],
    ["127.1.2.3", true],
    ["[::1]:10024", true],
    ["status.example.net", true],
    ["status.example.net.:443", true],
    ["attacker.example", false],
    ["attacker.example:10024", false],
    ["localhost.attacker.example", false],
    ["127.0.0.1.attacker.example", false],
    ["192.0.2.1", false],
    ["[2001:db8::1]", false],
    ["", false],
    [null, false],
    ["localhost@attacker.example", false],
  ];
  for (const [header, expected] of table) {
    const names = { names: ["status.example.net"], isOpen: false };
    assertEquals(isKnownHost(header, names), expected, `${header}`);
  }
});

Deno.test("where others reach it, it goes by any address, and still by no other name", () => {
  const names = { names: [], isOpen: true };
  assertEquals(isKnownHost("192.0.2.1:10024", names), true);
  assertEquals(isKnownHost("[2001:db8::1]:10024", names), true);
  assertEquals(isKnownHost("attacker.example:10024", names), false);
});

Deno.test("a change comes from the same origin, by all that the browser tells", () => {
  const host = "localhost:10024";
  const table: [string | null, string | null, boolean][] = [
    ["http://localhost:10024", "same-origin", true],
    ["http://localhost:10024", null, true],
    ["HTTP://localhost:10024", null, false],
    ["https://status.example.net", null, true],
    [null, "same-origin", true],
    ["null", "same-origin", true],
    // Another server on this machine is the same site, and another origin.
    ["http://localhost:8080", "same-site", false],
    ["http://localhost:8080", null, false],
    ["http://localhost:10024", "cross-site", false],
    ["http://attacker.example", null, false],
    ["http://attacker.example/http://localhost:10024", null, false],
    ["null", null, false],
    [null, null, false],
    [null, "none", false],
    ["", null, false],
  ];
  for (const [origin, fetchSite, expected] of table) {
    const names = { names: ["status.example.net"], isOpen: false };
    assertEquals(
      isOwnOrigin({ host, origin, fetchSite }, names),
      expected,
      `${origin} ${fetchSite}`,
    );
  }
});
