/** Runs a command of the shell; returns its standard output. */
export async function sh(command: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", { args: ["-c", command] })
    .output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${command}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** A part of a script that ends all processes whose root or working directory is below `$1`. */
export const KILL_BELOW = `
while
  found=$(find /proc -mindepth 2 -maxdepth 2 '(' -name root -o -name cwd ')' -lname "$1/*" -printf '%h ')
  [ -n "$found" ]
do
  for process in $found; do kill -9 "\${process#/proc/}"; done
  sleep 0.05
done`;

/**
 * A script that waits in a process of its own until the test asks for it, or until the process of the
 * test ends, in whatever way: for what outlives a process, such as mounts and daemons.
 */
export class CleanUp {
  readonly #process: Deno.ChildProcess;

  /** @param args `$1` and so on of the script. */
  constructor(script: string, ...args: string[]) {
    // Standard input ends with this process. The session is its own, so that no Ctrl-C reaches it.
    const waiting = `cat > /dev/null; { ${script}\n} > /dev/null 2>&1; echo $?`;
    this.#process = new Deno.Command("setsid", {
      args: ["--fork", "sh", "-c", waiting, "sh", ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
  }

  /**
   * Runs the script to its end.
   *
   * @throws {Error} if it fails.
   */
  async run(): Promise<void> {
    await this.#process.stdin.close();
    const code = (await new Response(this.#process.stdout).text()).trim();
    await this.#process.status;
    if (code !== "0") throw new Error(`the clean-up failed: ${code}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.run();
  }
}
