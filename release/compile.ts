/**
 * `deno task compile` builds the executable for this host:
 *
 *     deno run --allow-all release/compile.ts [--output FILE]
 *
 * `deno compile` downloads the runtime of the executable (denort). `DENORT_BIN` names a local copy of the
 * same version instead; it works for this host only.
 *
 * @module
 */
import { resolve } from "node:path";
import manifest from "../deno.json" with { type: "json" };
import { messageOf } from "../lib/text/error_message.ts";
import { bundle, bundleOf, runDeno, THREADS } from "./bundle.ts";
import { DIST, say } from "./targets.ts";
import { runTask } from "./task.ts";

/**
 * Flags of the task `greylag`, the one list of permissions: the executable gets the same. Ports and
 * paths come from the settings, so that net, read and write are broad here; `lib/cli/serve.ts` and the
 * threads narrow them as far as Deno can.
 */
export const RUN_FLAGS: readonly string[] = manifest.tasks.greylag.command.split(" ")
  .filter((word) => word.startsWith("--"));

/** The whole file system of the executable. */
const BUNDLE = `${DIST}/bundle`;

/** The commit, for `greylag version --json`. */
const COMMIT_FILE = `${BUNDLE}/commit`;

const ARGUMENTS = [
  ...RUN_FLAGS,
  ...manifest.unstable.map((feature) => `--unstable-${feature}`),
  "--no-config",
  // The cache is a file of a fixed name in /tmp, which any user can write and root would run.
  "--no-code-cache",
  "--no-check",
  ...[...THREADS.map(bundleOf), "commit"].flatMap((path) => ["--include", path]),
];

const NO_RUNTIME = `
cannot download the runtime of the executable (denort ${Deno.version.deno}) from dl.deno.land. Build on a machine
that reaches this host, or unpack denort-TARGET.zip of Deno's release ${Deno.version.deno} and run

    DENORT_BIN=/path/to/denort npx -y deno@${Deno.version.deno} task compile
`;

/** The checked-out commit, with `-dirty` after changes; empty without git. */
async function commit(): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"],
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout) : "";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** Sets the modification times, which the executable contains: builds of a release must be identical. */
async function setTimes(directory: string, time: number): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (isDirectory) await setTimes(path, time);
    else await Deno.utime(path, time / 1000, time / 1000);
  }
}

/** Builds an executable; ends the process if Deno cannot. */
export async function compile(output: string, target?: string): Promise<void> {
  try {
    await bundle(BUNDLE);
    await Deno.writeTextFile(COMMIT_FILE, await commit());
    await setTimes(BUNDLE, Date.parse(manifest.released));
    const to = target === undefined ? [] : ["--target", target];
    const file = resolve(output);
    await runDeno(["compile", ...ARGUMENTS, ...to, "--output", file, "main.js"], BUNDLE);
  } catch (error) {
    const text = messageOf(error);
    say(text);
    // Only the runtime comes from that host.
    if (/denort|dl\.deno\.land/i.test(text)) say(NO_RUNTIME.trim());
    Deno.exit(1);
  }
}

if (import.meta.main) {
  await runTask({
    name: "compile",
    options: [{ name: "output", placeholder: "FILE", help: `${DIST}/greylag by default.` }],
    run: (values) => compile(values.get("output") ?? `${DIST}/greylag`),
  });
}
