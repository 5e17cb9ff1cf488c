import { assertEquals } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };

const ENTRY_POINTS = ["main.ts", "lib/web/worker/worker.ts", "lib/store/checkpoint_worker.ts"];

/** Packages that only tests import. */
const TEST_PACKAGES = [
  "@seriousme/openapi-schema-validator",
  "ajv",
  "ajv-formats",
  "axe-core",
  "fast-check",
  "mailauth",
  "playwright-core",
];

Deno.test("the program imports every package of deno.json but those of the tests", async () => {
  const imported = new Set<string>();
  for (const entry of ENTRY_POINTS) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", entry],
      cwd: new URL("..", import.meta.url),
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
  assertEquals(
    packages.filter((name) => !imported.has(name)).sort(),
    TEST_PACKAGES,
  );
  // Without it Deno downloads every package of the lock file before it runs the program.
  assertEquals(manifest.unstable.includes("npm-lazy-caching"), true);
});
