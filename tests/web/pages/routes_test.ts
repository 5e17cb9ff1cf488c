import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withPage } from "../page.ts";

Deno.test("every empty table has a text", async () => {
  await withPage(async ({ get }) => {
    for (
      const [path, words] of [
        ["/", "No mail is waiting."],
        ["/", "No requests from Postfix yet"],
        ["/", "All deferred mail was retried"],
        ["/", "Postfix sent no request in the last 24 hours"],
        ["/", "No delayed mail was accepted"],
        ["/", "no baseline yet"],
        ["/waiting", "No mail is waiting."],
        ["/decisions", "No decisions."],
        ["/lost", "All deferred mail was retried"],
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
      if (seen.has(path) || seen.size > 300) continue;
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
