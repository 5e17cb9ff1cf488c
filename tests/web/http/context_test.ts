import { assertEquals } from "@std/assert";
import { localPath } from "../../../lib/web/http/context.tsx";

Deno.test("a redirect never leads to another server", () => {
  const table: [string, string][] = [
    ["/", "/"],
    ["/lists?q=a%20b&after=7#x", "/lists?q=a%20b&after=7#x"],
    ["//attacker.example", "/"],
    ["/\\attacker.example", "/"],
    ["https://attacker.example", "/"],
    ["/a\r\nset-cookie: x", "/"],
    ["", "/"],
  ];
  for (const [path, expected] of table) assertEquals(localPath(path), expected);
});
