import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { checkRegular, isDescriptor } from "../../lib/files/regular_file.ts";
import { Daemon, inDirectory } from "../daemon.ts";

async function makePipe(path: string): Promise<void> {
  await new Deno.Command("mkfifo", { args: [path] }).output();
}

Deno.test("only a regular file is read, also behind a symbolic link", async () => {
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/file`, "");
    await Deno.symlink("file", `${directory}/link`);
    await makePipe(`${directory}/pipe`);
    await Deno.symlink("pipe", `${directory}/link-to-pipe`);
    using _socket = Deno.listen({ transport: "unix", path: `${directory}/socket` });
    checkRegular(`${directory}/file`);
    checkRegular(`${directory}/link`);
    const table: [path: string, kind: string][] = [
      [directory, "a directory"],
      [`${directory}/pipe`, "a pipe"],
      [`${directory}/link-to-pipe`, "a pipe"],
      [`${directory}/socket`, "a socket"],
      ["/dev/null", "a device"],
    ];
    for (const [path, kind] of table) {
      const { message } = assertThrows(() => checkRegular(path), Error);
      assertEquals(message, `is ${kind}, not a regular file`);
    }
    assertThrows(() => checkRegular(`${directory}/none`), Deno.errors.NotFound);
  });
});

Deno.test("the path of an open descriptor is known", () => {
  assertEquals(
    ["/dev/fd/63", "/dev/fd/", "/dev/fd/../sda", "/tmp/dev/fd/63", "/dev/stdin"].map(isDescriptor),
    [true, false, false, false, false],
  );
});

Deno.test("/dev/null is a file without content", async () => {
  await inDirectory(async (directory) => {
    const args = ["--config=/dev/null", "--whitelist-clients=/dev/null"];
    const { code, err } = await Daemon.run(["config", "--check", ...args]);
    assertEquals([code, err], [0, ""]);
    const daemon = await Daemon.start([
      ...args,
      `--unix=${directory}/policy`,
      `--database=${directory}/g.db`,
    ]);
    await daemon.reload("configuration reread");
    assertEquals(await daemon.stop(), 0);
  });
});

Deno.test("no setting that names a file makes a command wait for the writer of a pipe", async () => {
  await inDirectory(async (directory) => {
    const pipe = `${directory}/pipe`;
    await makePipe(pipe);
    const database = `--database=${directory}/g.db`;
    const share = [`--status=unix:${directory}/page`, "--share=https://mx2.example.net", database];
    await Deno.writeTextFile(`${directory}/share.key`, "x".repeat(40));
    await makePipe(`${directory}/p.db.key`);
    await makePipe(`${directory}/s.db.secret`);
    const users = ["--public-url=https://mail.example.net", database];
    const table: readonly (readonly string[])[] = [
      ["config", `--config=${pipe}`],
      ["config", "--check", `--whitelist-clients=${pipe}`],
      ["config", "--check", `--whitelist-recipients=${pipe}`],
      ["config", "--check", `--user-files=${pipe}`, ...users],
      ["serve", `--share-password-file=${pipe}`, ...share],
      [
        "serve",
        `--share-password-file=${directory}/share.key`,
        `--share-ca-file=${pipe}`,
        ...share,
      ],
      ["serve", "--status=off", `--database=${directory}/p.db`, "--privacy"],
      ["secret", "rotate", "webhook", `--database=${directory}/s.db`],
      ["serve", "--status=off", `--database=${pipe}`],
    ];
    const results = await Promise.all(table.map(async (args) => {
      const more = args[0] === "serve"
        ? [`--listen=unix:${directory}/${crypto.randomUUID().slice(0, 8)}`]
        : [];
      // The daemon runs on, with an error in its log.
      const [program, all] = Daemon.command([...args, ...more]);
      const { stderr } = await new Deno.Command("timeout", { args: ["4", program, ...all] })
        .output();
      return new TextDecoder().decode(stderr);
    }));
    for (const [at, err] of results.entries()) {
      assertStringIncludes(err, "is a pipe, not a regular file", table[at]!.join(" "));
    }
  });
});

Deno.test("a command reads its settings from a descriptor, the daemon does not", async () => {
  const [program, all] = Daemon.command([]);
  const bash = async (command: string) => {
    const script = `"$@" ${command} --config=<(echo 'delay = "42s"')`;
    const { stdout, stderr } = await new Deno.Command("timeout", {
      args: ["10", "bash", "-c", script, "bash", program, ...all],
    }).output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  };
  assertStringIncludes(await bash("config"), 'delay = "42s"');
  assertStringIncludes(await bash("serve"), "is a pipe, not a regular file");
});
