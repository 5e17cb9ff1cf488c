/**
 * `deno task start` runs the daemon with the permissions of the task `greylag`. npx ends at SIGTERM
 * without a signal to the programs that it started, so its end stops the daemon too.
 *
 * @module
 */
import manifest from "../deno.json" with { type: "json" };

const [, ...RUN] = manifest.tasks.greylag.command.split(" ");

const SIGNALS: readonly Deno.Signal[] = ["SIGTERM", "SIGINT", "SIGHUP"];

/** Milliseconds. */
const POLL = 500;

/** The parent of a process; undefined if the process is gone. */
async function parentOf(pid: number): Promise<number | undefined> {
  try {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    return Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
  } catch (error) {
    if (Deno.build.os === "linux" || !(error instanceof Deno.errors.NotFound)) return undefined;
    const args = ["-o", "ppid=", "-p", String(pid)];
    const { stdout, success } = await new Deno.Command("ps", { args }).output();
    return success ? Number(new TextDecoder().decode(stdout)) : undefined;
  }
}

/** Calls back when the program that started `deno task` ends. */
async function watchStarter(ended: () => void): Promise<void> {
  const starter = await parentOf(Deno.ppid);
  const poll = async () => {
    if (await parentOf(Deno.ppid) !== starter) return ended();
    Deno.unrefTimer(setTimeout(poll, POLL));
  };
  await poll();
}

const daemon = new Deno.Command(Deno.execPath(), {
  args: [...RUN, "serve", "--database", "var/greylag.db", ...Deno.args],
}).spawn();

function forward(signal: Deno.Signal): void {
  try {
    daemon.kill(signal);
  } catch {
    // It has ended.
  }
}

for (const signal of SIGNALS) Deno.addSignalListener(signal, () => forward(signal));
if (Deno.env.get("npm_command") === "exec") await watchStarter(() => forward("SIGTERM"));
Deno.exit((await daemon.status).code);
