import { assertEquals } from "@std/assert";
import { THREADS } from "../release/bundle.ts";
import manifest from "../deno.json" with { type: "json" };

const ENTRY_POINTS = ["main.ts", ...THREADS];

const root = new URL("..", import.meta.url);

Deno.test("the program imports every package of the imports in deno.json", async () => {
  const imported = new Set<string>();
  for (const entry of ENTRY_POINTS) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--lock=tests/deno.lock", entry],
      cwd: root,
    }).output();
    const { modules } = JSON.parse(new TextDecoder().decode(stdout));
    for (const { dependencies = [] } of modules) {
      for (const { specifier } of dependencies) {
        const name = /^(?:@[^/]+\/)?[^@./][^/:]*(?=\/|$)/.exec(specifier)?.[0];
        if (name !== undefined && name in manifest.imports) imported.add(name);
      }
    }
  }
  const packages = Object.entries(manifest.imports)
    .filter(([name, target]) => target.startsWith("npm:") && !name.startsWith("@types/"))
    .map(([name]) => name);
  assertEquals(packages.filter((name) => !imported.has(name)), []);
});

Deno.test("deno.lock has no packages of the tests", async () => {
  // deno task downloads every package of deno.lock before it runs the program.
  const lock = JSON.parse(await Deno.readTextFile(new URL("deno.lock", root)));
  const tested = Object.keys(manifest.scopes["./tests/"]).filter((name) => !name.endsWith("/"));
  const found = Object.keys(lock.specifiers).filter((specifier) =>
    tested.some((name) => specifier.startsWith(`npm:${name}@`))
  );
  assertEquals(
    found,
    [],
    "run git checkout deno.lock, and use deno task test:file or --lock=tests/deno.lock",
  );
});
