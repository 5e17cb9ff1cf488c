import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { RULES } from "../../greylist/world.ts";
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

Deno.test("the overview shows what greylisting stopped, and proposes a DNS list where none is set", async () => {
  const panelOf = async (get: (path: string) => Promise<Response>) =>
    /<section id="dns-lists".*?<\/section>/s.exec(await (await get("/")).text())?.[0];
  const outcome = "messages deferred in the last 30d, 98.4 %";
  const advice = "greylag lists enable zen";
  await withPage(async ({ get }) => {
    const panel = await panelOf(get);
    assertStringIncludes(panel!, advice);
    assert(!panel!.includes("never retried"));
  });
  await withPage(async ({ get }) => {
    const panel = await panelOf(get);
    assertStringIncludes(panel!, outcome);
    assertStringIncludes(panel!, advice);
    assert(!panel!.includes("at their retry"));
  }, { seeded: true });
  const withLists = { settings: { rules: { ...RULES, hasDnsLists: true } } };
  await withPage(async ({ get }) => {
    const panel = await panelOf(get);
    assertStringIncludes(panel!, outcome);
    assertStringIncludes(panel!, "a DNS list named the clients of 0 % at their retry");
    assert(!panel!.includes(advice));
  }, { seeded: true, ...withLists });
  await withPage(async ({ get }) => assertEquals(await panelOf(get), undefined), withLists);
});

Deno.test("metrics and API count the same deferrals", async () => {
  await withPage(async ({ get }) => {
    const metrics = await (await get("/metrics")).text();
    const { deferred } = await (await get("/api/v1/summary?since=30d")).json();
    assert(deferred.not_retried > 50);
    assertStringIncludes(
      metrics,
      `greylag_deferrals{state="not-retried"} ${deferred.not_retried}\n`,
    );
    assertStringIncludes(metrics, `greylag_deferrals_listed ${deferred.listed}\n`);
  }, { seeded: true });
});
