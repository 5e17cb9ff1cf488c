/**
 * `deno task compile` and `deno task release` build the executable for this host or for all:
 *
 *     deno run --allow-all release/compile.ts [--all] [--output FILE]
 *
 * `deno compile` downloads the runtime of the executable (denort). `DENORT_BIN` names a local copy of the
 * same version instead; it works for this host only.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import manifest from "../deno.json" with { type: "json" };

const DIST = "dist";

/** Deno's targets by the names that install.sh downloads. */
const TARGETS: Readonly<Record<string, string>> = {
  "linux-x86_64": "x86_64-unknown-linux-gnu",
  "linux-aarch64": "aarch64-unknown-linux-gnu",
  "darwin-x86_64": "x86_64-apple-darwin",
  "darwin-aarch64": "aarch64-apple-darwin",
};

/**
 * Flags of the task `greylag`, the one list of permissions: the executable gets the same. Ports and
 * paths come from the settings, so that net, read and write are broad here; `lib/cli/serve.ts` and the
 * threads narrow them as far as Deno can.
 */
export const RUN_FLAGS: readonly string[] = manifest.tasks.greylag.command.split(" ")
  .filter((word) => word.startsWith("--"));

/** Entry points of workers, which no module imports. */
const THREADS = ["lib/web/worker/worker.ts", "lib/store/checkpoint_worker.ts"];

const ARGUMENTS = [
  ...RUN_FLAGS,
  // Modules that nothing reaches stay out: 40 MB of packages become one.
  "--bundle",
  // The cache is a file of a fixed name in /tmp, which any user can write and root would run.
  "--no-code-cache",
  "--no-check",
  ...THREADS.flatMap((thread) => ["--include", thread]),
];

const decoder = new TextDecoder();

function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

const NO_RUNTIME = `
cannot download the runtime of the executable (denort ${Deno.version.deno}) from dl.deno.land. Build on a machine
that reaches this host, or unpack denort-TARGET.zip of Deno's release ${Deno.version.deno} and run

    DENORT_BIN=/path/to/denort npx -y deno@${Deno.version.deno} task compile
`;

async function compile(output: string, target?: string): Promise<void> {
  const args = ["compile", ...ARGUMENTS, ...(target === undefined ? [] : ["--target", target])];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args, "--output", output, "main.ts"],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  const text = decoder.decode(stderr);
  say(text);
  // Only the runtime comes from that host.
  if (/denort|dl\.deno\.land/i.test(text)) say(NO_RUNTIME.trim());
  Deno.exit(1);
}

async function sumOf(path: string): Promise<string> {
  return createHash("sha256").update(await Deno.readFile(path)).digest("hex");
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
  const error = releaseError(manifest, await Deno.readTextFile("CHANGELOG.md"));
  if (error !== undefined) {
    say(error);
    Deno.exit(1);
  }
  const names = [];
  for (const [name, target] of Object.entries(TARGETS)) {
    say(`greylag-${name}`);
    await compile(`${DIST}/greylag-${name}`, target);
    const archive = gzipSync(await Deno.readFile(`${DIST}/greylag-${name}`), { level: 9 });
    await Deno.writeFile(`${DIST}/greylag-${name}.gz`, archive);
    // install.sh verifies both: the archive before, the executable after unpacking.
    names.push(`greylag-${name}.gz`, `greylag-${name}`);
  }
  await Deno.copyFile("install.sh", `${DIST}/install.sh`);
  names.push("install.sh");
  const sums = await Promise.all(
    names.map(async (name) => `${await sumOf(`${DIST}/${name}`)}  ${name}\n`),
  );
  await Deno.writeTextFile(`${DIST}/SHA256SUMS`, sums.join(""));
}

if (import.meta.main) {
  const { all, output } = parseArgs(Deno.args, { boolean: ["all"], string: ["output"] });
  await Deno.mkdir(DIST, { recursive: true });
  if (all === true) await release();
  else await compile(typeof output === "string" ? output : `${DIST}/greylag`);
}
