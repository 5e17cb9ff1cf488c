import { assert, assertEquals } from "@std/assert";
import { withPage } from "../page.ts";

Deno.test("lists are paged by key to their end, and an invalid key is rejected", async () => {
  await withPage(async ({ get }) => {
    let path: string | undefined = "/decisions";
    const keys = new Set<string>();
    let pages = 0;
    while (path !== undefined) {
      const text: string = await (await get(path)).text();
      for (const [, key] of text.matchAll(/data-key="(\d+)"/g)) {
        assert(!keys.has(key!), `${key} stands twice`);
        keys.add(key!);
      }
      pages++;
      path = /rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
    }
    assertEquals(keys.size, 77);
    assertEquals(pages, 2);
    for (
      const bad of [
        "/decisions?after=x",
        "/auto-whitelisted?after=7",
        "/auto-whitelisted?after=[7]",
        "/known?after=[]",
      ]
    ) {
      assertEquals((await get(bad)).status, 400, bad);
    }
  }, { seeded: true });
});
