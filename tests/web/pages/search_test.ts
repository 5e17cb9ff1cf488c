import { assert, assertStringIncludes } from "@std/assert";
import { withPage } from "../page.ts";

const PANELS = ["waiting", "decisions", "known", "auto-whitelisted", "entries"];

Deno.test("a search shows the matches of all tables, and escapes the text", async () => {
  await withPage(async ({ get }) => {
    const text = await (await get("/search?q=railway")).text();
    for (const panel of PANELS) assertStringIncludes(text, `id="${panel}"`);
    assertStringIncludes(text, "out3.");
    assertStringIncludes(text, "No matches.");
    const hostile = await (await get(`/search?q=${encodeURIComponent('"><i>')}`)).text();
    assert(!hostile.includes("<i>"));
  }, { seeded: true });
});

Deno.test("without a text there is only the form", async () => {
  await withPage(async ({ get }) => {
    const text = await (await get("/search?q=%20")).text();
    assertStringIncludes(text, 'role="search"');
    assert(!text.includes('id="decisions"'));
  }, { seeded: true });
});
