/**
 * `deno task sbom` writes the software bill of materials (CycloneDX 1.6) of a release: the npm packages
 * of deno.lock with checksums and licences, the Public Suffix List, and the runtime with SQLite.
 *
 * @module
 */
import { createHash } from "node:crypto";
import manifest from "../deno.json" with { type: "json" };
import { sqliteVersion } from "../lib/store/open.ts";
import { DIST, say } from "./targets.ts";
import { runTask } from "./task.ts";

/** The part of deno.lock that matters here. */
interface Lock {
  /** By `NAME@VERSION`, with the versions of peers behind underscores. */
  readonly npm: Readonly<
    Record<string, { readonly integrity: string; readonly dependencies?: readonly string[] }>
  >;
}

interface Package {
  readonly name: string;
  readonly version: string;
  /** Of its archive in the registry, in hexadecimal. */
  readonly sha512: string;
  /** Names, with `@VERSION` if the lock has several versions. */
  readonly dependencies: readonly string[];
}

export interface BillOptions {
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly released: number;
  readonly deno: string;
  readonly v8: string;
  readonly sqlite: string;
  /** SPDX expression or text of a package; undefined if unknown. */
  readonly licenceOf: (name: string, version: string) => string | undefined;
}

function packageOf(key: string, { integrity, dependencies = [] }: Lock["npm"][string]): Package {
  const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(key) ?? [];
  const [, base64] = /^sha512-(.+)$/.exec(integrity) ?? [];
  if (name === undefined || version === undefined || base64 === undefined) {
    throw new Error(`deno.lock: cannot read the package ${key}`);
  }
  const sha512 = Uint8Array.fromBase64(base64).toHex();
  return { name, version, sha512, dependencies };
}

/** Package URL (purl-spec): a scope is percent-encoded. */
const purlOf = ({ name, version }: Pick<Package, "name" | "version">) =>
  `pkg:npm/${name.replace("@", "%40")}@${version}`;

const nameOnly = (dependency: string) => dependency.replace(/(?<!^)@.*$/, "");

/** A name-based UUID (RFC 9562, version 8) of a text. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${
    hex.slice(20, 32)
  }`;
}

export function billOfMaterials(lock: Lock, options: BillOptions) {
  const { version, released, deno, v8, sqlite, licenceOf } = options;
  const packages = Object.entries(lock.npm).map(([key, entry]) => packageOf(key, entry));
  const licences = (name: string, of: string) => {
    const licence = licenceOf(name, of);
    if (licence === undefined) return {};
    // An identifier of SPDX has no spaces.
    const isExpression = licence.includes(" ");
    return {
      licenses: [isExpression ? { expression: licence } : { license: { id: licence } }],
    };
  };
  const npm = packages.map((one) => ({
    type: "library",
    "bom-ref": purlOf(one),
    name: one.name,
    version: one.version,
    purl: purlOf(one),
    hashes: [{ alg: "SHA-512", content: one.sha512 }],
    ...licences(one.name, one.version),
  }));
  const runtime = [
    ["deno", deno, `pkg:github/denoland/deno@v${deno}`, "MIT"],
    ["v8", v8, `pkg:generic/v8@${v8}`, "BSD-3-Clause"],
    ["sqlite", sqlite, `pkg:generic/sqlite@${sqlite}`, "blessing"],
  ].map(([name, of, purl, id]) => ({
    type: name === "deno" ? "platform" : "library",
    "bom-ref": purl!,
    name: name!,
    version: of!,
    purl: purl!,
    licenses: [{ license: { id: id! } }],
  }));
  const data = [{
    type: "data",
    "bom-ref": "pkg:github/publicsuffix/list",
    name: "Public Suffix List",
    purl: "pkg:github/publicsuffix/list",
    licenses: [{ license: { id: "MPL-2.0" } }],
  }];
  const root = `pkg:github/greylag/greylag@v${version}`;
  const refs = new Map(packages.map((one) => [one.name, purlOf(one)]));
  const timestamp = new Date(released).toISOString();
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify([root, timestamp, npm, runtime]))}`,
    version: 1,
    metadata: {
      timestamp,
      component: {
        type: "application",
        "bom-ref": root,
        name: "greylag",
        version,
        purl: root,
        licenses: [{ license: { id: "MIT" } }],
      },
    },
    components: [...npm, ...data, ...runtime],
    dependencies: [
      { ref: root, dependsOn: [...npm, ...data, ...runtime].map((one) => one["bom-ref"]) },
      ...packages.map((one) => ({
        ref: purlOf(one),
        dependsOn: one.dependencies.map((name) => refs.get(nameOnly(name))).filter((ref) =>
          ref !== undefined
        ),
      })),
    ],
  };
}

/** The licences in the package.json of each package, which Deno's cache has. */
async function licencesInCache(): Promise<BillOptions["licenceOf"]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  return (name, version) => {
    const path = `${npmCache}/registry.npmjs.org/${name}/${version}/package.json`;
    try {
      return JSON.parse(Deno.readTextFileSync(path)).license;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  };
}

/** The bill of materials of this checkout, as the text of a file. */
export async function sbomText(): Promise<string> {
  const bill = billOfMaterials(JSON.parse(await Deno.readTextFile("deno.lock")), {
    version: manifest.version,
    released: Date.parse(manifest.released),
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    sqlite: sqliteVersion(),
    licenceOf: await licencesInCache(),
  });
  return `${JSON.stringify(bill, null, 2)}\n`;
}

async function sbom(): Promise<void> {
  await Deno.mkdir(DIST, { recursive: true });
  const path = `${DIST}/greylag_${manifest.version}.cdx.json`;
  await Deno.writeTextFile(path, await sbomText());
  say(path);
}

if (import.meta.main) await runTask({ name: "sbom", run: sbom });
