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
import manifest from "../deno.json" with { type: "json" };
import { reproducible } from "./reproducible.ts";
import { DIST, say } from "./targets.ts";
import { runTask } from "./task.ts";

/**
 * Flags of the task `greylag`, the one list of permissions: the executable gets the same. Ports and
 * paths come from the settings, so that net, read and write are broad here; `lib/cli/serve.ts` and the
 * threads narrow them as far as Deno can.
 */
export const RUN_FLAGS: readonly string[] = manifest.tasks.greylag.command.split(" ")
  .filter((word) => word.startsWith("--"));

/**
 * Entry points of workers, which no module imports. Each has a name of its own: `deno compile --bundle`
 * confuses files of one name in different folders.
 */
export const THREADS = [
  "lib/web/worker/worker.ts",
  "lib/store/checkpoint_worker.ts",
  "lib/share/share_worker.ts",
  "lib/notify/smtp_worker.ts",
];

/** The commit, for `greylag version --json`. */
const COMMIT_FILE = `${DIST}/commit`;

const ARGUMENTS = [
  ...RUN_FLAGS,
  // Modules that nothing reaches stay out: 40 MB of packages become one.
  "--bundle",
  // Saves 8 MB of memory: V8 keeps the source.
  "--minify",
  // The cache is a file of a fixed name in /tmp, which any user can write and root would run.
  "--no-code-cache",
  // Packages for both leave out what makes Deno load parts of Node.
  "--conditions=browser",
  "--no-check",
  ...[...THREADS, COMMIT_FILE].flatMap((path) => ["--include", path]),
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

/** Builds an executable; ends the process if Deno cannot. */
export async function compile(output: string, target?: string): Promise<void> {
  await Deno.mkdir(DIST, { recursive: true });
  await Deno.writeTextFile(COMMIT_FILE, await commit());
  const args = ["compile", ...ARGUMENTS, ...(target === undefined ? [] : ["--target", target])];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args, "--output", output, "main.ts"],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) {
    const isMac = (target ?? Deno.build.target).endsWith("-darwin");
    if (isMac) return;
    const time = Date.parse(manifest.released);
    return Deno.writeFile(output, reproducible(await Deno.readFile(output), time));
  }
  const text = new TextDecoder().decode(stderr);
  say(text);
  // Only the runtime comes from that host.
  if (/denort|dl\.deno\.land/i.test(text)) say(NO_RUNTIME.trim());
  Deno.exit(1);
}

if (import.meta.main) {
  await runTask({
    name: "compile",
    options: [{ name: "output", placeholder: "FILE", help: `${DIST}/greylag by default.` }],
    run: (values) => compile(values.get("output") ?? `${DIST}/greylag`),
  });
}
