import { assertEquals, assertStringIncludes } from "@std/assert";
import { tripletKey } from "../../lib/greylist/model.ts";
import { openStore } from "../../lib/store/open.ts";
import { withDatabase } from "./database.ts";

Deno.test("explain shows each step and stores nothing", async () => {
  await withDatabase(async (greylag, path) => {
    const now = Date.now();
    const store = openStore({ database: path, privacy: false });
    store.greylist.exchange([], () => [{
      kind: "triplet",
      key: tripletKey("org:example.org", "alice@example.org", "bob@example.net"),
      record: { firstSeen: now - 3_600_000, lastSeen: now, tries: 1, counted: false },
    }]);
    store.close();
    const before = await Deno.readFile(path);
    const request = [
      "--client=192.0.2.10",
      "--name=mail.example.org",
      "--sender=Alice@example.org",
      "--recipient=bob+x@example.net",
    ];
    const lower = request.with(2, "--sender=alice@example.org");
    const { code, out } = await greylag("explain", ...lower);
    assertEquals(code, 0);
    assertStringIncludes(out, "net:192.0.2.0/24  never tried");
    assertStringIncludes(out, "pending, first tried 1h ago, deferred 1 time;");
    assertStringIncludes(out, "compared as bob@example.net");
    assertStringIncludes(out, "pass, retried.");
    assertEquals(await Deno.readFile(path), before);

    await greylag("block", "example.org", "--client");
    const blocked = JSON.parse((await greylag("explain", ...request, "--json")).out);
    assertEquals([blocked.verdict.decision, blocked.verdict.reason], ["reject", "blocked"]);
    assertStringIncludes(JSON.stringify(blocked.steps), "block, general: entry 1");
    const hits = JSON.parse((await greylag("list", "--json")).out)[0].hits;
    assertEquals(hits, 0);
  });
});
