import { assertEquals } from "@std/assert";
import { readFixedRules } from "../../lib/admin/fixed_rules.ts";
import { BUILTIN } from "../../lib/lists/builtin.ts";
import { inDirectory } from "../daemon.ts";

Deno.test("rules of files come with path, line and hits; invalid lines and missing files are left out", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/clients`;
    await Deno.writeTextFile(path, "# comment\nmail.example.org\n/a(/\n192.0.2.0/24\n");
    const settings = {
      whitelistClients: [path, `${directory}/missing`],
      whitelistRecipients: [],
      builtinList: false,
    };
    const rules = readFixedRules(settings, [{ rule: `${path}:4`, hits: 7, lastHit: 1 }], []);
    assertEquals(rules, [
      { source: `${path}:2`, matchOn: "client", pattern: "mail.example.org", reason: "", hits: 0 },
      { source: `${path}:4`, matchOn: "client", pattern: "192.0.2.0/24", reason: "", hits: 7 },
    ]);
  });
});

Deno.test("a file that the daemon cannot use has the rules that it kept", () => {
  const path = "/nowhere/clients";
  const settings = { whitelistClients: [path], whitelistRecipients: [], builtinList: false };
  const kept = { path, matchOn: "client", rules: [[3, "example.org"]], problem: "gone" } as const;
  assertEquals(readFixedRules(settings, [], [kept]), [
    { source: `${path}:3`, matchOn: "client", pattern: "example.org", reason: "", hits: 0 },
  ]);
});

Deno.test("the built-in list is included while it is enabled", () => {
  const settings = { whitelistClients: [], whitelistRecipients: [] };
  assertEquals(readFixedRules({ ...settings, builtinList: true }, [], []).length, BUILTIN.length);
  assertEquals(readFixedRules({ ...settings, builtinList: false }, [], []), []);
});
