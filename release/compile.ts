/**
 * `deno task compile` and `deno task release`: the executable, for this host or for all.
 *
 *     deno run --allow-all release/compile.ts [--all] [--output FILE]
 *
 * `deno compile` begins every executable with a runtime (denort) that it downloads. Where that host is
 * out of reach, DENORT_BIN names one of the same Deno; only this host's executable can be made then.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { createHash } from "node:crypto";

const DIST = "dist";

/** What a release is made for, by the names that install.sh asks for. */
const TARGETS: Readonly<Record<string, string>> = {
  "linux-x86_64": "x86_64-unknown-linux-gnu",
  "linux-aarch64": "aarch64-unknown-linux-gnu",
  "darwin-x86_64": "x86_64-apple-darwin",
  "darwin-aarch64": "aarch64-apple-darwin",
};

/**
 * The fewest permissions that work. Ports and paths come from the settings, so that net, read and write
 * are broad here; `lib/cli/serve.ts` and the threads narrow them as far as Deno can.
 */
export const PERMISSIONS: readonly string[] = [
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env=GREYLAG_*,JOURNAL_STREAM,NOTIFY_SOCKET,RUNTIME_DIRECTORY,WATCHDOG_USEC,SUDO_USER,USER",
  "--allow-sys=hostname,statfs",
  "--deny-import",
];

/** Threads begin with files of their own, which nothing imports. */
const THREADS = ["lib/web/worker/worker.ts", "lib/store/checkpoint_worker.ts"];

const ARGUMENTS = [
  ...PERMISSIONS,
  // Modules that nothing reaches stay out: 40 MB of packages become one.
  "--bundle",
  "--no-check",
  "--v8-flags=--max-semi-space-size=2",
  ...THREADS.flatMap((thread) => ["--include", thread]),
];

const decoder = new TextDecoder();

function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

const NO_RUNTIME = `
The runtime that every executable begins with (denort ${Deno.version.deno}) could not be had: Deno's download
host cannot be reached from here. Either build on a machine that reaches it, or get the file
denort-TARGET.zip of Deno's release ${Deno.version.deno} elsewhere, unpack it, and run

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

async function release(): Promise<void> {
  const names = [];
  for (const [name, target] of Object.entries(TARGETS)) {
    say(`greylag-${name}`);
    await compile(`${DIST}/greylag-${name}`, target);
    names.push(`greylag-${name}`);
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
