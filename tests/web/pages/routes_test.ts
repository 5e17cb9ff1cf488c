import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withPage } from "../page.ts";

Deno.test("every empty table has a text", async () => {
  await withPage(async ({ get }) => {
    for (
      const [path, words] of [
        ["/", "No mail is waiting."],
        ["/", "No requests from Postfix yet"],
        ["/", "No deferred mail looks lost."],
        ["/", "Postfix sent no request in the last 7 days"],
        ["/", "No delayed mail was accepted"],
        ["/", "no comparison yet"],
        ["/waiting", "No mail is waiting."],
        ["/decisions", "No decisions."],
        ["/decisions?verdict=defer", "No matches."],
        ["/deferred", "No mail was deferred."],
        ["/top", "No mail was deferred."],
        ["/senders?of=example.org", "No entry names it."],
        ["/lost", "No deferred mail looks lost."],
        ["/auto-whitelisted", "No auto-whitelisted origins yet"],
        ["/known", "No known senders yet"],
        ["/lists", "No entries."],
        ["/search?q=x", "No matches"],
      ] as const
    ) {
      assertStringIncludes(await (await get(path)).text(), words);
    }
  });
});

Deno.test("every link leads to an existing page", async () => {
  await withPage(async ({ get }) => {
    const seen = new Set<string>();
    const toSee = ["/"];
    while (toSee.length > 0) {
      const path = toSee.pop()!;
      if (seen.has(path) || seen.size > 400) continue;
      seen.add(path);
      const answer = await get(path);
      assertEquals(answer.status, 200, path);
      if (!answer.headers.get("content-type")!.startsWith("text/html")) continue;
      for (const [, link] of (await answer.text()).matchAll(/href="(\/[^"#]*)/g)) {
        toSee.push(link!.replaceAll("&amp;", "&").replaceAll("&quot;", '"'));
      }
    }
    assert(seen.size > 60, `${seen.size}`);
  }, { seeded: true });
});
