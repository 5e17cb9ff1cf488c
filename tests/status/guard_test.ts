import { assertEquals } from "@std/assert";
import { isKnownHost } from "../../lib/status/guard.ts";

Deno.test("only its own names are a way to the server, whatever a name resolves to", () => {
  const names = ["status.example.net"];
  const table: [string | null, boolean][] = [
    ["localhost", true],
    ["LOCALHOST:10024", true],
    ["127.0.0.1:10024", true],
    ["127.9.9.9", true],
    ["[::1]:10024", true],
    ["status.example.net", true],
    ["Status.Example.net.:443", true],
    ["attacker.example", false],
    ["localhost.attacker.example", false],
    ["status.example.net.attacker.example", false],
    ["192.0.2.1", false],
    ["[2001:db8::1]", false],
    ["127.0.0.1.attacker.example", false],
    ["", false],
    [null, false],
  ];
  for (const [header, expected] of table) {
    assertEquals(isKnownHost(header, names), expected, String(header));
  }
});
