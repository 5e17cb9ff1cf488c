import { assertEquals, assertStringIncludes } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import { Daemon, inDirectory } from "../daemon.ts";
import { pause } from "../eventually.ts";
import { ask, startPostgrey, stop } from "./postgrey.ts";

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
