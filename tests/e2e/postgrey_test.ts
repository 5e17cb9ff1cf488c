import { assertEquals, assertStringIncludes } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import { Daemon, inDirectory, untilListening } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import { type Attributes, PolicyClient } from "../policy_client.ts";

/** Debian's postgrey with a database of its own. */
async function startPostgrey(directory: string, port: number): Promise<Deno.ChildProcess> {
  await new Deno.Command("chown", { args: ["postgrey", directory] }).output();
  const process = new Deno.Command("/usr/sbin/postgrey", {
    args: [`--inet=127.0.0.1:${port}`, `--dbdir=${directory}`, "--delay=1", "--hostname=mx"],
    stdout: "null",
    stderr: "null",
  }).spawn();
  await untilListening(port);
  return process;
}

/** Repeats SIGTERM, which postgrey can lose while it serves a connection. */
async function stop(postgrey: Deno.ChildProcess): Promise<void> {
  let isOver = false;
  const status = postgrey.status.finally(() => isOver = true);
  await eventually("postgrey ends", () => {
    if (!isOver) postgrey.kill("SIGTERM");
    return isOver;
  }, { period: 500 });
  await status;
}

async function ask(port: number, attributes: Attributes): Promise<string> {
  using client = new PolicyClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  return await client.ask(attributes) ?? "";
}

async function dump(path: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("db_dump", { args: ["-p", path] })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const KNOWN = Array.from({ length: 20 }, (_, at) => ({
  client_address: at % 4 === 0 ? `2001:db8:${at}::5` : `198.51.${at}.7`,
  client_name: "unknown",
  sender: `bounce-${100 + at}-bob=example.net@list${at}.example`,
  recipient: "bob@example.net",
  instance: `message.${at}`,
}));
const PENDING = { ...KNOWN[1]!, sender: "pending@x.example" };

Deno.test("triplets that postgrey knows are known, and its pending ones stay pending", async () => {
  await inDirectory(async (directory) => {
    const old = `${directory}/postgrey`;
    await Deno.chmod(directory, 0o755);
    await Deno.mkdir(old);
    const port = getAvailablePort();
    const postgrey = await startPostgrey(old, port);
    for (const triplet of KNOWN) assertStringIncludes(await ask(port, triplet), "DEFER");
    // postgrey counts whole seconds.
    await pause(2100);
    for (const triplet of KNOWN) assertStringIncludes(await ask(port, triplet), "PREPEND");
    assertStringIncludes(await ask(port, PENDING), "DEFER");
    await stop(postgrey);
    await Deno.writeTextFile(`${directory}/triplets`, await dump(`${old}/postgrey.db`));
    await Deno.writeTextFile(`${directory}/clients`, await dump(`${old}/postgrey_clients.db`));

    const database = `--database=${directory}/new/g.db`;
    const own = getAvailablePort();
    const greylag = await Daemon.start([
      `--inet=${own}`,
      database,
      "--delay=1h",
      "--delay-suspicious=1h",
    ]);
    const files = [`${directory}/triplets`, `${directory}/clients`];
    const args = ["import", "postgrey", ...files, "--delay=1s", "--json", database];
    const first = await Daemon.run(args);
    assertEquals(first.code, 0, first.err);
    const { known, pending, reputations } = JSON.parse(first.out);
    assertEquals([known, pending, reputations], [20, 1, 20]);
    assertEquals(JSON.parse((await Daemon.run(args)).out).unchanged, 41);

    for (const triplet of KNOWN) {
      assertEquals(await greylag.ask(triplet), "action=DUNNO\n\n", triplet.sender);
    }
    await greylag.waitFor("reason=known");
    assertStringIncludes(await greylag.ask(PENDING), "DEFER_IF_PERMIT");
    await greylag.waitFor("reason=early");
    assertStringIncludes(await greylag.ask({ ...PENDING, sender: "other@x.example" }), "DEFER");
    await greylag.stop();
  });
});
