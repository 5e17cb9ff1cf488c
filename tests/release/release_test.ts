import { assertEquals, assertStringIncludes } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import program from "../../lib/config/version.json" with { type: "json" };
import { releaseError } from "../../release/release.ts";

Deno.test("the program and deno.json have the same version and date", () => {
  const { version, released } = manifest;
  assertEquals(program, { version, released });
});

Deno.test("a release needs a heading of its version and date in the changelog", () => {
  const manifest = { version: "1.2.3", released: "2027-02-01" };
  assertEquals(releaseError(manifest, "# Changelog\n\n## [1.2.3] - 2027-02-01\n"), undefined);
  for (
    const changelog of ["", "## Unreleased", "## [1.2.3] - 2027-02-02", "## [1.2.4] - 2027-02-01"]
  ) {
    assertStringIncludes(releaseError(manifest, changelog)!, '"## [1.2.3] - 2027-02-01"');
  }
});
