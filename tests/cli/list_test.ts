import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
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

Deno.test("list files shows what is kept of a file that the daemon cannot use, and since when", async () => {
  await withDatabase(async (greylag, path) => {
    const config = `${path}.toml`;
    await Deno.writeTextFile(`${path}.list`, "example.org\n");
    await Deno.writeTextFile(
      config,
      `whitelist_clients = ["${path}.gone", "${path}.list"]\n`,
    );
    const store = openStore({ database: path, privacy: false });
    const since = Date.UTC(2026, 10, 26, 11, 5);
    store.lists.keepFiles([{
      path: `${path}.gone`,
      matchOn: "client",
      rules: [[3, "192.0.2.0/24"]],
      problem: "no such file or directory",
      since,
    }]);
    store.close();
    const { code, out, err } = await greylag("list", "files", `--config=${config}`);
    assertEquals(code, 1);
    assertMatch(out, /192\.0\.2\.0\/24 +kept +\S+\.gone:3/);
    assertMatch(out, /example\.org +read +\S+\.list:1/);
    assertEquals(
      err,
      `greylag: the daemon cannot use the list file ${path}.gone since 2026-11-26 11:05 UTC: ` +
        "no such file or directory. Correct the file. Until then its last entry stays in force; a " +
        "reload (SIGHUP) drops what was kept.\n",
    );
    const json = JSON.parse((await greylag("list", "files", "--json", `--config=${config}`)).out);
    assertEquals(json.unusable, [{
      path: `${path}.gone`,
      why: "no such file or directory",
      since: new Date(since).toISOString(),
      kept: 1,
    }]);
    assertEquals(json.entries.map(({ kept }: { kept: boolean }) => kept), [true, false]);
  });
});
