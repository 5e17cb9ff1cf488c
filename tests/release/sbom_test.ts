import { assert, assertEquals, assertMatch } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { billOfMaterials, sbomText } from "../../release/sbom.ts";

const OPTIONS = {
  version: "1.2.3",
  released: Date.UTC(2027, 1, 1),
  deno: "2.9.6",
  v8: "15.0",
  sqlite: "3.53.2",
  licenceOf: () => "MIT",
};

const EMPTY = `sha512-${"A".repeat(86)}==`;

Deno.test("a package has its version, purl, checksum and licence", () => {
  const lock = {
    npm: {
      "@scope/name@1.8.0_peer@1.5.0": { integrity: EMPTY, dependencies: ["peer"] },
      "peer@1.5.0": { integrity: EMPTY },
    },
  };
  const { components, dependencies, metadata } = billOfMaterials(lock, OPTIONS);
  assertEquals(components[0], {
    type: "library",
    "bom-ref": "pkg:npm/%40scope/name@1.8.0",
    name: "@scope/name",
    version: "1.8.0",
    purl: "pkg:npm/%40scope/name@1.8.0",
    hashes: [{ alg: "SHA-512", content: "0".repeat(128) }],
    licenses: [{ license: { id: "MIT" } }],
  });
  assertEquals(dependencies[1], {
    ref: "pkg:npm/%40scope/name@1.8.0",
    dependsOn: ["pkg:npm/peer@1.5.0"],
  });
  assertEquals(metadata.timestamp, "2027-02-01T00:00:00.000Z");
});

Deno.test("a licence that is an expression is one, and an unknown licence is left out", () => {
  const lock = { npm: { "a@1.0.0": { integrity: EMPTY }, "b@1.0.0": { integrity: EMPTY } } };
  const { components } = billOfMaterials(lock, {
    ...OPTIONS,
    licenceOf: (name) => name === "a" ? "MIT OR Apache-2.0" : undefined,
  });
  const [first, second] = components;
  assertEquals(
    JSON.stringify(first).match(/"licenses":(\[.*?\])/)?.[1],
    '[{"expression":"MIT OR Apache-2.0"}]',
  );
  assert(!("licenses" in second!));
});

Deno.test("the bill of this checkout names every package of the program, each reference once", async () => {
  const text = await sbomText();
  assertEquals(text, await sbomText(), "the same every time");
  const { bomFormat, specVersion, serialNumber, components, dependencies } = JSON.parse(text);
  assertEquals([bomFormat, specVersion], ["CycloneDX", "1.6"]);
  assertMatch(
    serialNumber,
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  const names = components.map(({ name }: { name: string }) => name);
  const imported = Object.entries(manifest.imports).filter(([, target]) =>
    target.startsWith("npm:")
  )
    .map(([name]) => name.replace(/\/$/, ""));
  for (const name of [...imported, "deno", "v8", "sqlite"]) assert(names.includes(name), name);
  const refs = components.map((one: { "bom-ref": string }) => one["bom-ref"]);
  assertEquals(new Set(refs).size, refs.length);
  for (const { dependsOn } of dependencies) {
    for (const ref of dependsOn) assert(refs.includes(ref), ref);
  }
  for (const { name, licenses } of components) assert(licenses?.length === 1, name);
});
