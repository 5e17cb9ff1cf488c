import { untilListening } from "../daemon.ts";
import { eventually } from "../eventually.ts";
import { type Attributes, PolicyClient } from "../policy_client.ts";

/**
 * Debian's postgrey with a database of its own.
 *
 * @param log the file for its standard error.
 */
export async function startPostgrey(
  directory: string,
  port: number,
  options: readonly string[] = [],
  log = "/dev/null",
): Promise<Deno.ChildProcess> {
  await new Deno.Command("chown", { args: ["postgrey", directory] }).output();
  const process = new Deno.Command("/bin/sh", {
    args: [
      "-c",
      'exec "$@" 2>"$0"',
      log,
      "/usr/sbin/postgrey",
      `--inet=127.0.0.1:${port}`,
      `--dbdir=${directory}`,
      "--delay=1",
      "--hostname=mx",
      ...options,
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  await untilListening(port);
  return process;
}

/** Repeats SIGTERM, which postgrey can lose while it serves a connection. */
export async function stop(postgrey: Deno.ChildProcess): Promise<void> {
  let isOver = false;
  const status = postgrey.status.finally(() => isOver = true);
  await eventually("postgrey ends", () => {
    if (!isOver) postgrey.kill("SIGTERM");
    return isOver;
  }, { period: 500 });
  await status;
}

export async function ask(port: number, attributes: Attributes): Promise<string> {
  using client = new PolicyClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  return await client.ask(attributes) ?? "";
}
