import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually } from "../eventually.ts";

Deno.test("triplets are known after a restart, and after a kill -9", async () => {
  await inDirectory(async (directory) => {
    const port = freePort();
    const args = ["--inet", `${port}`, `--database=${directory}/g.db`, "--accept-test-time"];
    const first = await Daemon.start(args);
    assertStringIncludes(await first.ask({ policy_test_time: "1000000" }), "DEFER_IF_PERMIT");
    await first.kill();
    const second = await Daemon.start(args);
    assertStringIncludes(await second.ask({ policy_test_time: "1000301" }), "PREPEND");
    assertEquals(await second.stop("SIGTERM"), 0);
    const third = await Daemon.start(args);
    assertEquals(await third.ask({ policy_test_time: "1000400" }), "action=DUNNO\n\n");
    assertEquals(await third.stop("SIGINT"), 0);
    assertStringIncludes(third.log, "stopped after 1 requests");
  });
});

Deno.test("SIGHUP rereads the file; a broken file keeps the old settings and says so", async () => {
  await inDirectory(async (directory) => {
    const config = `${directory}/greylag.toml`;
    const write = (text: string) => Deno.writeTextFile(config, text);
    await write('delay = "5m"\n');
    const daemon = await Daemon.start([
      `--config=${config}`,
      `--unix=${directory}/policy`,
      `--database=${directory}/g.db`,
    ]);
    assertStringIncludes(await daemon.ask({ sender: "a@x.example" }), "in 300 seconds");

    await write('delay = "7m"\nprivacy = true\n');
    await daemon.reload("configuration reread");
    assertStringIncludes(await daemon.ask({ sender: "b@x.example" }), "in 420 seconds");
    assertStringIncludes(daemon.log, "only at a restart: privacy");

    // Back to what the daemon started with.
    const before = daemon.log.length;
    await write('delay = "7m"\n');
    await daemon.reload("configuration reread");
    assert(!daemon.log.slice(before).includes("only at a restart"), daemon.log);

    await write('dealy = "9m"\n');
    await daemon.reload("old settings stay in force");
    assertStringIncludes(daemon.log, `${config}:1: dealy`);
    assertStringIncludes(await daemon.ask({ sender: "c@x.example" }), "in 420 seconds");
    await daemon.stop("SIGTERM");
  });
});

Deno.test("SIGHUP does not wait for the writer of a pipe in place of the file", async () => {
  await inDirectory(async (directory) => {
    const config = `${directory}/greylag.toml`;
    await Deno.writeTextFile(config, 'delay = "5m"\n');
    const daemon = await Daemon.start([
      `--config=${config}`,
      `--unix=${directory}/policy`,
      `--database=${directory}/g.db`,
    ]);
    await Deno.remove(config);
    await new Deno.Command("mkfifo", { args: [config] }).output();
    await daemon.reload("old settings stay in force");
    assertStringIncludes(daemon.log, `${config}: is a pipe, not a regular file`);
    assertStringIncludes(await daemon.ask({ sender: "c@x.example" }), "in 300 seconds");
    await daemon.stop("SIGTERM");
  });
});

Deno.test("a socket or port in use is an error that names it, and exits with 1", async () => {
  await inDirectory(async (directory) => {
    const args = [`--unix=${directory}/policy`, `--database=${directory}/g.db`];
    const first = await Daemon.start(args);
    const second = await Daemon.run(["serve", ...args]);
    assertEquals(second.code, 1);
    assertStringIncludes(second.err, `${directory}/policy`);
    assertStringIncludes(second.err, "another process listens there");
    await first.stop("SIGTERM");
    assertEquals(await Deno.stat(`${directory}/policy`).catch(() => "gone"), "gone");
  });
});

Deno.test("a command line of postgrey works with only the program's name changed", async () => {
  await inDirectory(async (directory) => {
    const port = freePort();
    const daemon = await Daemon.startCommand([
      `--inet=${port}`,
      "-d",
      `--dbdir=${directory}/db`,
      "--delay=300",
      "--max-age=35",
      "--retry-window=6h",
      "--auto-whitelist-clients",
      "--greylist-text=Retry in %s seconds",
      "--user=postgrey",
    ]);
    assertStringIncludes(await daemon.ask(), "4.7.1 Retry in 300 seconds");
    assertStringIncludes(daemon.log, "-d has no effect");
    assert((await Deno.stat(`${directory}/db/greylag.db`)).isFile);
    await daemon.stop("SIGTERM");
  });
});

Deno.test("without its database the daemon passes mail, logs it, and recovers", async () => {
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/db`, "a file where the directory should be");
    const port = freePort();
    const daemon = await Daemon.start([`--inet=${port}`, `--database=${directory}/db/g.db`]);
    for (let turn = 0; turn < 3; turn++) assertEquals(await daemon.ask(), "action=DUNNO\n\n");
    await daemon.waitFor("all mail passes");
    assertEquals(daemon.log.split("all mail passes").length, 2);
    await Deno.remove(`${directory}/db`);
    await eventually(
      "the database is used",
      async () => (await daemon.ask()).includes("DEFER_IF_PERMIT"),
    );
    await daemon.waitFor("the database works again");
    await daemon.stop("SIGTERM");
  });
});

Deno.test("decisions are logged a line each, as text or JSON", async () => {
  await inDirectory(async (directory) => {
    const port = freePort();
    const daemon = await Daemon.start([
      `--inet=${port}`,
      `--database=${directory}/g.db`,
      "--log-format=json",
    ]);
    await daemon.ask({ recipient: "x\x1b[2J@example.net" });
    await daemon.stop("SIGTERM");
    const lines = daemon.log.trim().split("\n").map((line) => JSON.parse(line));
    const decision = lines.find((line) => line.event === "decision");
    assertEquals(decision.recipient, "x\x1b[2J@example.net");
    assertMatch(daemon.log, /^[\x20-\x7e\n]*$/);
  });
});

Deno.test("under journald every line begins with its priority and has no time of its own", async () => {
  await inDirectory(async (directory) => {
    const port = freePort();
    const daemon = await Daemon.start(
      [`--inet=${port}`, `--database=${directory}/g.db`],
      { journald: true },
    );
    await daemon.ask();
    await daemon.stop("SIGTERM");
    for (const line of daemon.log.trim().split("\n")) assertMatch(line, /^<[3467]>[A-Za-z/]/);
    assertStringIncludes(daemon.log, "<6>action=greylist, reason=new, client_name=unknown");
  });
});
