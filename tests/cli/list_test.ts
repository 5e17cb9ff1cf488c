import { assertEquals, assertStringIncludes } from "@std/assert";
import { openStore } from "../../lib/store/open.ts";
import { withDatabase } from "./database.ts";

Deno.test("the built-in list and the list files are shown with their source", async () => {
  await withDatabase(async (greylag, path) => {
    const { out } = await greylag("list", "builtin");
    assertStringIncludes(out, "RFC 5321, section 4.5.1");
    const store = openStore({ database: path, privacy: false });
    store.lists.countHits([{ rule: "builtin:postmaster@", count: 4, last: 1 }]);
    store.close();
    const builtin = JSON.parse((await greylag("list", "builtin", "--json")).out);
    assertEquals(builtin[0], {
      provider: "every domain",
      match_on: "recipient",
      pattern: "postmaster@",
      source: "RFC 5321, section 4.5.1",
      date: "2008-10-01",
      hits: 4,
    });
    const config = `${path}.toml`;
    await Deno.writeTextFile(`${path}.list`, "example.org\nnot a name\n");
    await Deno.writeTextFile(config, `whitelist_clients = ["${path}.list"]\n`);
    const files = await greylag("list", "files", `--config=${config}`);
    assertEquals(files.code, 1);
    assertStringIncludes(files.out, `${path}.list:1`);
    assertStringIncludes(files.err, `${path}.list:2`);
  });
});
