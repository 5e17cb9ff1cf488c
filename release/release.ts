/**
 * `deno task release` builds the files of a release: executables for all hosts and their checksums.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import manifest from "../deno.json" with { type: "json" };
import { compile } from "./compile.ts";
import { DIST, say, TARGETS } from "./targets.ts";

async function sumOf(path: string): Promise<string> {
  return createHash("sha256").update(await Deno.readFile(path)).digest("hex");
}

/**
 * Writes PATH.xz, a quarter smaller than gzip: with one thread, so that it is reproducible, and without
 * filters for machine code, which busybox cannot undo.
 *
 * @throws {Error} if there is no xz, or it fails.
 */
export async function packXz(path: string): Promise<void> {
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

async function release(): Promise<void> {
  const names = [];
  for (const [name, target] of Object.entries(TARGETS)) {
    say(`greylag-${name}`);
    await compile(`${DIST}/greylag-${name}`, target);
    const archive = gzipSync(await Deno.readFile(`${DIST}/greylag-${name}`), { level: 9 });
    await Deno.writeFile(`${DIST}/greylag-${name}.gz`, archive);
    await packXz(`${DIST}/greylag-${name}`);
    // install.sh verifies both: the archive before, the executable after unpacking.
    names.push(`greylag-${name}.xz`, `greylag-${name}.gz`, `greylag-${name}`);
  }
  await Deno.copyFile("install.sh", `${DIST}/install.sh`);
  names.push("install.sh");
  const sums = await Promise.all(
    names.map(async (name) => `${await sumOf(`${DIST}/${name}`)}  ${name}\n`),
  );
  await Deno.writeTextFile(`${DIST}/SHA256SUMS`, sums.join(""));
}

if (import.meta.main) {
  const error = releaseError(manifest, await Deno.readTextFile("CHANGELOG.md"));
  if (error !== undefined) {
    say(error);
    Deno.exit(1);
  }
  await release();
}
