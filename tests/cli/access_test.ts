import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openStore } from "../../lib/store/open.ts";
import { type CommandResult, Daemon, inDirectory } from "../daemon.ts";

const NOBODY = 65_534;

/** Runs commands as a user who may not do more than the modes of files say. */
async function runUnprivileged(commands: readonly string[][]): Promise<CommandResult[]> {
  const driver = new URL("./run_each.ts", import.meta.url).pathname;
  const args = ["run", "--no-check", "--allow-all", driver, JSON.stringify(commands)];
  // Root without these capabilities is refused like any other user.
  const drop = ["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"];
  const isRoot = Deno.uid() === 0;
  const { stdout, stderr, success } = await new Deno.Command(
    isRoot ? "setpriv" : Deno.execPath(),
    { args: isRoot ? [...drop, Deno.execPath(), ...args] : args },
  ).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function giveAway(path: string, mode: number): Promise<void> {
  if (Deno.uid() === 0) await Deno.chown(path, NOBODY, NOBODY);
  await Deno.chmod(path, mode);
}

const COMMANDS: readonly string[][] = [
  ["find", "alice@example.org"],
  ["lost"],
  ["release", "17"],
  ["expect", "bob@example.net"],
  ["allow", "192.0.2.1", "--note=our branch"],
  ["block", "192.0.2.1"],
  ["always-greylist", "192.0.2.1"],
  ["trap", "old@example.net"],
  ["unlist", "1"],
  ["list"],
  ["stats"],
  ["explain", "--client=192.0.2.1", "--sender=a@example.org", "--recipient=b@example.net"],
  ["doctor"],
  ["passwd", "--remove"],
  ["token", "list"],
  ["backup", "/tmp/never-written"],
  ["forget", "alice@example.org"],
  ["import", "postfix", "-"],
];

Deno.test("doctor says which sockets of Postfix's configuration it may not check", async () => {
  await inDirectory(async (directory) => {
    const closed = `${directory}/closed`;
    await Deno.mkdir(closed);
    using _listener = Deno.listen({ transport: "unix", path: `${closed}/policy` });
    await giveAway(closed, 0o700);
    const postconf = `${directory}/postconf`;
    const policy = `check_policy_service unix:${closed}/policy`;
    await Deno.writeTextFile(
      postconf,
      `smtpd_recipient_restrictions = reject_unauth_destination, ${policy}\n`,
    );
    const [result] = await runUnprivileged([["doctor", postconf]]);
    assertStringIncludes(
      result!.out,
      `advice: cannot check whether a program listens on unix:${closed}/policy of Postfix's ` +
        "configuration: permission denied\n    Run the command as root.\n",
    );
    assertEquals(result!.out.includes("where no program listens"), false);
  });
});

Deno.test("without permission on the database every command says so and names sudo", async () => {
  await inDirectory(async (directory) => {
    const data = `${directory}/data`;
    const database = `${data}/g.db`;
    await Deno.mkdir(data);
    openStore({ database, privacy: false }).close();
    const config = `${directory}/greylag.toml`;
    const text = `database = "${database}"\nlisten = ["unix:${directory}/no"]\nstatus = "off"\n` +
      'spf = "off"\n';
    await Deno.writeTextFile(config, text);
    const commands = COMMANDS.map((args) => [...args, `--config=${config}`]);
    await giveAway(database, 0o600);
    // The file is unreadable first, then its directory, then the configuration.
    const locks: [path: string, mode: number, shown: string][] = [
      [database, Deno.uid() === 0 ? 0o600 : 0, database],
      [data, 0, database],
      [config, 0, config],
    ];
    for (const [path, mode, shown] of locks) {
      await giveAway(path, mode);
      const results = await runUnprivileged(commands);
      for (const [at, { code, out, err }] of results.entries()) {
        const [name = ""] = commands[at]!;
        assertEquals([code, out], [1, ""], `${name}: ${err}`);
        assertStringIncludes(err, `greylag: no permission on ${shown}. Run: sudo greylag ${name}`);
        assertEquals(err.split("\n").length, 2, err);
      }
      assertStringIncludes(
        results[4]!.err,
        `allow 192.0.2.1 '--note=our branch' --config=${config}`,
      );
    }
    await Deno.chmod(data, 0o700);
  });
});

Deno.test("an output that cannot be written is one sentence, and a closed pipe is none", async () => {
  const [program, args] = Daemon.command(["config"]);
  const shell = async (redirection: string) => {
    const script = `"$@" ${redirection}`;
    const { code, stderr } = await new Deno.Command("/bin/sh", {
      args: ["-c", script, "sh", program, ...args],
      stdout: "null",
      stderr: "piped",
    }).output();
    return { code, err: new TextDecoder().decode(stderr) };
  };
  assertEquals(await shell("> /dev/full"), {
    code: 1,
    err: "greylag: cannot write to standard output: no space left on device\n",
  });
  assertEquals(await shell("| true"), { code: 0, err: "" });
  const closed = await shell(">&-");
  assert(!closed.err.includes("    at "), closed.err);
});

Deno.test("a path of the wrong kind is one sentence", async () => {
  await inDirectory(async (directory) => {
    const file = `${directory}/file`;
    await Deno.writeTextFile(file, "");
    const table: [args: string[], expected: string][] = [
      [["list", `--database=${file}/g.db`], "not a directory"],
      [["list", `--database=${directory}`], "database"],
      [["list", "--database=/dev/null"], "database /dev/null"],
      [["config", `--config=${directory}`], `configuration ${directory}: is a directory`],
      [["config", `--config=${file}/x`], "not a directory"],
      [["doctor", directory, `--database=${file}`], `cannot read ${directory}: is a directory`],
      [["list", "files", `--config=${file}`], ""],
    ];
    for (const [args, expected] of table) {
      const { code, out, err } = await Daemon.run(args);
      assertStringIncludes(err, expected, args.join(" "));
      assert(!err.includes("    at ") && !err.includes("os error"), err);
      assert(code === 1 || expected === "", `${args.join(" ")}: ${code} ${out}`);
    }
  });
});

Deno.test("an import that may not create the database or read a file says so", async () => {
  await inDirectory(async (directory) => {
    const data = `${directory}/data`;
    const secret = `${directory}/secret`;
    await Deno.mkdir(data);
    await Deno.mkdir(secret);
    await Deno.writeTextFile(`${secret}/mail.log`, "");
    await Deno.writeTextFile(`${directory}/mail.log`, "");
    for (const path of [data, secret]) await giveAway(path, path === data ? 0o755 : 0);
    const database = `${data}/g.db`;
    const [create, read, list] = await runUnprivileged([
      ["import", "postfix", `${directory}/mail.log`, `--database=${database}`],
      ["import", "postfix", `${secret}/mail.log`, `--database=${directory}/g.db`],
      ["import", "postgrey", secret, `--database=${directory}/g.db`],
    ]);
    assertEquals(
      [create!.code, create!.err],
      [
        1,
        `greylag: no permission on ${database}. Run: sudo greylag import postfix ` +
        `${directory}/mail.log --database=${database}\n`,
      ],
    );
    for (const [path, { code, err }] of [[`${secret}/mail.log`, read!], [secret, list!]] as const) {
      assertEquals([code, err], [1, `greylag: cannot read ${path}: permission denied\n`]);
    }
    // So that the directory can be removed.
    await giveAway(secret, 0o755);
  });
});
