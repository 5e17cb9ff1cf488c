import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withDatabase } from "./database.ts";

Deno.test("a token is shown once, listed by name, and removed", async () => {
  await withDatabase(async (greylag, path) => {
    assertStringIncludes((await greylag("token")).out, "No tokens.");
    const { out } = await greylag("token", "add", "script");
    assertMatch(out, /^greylag_[\w-]{43}\n$/);
    assertEquals((await greylag("token", "add", "script", "--read-only")).code, 1);
    assertEquals((await greylag("token", "add", "monitoring", "--read-only")).code, 0);
    const file = await Deno.readTextFile(path).catch(() => "");
    assert(!file.includes(out.trim()));
    const list = JSON.parse((await greylag("token", "list", "--json")).out);
    assertEquals(
      list.map(({ name, access }: { name: string; access: string }) => [name, access]),
      [["monitoring", "read"], ["script", "read and change"]],
    );
    assertEquals((await greylag("token", "remove", "script")).code, 0);
    assertEquals((await greylag("token", "remove", "script")).code, 1);
    for (const bad of [["add"], ["add", "a b"], ["add", "a", "b"], ["ad", "x"], ["list", "x"]]) {
      assertEquals((await greylag("token", ...bad)).code, 2, bad.join(" "));
    }
  });
});
