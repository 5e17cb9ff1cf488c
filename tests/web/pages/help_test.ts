import { assert, assertStringIncludes } from "@std/assert";
import { withPage } from "../page.ts";

Deno.test("the help page has the administrator's text, escaped, and no links to other pages", async () => {
  await withPage(async ({ get }) => {
    const text = await (await get("/help")).text();
    assertStringIncludes(text, "My mail was delayed");
    assertStringIncludes(text, "Sorry &lt;b&gt;for&lt;/b&gt; that.");
    assertStringIncludes(text, 'href="mailto:admin@example.net"');
    assert(!text.includes("/waiting") && !text.includes("Sign in"));
  }, { settings: { helpText: "Sorry <b>for</b> that.", helpContact: "admin@example.net" } });
  for (const helpContact of ["javascript:alert(1)", '"><script>', 'https://x.example/"onclick=1']) {
    await withPage(async ({ get }) => {
      const text = await (await get("/help")).text();
      assert(!/href="javascript|<script|href="https:\/\/x/.test(text), text);
    }, { settings: { helpContact } });
  }
});
