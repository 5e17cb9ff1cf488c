/**
 * `deno task release` builds the files of a release: executables for all hosts, Debian packages, the
 * container image, the bill of materials, install.sh and one file of checksums.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import manifest from "../deno.json" with { type: "json" };
import type { Architecture } from "./architecture.ts";
import { compile } from "./compile.ts";
import { buildDeb } from "./deb.ts";
import { writeImage } from "./image.ts";
import { sbomText } from "./sbom.ts";
import { DIST, say, TARGETS } from "./targets.ts";
import { runTask } from "./task.ts";

async function sumOf(path: string): Promise<string> {
  return createHash("sha256").update(await Deno.readFile(path)).digest("hex");
}

/**
 * Writes PATH.xz, a quarter smaller than gzip: with one thread, so that it is reproducible, and without
 * filters for machine code, which busybox cannot undo.
 *
 * @throws {Error} if there is no xz, or it fails.
 */
async function packXz(path: string): Promise<void> {
  const args = ["-6", "--threads=1", "--force", "--keep", path];
  let success;
  try {
    const packing = new Deno.Command("xz", { args, stdout: "null", stderr: "inherit" });
    ({ success } = await packing.output());
  } catch (cause) {
    throw new Error("cannot run xz: install xz-utils", { cause });
  }
  if (!success) throw new Error(`xz could not pack ${path}`);
}

/**
 * Checks that the changelog describes the version and the date of `deno.json`.
 *
 * @returns the error, or undefined.
 */
export function releaseError(
  { version, released }: { readonly version: string; readonly released: string },
  changelog: string,
): string | undefined {
  const heading = `## [${version}] - ${released}`;
  if (changelog.split("\n").includes(heading)) return undefined;
  return `CHANGELOG.md has no heading "${heading}". Add it, or correct "version" and "released" in ` +
    "deno.json.";
}

/** The files of a release, all of them in dist/. */
async function release(): Promise<void> {
  const error = releaseError(manifest, await Deno.readTextFile("CHANGELOG.md"));
  if (error !== undefined) throw new Error(error);
  const names: string[] = [];
  const add = (path: string) => {
    say(path);
    names.push(path.slice(DIST.length + 1));
  };
  const time = Date.parse(manifest.released);
  for (const [name, target] of Object.entries(TARGETS)) {
    const path = `${DIST}/greylag-${name}`;
    await compile(path, target);
    await Deno.writeFile(`${path}.gz`, gzipSync(await Deno.readFile(path), { level: 9 }));
    await packXz(path);
    // install.sh verifies both: the archive before, the executable after unpacking.
    for (const end of ["", ".gz", ".xz"]) add(path + end);
  }
  const executables = new Map<Architecture, string>([
    ["amd64", `${DIST}/greylag-linux-x86_64`],
    ["arm64", `${DIST}/greylag-linux-aarch64`],
  ]);
  for (const [architecture, executable] of executables) {
    add(await buildDeb({ executable, architecture, version: manifest.version, time }, DIST));
  }
  const image = `${DIST}/greylag_${manifest.version}_oci.tar`;
  await writeImage(image, executables);
  add(image);
  const bill = `${DIST}/greylag_${manifest.version}.cdx.json`;
  await Deno.writeTextFile(bill, await sbomText());
  add(bill);
  await Deno.copyFile("install.sh", `${DIST}/install.sh`);
  add(`${DIST}/install.sh`);
  const sums = await Promise.all(
    names.map(async (name) => `${await sumOf(`${DIST}/${name}`)}  ${name}\n`),
  );
  await Deno.writeTextFile(`${DIST}/SHA256SUMS`, sums.join(""));
}

if (import.meta.main) await runTask({ name: "release", run: release });
