/**
 * Bundles the program and its threads.
 *
 * @module
 */

/** Entry points of threads, which no module imports. */
export const THREADS = [
  "lib/web/worker/worker.ts",
  "lib/store/checkpoint_worker.ts",
  "lib/share/share_worker.ts",
  "lib/notify/smtp_worker.ts",
];

const ARGUMENTS = [
  // Saves 8 MB of memory: V8 keeps the source.
  "--minify",
  // The threads share chunks with the program, and a dynamic import loads its chunks when it runs.
  "--code-splitting",
  // The browser's variant of a package does not make Deno load parts of Node.
  "--platform=browser",
  "--no-check",
];

/** The path of an entry point in the bundle. */
export function bundleOf(path: string): string {
  return path.replace(/ts$/, "js");
}

/** @throws {Error} with what Deno prints. */
export async function runDeno(args: readonly string[], cwd: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** The name that esbuild gives a chunk: a word and a hash. */
const CHUNK = /\b([a-z_]+)-[0-9A-Z]{8}\.js\b/g;

/**
 * Renames the chunks to numbers, in the order of their imports: the hashes in their names depend on the
 * directories of the checkout and of Deno's cache, and builds must be identical everywhere.
 */
function numberChunks(directory: string, entries: readonly string[]): void {
  const numbered = new Map<string, string>();
  const numberIn = (path: string, to = path) => {
    const imported: string[] = [];
    const text = Deno.readTextFileSync(`${directory}/${path}`).replaceAll(CHUNK, (name, word) => {
      if (!numbered.has(name)) {
        numbered.set(name, `${word}-${numbered.size}.js`);
        imported.push(name);
      }
      return numbered.get(name)!;
    });
    Deno.removeSync(`${directory}/${path}`);
    Deno.writeTextFileSync(`${directory}/${to}`, text);
    for (const name of imported) numberIn(name, numbered.get(name));
  };
  for (const entry of entries) numberIn(entry);
}

/**
 * Empties a directory and writes the bundles into it.
 *
 * @throws {Error} if Deno cannot.
 */
export async function bundle(directory: string): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  await Deno.remove(directory, { recursive: true });
  const entries = ["main.ts", ...THREADS];
  await runDeno(["bundle", ...ARGUMENTS, "--outdir", directory, ...entries], ".");
  numberChunks(directory, entries.map(bundleOf));
}
