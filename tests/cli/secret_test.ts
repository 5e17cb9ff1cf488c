import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { ensureSecrets, readSecrets } from "../../lib/notify/secret_file.ts";
import { withDatabase } from "./database.ts";

Deno.test("secrets are rotated one by one, and only the webhook's is shown", () =>
  withDatabase(async (run, database) => {
    assertStringIncludes((await run("secret", "rotate")).err, "no such file");
    const before = ensureSecrets(database);
    assertEquals((await run("secret", "rotate")).out, "Links that were sent before are void.\n");
    const after = readSecrets(database);
    assertNotEquals(after.links, before.links);
    assertEquals(after.webhook, before.webhook);
    assertEquals((await run("secret", "rotate", "webhook")).code, 0);
    const { out } = await run("secret", "show", "webhook");
    assertMatch(out, /^[0-9a-f]{64}\n$/);
    assertNotEquals(readSecrets(database).webhook, before.webhook);
    for (const bad of [[], ["show"], ["show", "links"], ["rotate", "x"], ["rotat"]]) {
      assertEquals((await run("secret", ...bad)).code, 2, bad.join(" "));
    }
  }));
