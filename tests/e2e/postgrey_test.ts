import { assertEquals, assertStringIncludes } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import { Daemon, inDirectory, untilListening } from "../daemon.ts";

/** A real postgrey (Debian's) with a database of its own. */
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

async function ask(port: number, given: Record<string, string>): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const all = { request: "smtpd_access_policy", protocol_state: "RCPT", ...given };
  const lines = Object.entries(all).map(([name, value]) => `${name}=${value}\n`).join("");
  await conn.write(new TextEncoder().encode(`${lines}\n`));
  const buffer = new Uint8Array(4096);
  const count = await conn.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
}

async function dump(path: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("db_dump", { args: ["-p", path] })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const FRIENDS = Array.from({ length: 20 }, (_, at) => ({
  client_address: at % 4 === 0 ? `2001:db8:${at}::5` : `198.51.${at}.7`,
  client_name: "unknown",
  sender: `bounce-${100 + at}-bob=example.net@list${at}.example`,
  recipient: "bob@example.net",
  instance: `message.${at}`,
}));
const STRANGER = { ...FRIENDS[1]!, sender: "stranger@x.example" };

Deno.test("the senders that a real postgrey knew are known, and those that wait go on waiting", async () => {
  await inDirectory(async (directory) => {
    const old = `${directory}/postgrey`;
    await Deno.chmod(directory, 0o755);
    await Deno.mkdir(old);
    const port = getAvailablePort();
    const postgrey = await startPostgrey(old, port);
    for (const friend of FRIENDS) assertStringIncludes(await ask(port, friend), "DEFER");
    await new Promise((resolve) => setTimeout(resolve, 2100));
    for (const friend of FRIENDS) assertStringIncludes(await ask(port, friend), "PREPEND");
    assertStringIncludes(await ask(port, STRANGER), "DEFER");
    postgrey.kill("SIGTERM");
    await postgrey.status;
    await Deno.writeTextFile(`${directory}/triplets`, await dump(`${old}/postgrey.db`));
    await Deno.writeTextFile(`${directory}/clients`, await dump(`${old}/postgrey_clients.db`));

    const database = `--database=${directory}/new/g.db`;
    const own = getAvailablePort();
    const greylag = await Daemon.start([`--inet=${own}`, database, "--delay=1h"]);
    const files = [`${directory}/triplets`, `${directory}/clients`];
    const args = ["import", "postgrey", ...files, "--delay=1s", "--json", database];
    const first = await Daemon.run(args);
    assertEquals(first.code, 0, first.err);
    const { known, pending, origins } = JSON.parse(first.out);
    assertEquals([known, pending, origins], [20, 1, 20]);
    assertEquals(JSON.parse((await Daemon.run(args)).out).unchanged, 41);

    for (const friend of FRIENDS) {
      assertEquals(await greylag.ask(friend), "action=DUNNO\n\n", friend.sender);
    }
    await greylag.waitFor("reason=known");
    assertStringIncludes(await greylag.ask(STRANGER), "DEFER_IF_PERMIT");
    await greylag.waitFor("reason=early");
    assertStringIncludes(await greylag.ask({ ...STRANGER, sender: "other@x.example" }), "DEFER");
    await greylag.stop();
  });
});
