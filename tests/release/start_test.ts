import { assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { inDirectory, isListening, untilListening } from "../daemon.ts";

const root = new URL("../../", import.meta.url);

async function startUnder(
  directory: string,
  port: number,
  environment: Record<string, string>,
): Promise<Deno.ChildProcess> {
  const args = [`--database=${directory}/g.db`, `--listen=inet:${port}`, "--status=off"];
  // npx starts programs by a shell, which ends at SIGTERM without telling them.
  const script = '"$@"; true';
  const shell = new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", Deno.execPath(), "task", "start", ...args],
    cwd: root,
    env: environment,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  await untilListening(port);
  return shell;
}

Deno.test("deno task start ends with the npx that started it", async () => {
  await inDirectory(async (directory) => {
    const port = freePort();
    const shell = await startUnder(directory, port, { npm_command: "exec" });
    shell.kill("SIGTERM");
    const log = await new Response(shell.stderr).text();
    await shell.status;
    assertStringIncludes(log, "stopped after 0 requests");
    assertEquals(await isListening(port), false);
  });
});
