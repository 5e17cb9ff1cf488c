import { assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import { type Attributes, PolicyClient } from "../policy_client.ts";
import { ask, startPostgrey, stop } from "./postgrey.ts";

/** Runs a body with a running postgrey, its directory, and a directory for files. */
async function withPostgrey(
  body: (port: number, old: string, directory: string) => Promise<void>,
  options: readonly string[] = [],
): Promise<void> {
  await inDirectory(async (directory) => {
    await Deno.chmod(directory, 0o755);
    const old = `${directory}/postgrey`;
    await Deno.mkdir(old);
    const port = freePort();
    const postgrey = await startPostgrey(old, port, options);
    try {
      await body(port, old, directory);
    } finally {
      await stop(postgrey);
    }
  });
}

/** Runs the shell commands that `import postgrey` shows for a directory, in another one. */
async function runSteps(old: string, directory: string): Promise<void> {
  const { code, err } = await Daemon.run([
    "import",
    "postgrey",
    old,
    `--database=${directory}/new/g.db`,
  ]);
  assertEquals(code, 1, err);
  const steps = err.split("\n").filter((line) => line.startsWith("  db_dump"));
  assertEquals(steps.length, 2, err);
  const { success, stderr } = await new Deno.Command("sh", {
    args: ["-ec", steps.join("\n")],
    cwd: directory,
  }).output();
  assertEquals(success, true, new TextDecoder().decode(stderr));
}

async function askAll(port: number, requests: readonly Attributes[]): Promise<string[]> {
  using client = new PolicyClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  const replies: string[] = [];
  for (const request of requests) replies.push(await client.ask(request) ?? "");
  return replies;
}

const KNOWN = Array.from({ length: 20 }, (_, at) => ({
  client_address: at % 4 === 0 ? `2001:db8:${at}::5` : `198.51.${at}.7`,
  client_name: "unknown",
  sender: [
    `bounce-${100 + at}-bob=example.net@list${at}.example`,
    `First.Last${at}@Example${at}.example`,
    `/g=first/s=last${at}/@gateway.example`,
    "",
  ][at % 4]!,
  recipient: at % 3 === 0 ? `Bob.Smith/x${at}@Example.net` : "bob@example.net",
  instance: `message.${at}`,
}));
const PENDING = { ...KNOWN[1]!, sender: "Pending.Sender@x.example" };

Deno.test("triplets that postgrey knows are known, and its pending ones stay pending", async () => {
  await withPostgrey(async (port, old, directory) => {
    for (const reply of await askAll(port, KNOWN)) assertStringIncludes(reply, "DEFER");
    // postgrey counts whole seconds.
    await pause(2100);
    for (const reply of await askAll(port, KNOWN)) assertStringIncludes(reply, "PREPEND");
    assertStringIncludes(await ask(port, PENDING), "DEFER");
    await runSteps(old, directory);

    const database = `--database=${directory}/new/g.db`;
    const own = freePort();
    const greylag = await Daemon.start([
      `--inet=${own}`,
      database,
      "--delay=1h",
      "--delay-suspicious=1h",
    ]);
    // The dumps by name.
    const args = ["import", "postgrey", directory, "--delay=1s", "--json", database];
    const first = await Daemon.run(args);
    assertEquals(first.code, 0, first.err);
    const { known, pending, reputations } = JSON.parse(first.out);
    assertEquals([known, pending, reputations], [20, 1, 20]);
    // Debian's files, which postgrey reads without being told.
    assertStringIncludes(first.err, '  whitelist_clients = ["/etc/postgrey/whitelist_clients"');
    assertEquals(JSON.parse((await Daemon.run(args)).out).unchanged, 41);

    for (const triplet of KNOWN) {
      assertEquals(await greylag.ask(triplet), "action=DUNNO\n\n", triplet.sender);
    }
    await eventually(
      "all of them are known",
      () => greylag.countReasons()["known"] === KNOWN.length,
      {},
      () => greylag.log,
    );
    assertStringIncludes(await greylag.ask(PENDING), "DEFER_IF_PERMIT");
    await greylag.waitFor("reason=early");
    assertStringIncludes(await greylag.ask({ ...PENDING, sender: "other@x.example" }), "DEFER");
    await greylag.stop();
  });
});

Deno.test("a dump of a running postgrey has what it has not written yet", async () => {
  await withPostgrey(async (port, old, directory) => {
    const fresh = Array.from({ length: 500 }, (_, at) => ({
      client_address: `198.51.${at % 250}.7`,
      client_name: "unknown",
      sender: `First.Last@x${at}.example`,
      recipient: "bob@example.net",
    }));
    for (const reply of await askAll(port, fresh)) assertStringIncludes(reply, "DEFER");
    await runSteps(old, directory);
    const { code, out, err } = await Daemon.run([
      "import",
      "postgrey",
      `${directory}/triplets.txt`,
      "--dry-run",
      "--json",
      `--database=${directory}/new/g.db`,
    ]);
    assertEquals(code, 0, err);
    assertEquals(JSON.parse(out).pending, 500);
  });
});

Deno.test("hashes of a postgrey with --privacy are one error", async () => {
  await withPostgrey(async (port, old, directory) => {
    await askAll(port, KNOWN);
    await runSteps(old, directory);
    const file = `${directory}/triplets.txt`;
    const { code, err } = await Daemon.run([
      "import",
      "postgrey",
      file,
      `--database=${directory}/new/g.db`,
    ]);
    assertEquals(code, 1);
    const errors = err.split("\n").filter((line) => line.includes(file));
    assertEquals(errors.length, 1, err);
    assertStringIncludes(errors[0]!, "20 of 20 keys are hashes");
  }, ["--privacy"]);
});
