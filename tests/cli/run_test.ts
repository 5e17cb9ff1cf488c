import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { allCommands, COMMAND_NAMES } from "../../lib/cli/commands.ts";
import { OutputError } from "../../lib/cli/output.ts";
import { run } from "../../lib/cli/run.ts";
import { VERSION } from "../../lib/config/version.ts";
import { inDirectory } from "../daemon.ts";
import { greylag } from "./database.ts";

Deno.test("every command has help within 80 columns, by its option and by its name", async () => {
  for (const { name, summary } of await allCommands()) {
    const byOption = await greylag(name, "--help");
    assertEquals(byOption.code, 0, name);
    assertStringIncludes(byOption.out, summary);
    assertEquals((await greylag("help", name)).out, byOption.out);
    assertEquals((await greylag(name, "-h")).out, byOption.out);
    for (const line of byOption.out.split("\n")) assert(line.length <= 80, line);
  }
  const program = await greylag("help");
  assertEquals((await greylag("--help")).out, program.out);
  for (const { name } of await allCommands()) assertStringIncludes(program.out, `  ${name} `);
});

Deno.test("every command has the name by which it is loaded", async () => {
  assertEquals((await allCommands()).map(({ name }) => name), COMMAND_NAMES);
});

Deno.test("wrong usage exits with 2 and suggests the closest name", async () => {
  const table: [string[], string][] = [
    [["serv"], 'did you mean "serve"?'],
    [["zzzzzzz"], 'unknown command "zzzzzzz"'],
    [["config", "--chek"], "did you mean --check?"],
    [["serve", "--retry-windw=2d"], "did you mean --retry-window?"],
    [["--dealy=3"], "did you mean --delay?"],
    [["config", "--delay"], "--delay needs a value"],
    [["config", "--delay", "--check"], "--delay needs a value"],
    [["config", "extra"], 'unexpected argument "extra"'],
    [["version", "extra"], 'unexpected argument "extra"'],
    [["help", "serve", "config"], 'unexpected argument "config"'],
    [["config", "--delay=soon"], "flag --delay"],
    [["config", "--privacy=no"], "write --privacy or --no-privacy"],
    [["config", "-x"], "unknown option -x"],
  ];
  for (const [args, expected] of table) {
    const { code, err, out } = await greylag(...args);
    assertEquals([code, out], [2, ""], args.join(" "));
    assertStringIncludes(err, expected);
  }
  const { code, err } = await greylag();
  assertEquals(code, 2);
  assertStringIncludes(err, "Usage: greylag COMMAND");
});

Deno.test("an error that nobody expects is one line with its place", async () => {
  let err = "";
  const code = await run(["version"], {
    print() {
      throw new TypeError("no such\nthing");
    },
    complain: (text) => err += text,
    progress() {},
  });
  assertEquals(code, 1);
  assertMatch(
    err,
    /^greylag: internal error; [^\n]+: TypeError: no such\\u\{a\}thing \(run_test\.ts:\d+:\d+\)\n$/,
  );
});

Deno.test("help that cannot be written is one line of error", async () => {
  for (const args of [["--help"], ["help"], ["config", "--help"], ["version"], ["--version"]]) {
    let err = "";
    const code = await run(args, {
      print() {
        throw new OutputError(new Error("No space left on device (os error 28)"));
      },
      complain: (text) => err += text,
      progress() {},
    });
    const expected = "greylag: cannot write to standard output: no space left on device\n";
    assertEquals([code, err], [1, expected], args.join(" "));
  }
});

Deno.test("the version is shown", async () => {
  for (const args of [["version"], ["--version"]]) {
    const { code, out } = await greylag(...args);
    assertEquals(code, 0);
    assert(/^greylag \d+\.\d+\.\d+ /.test(out));
  }
});

Deno.test("version --json names the commit, Deno, SQLite and the system", async () => {
  const { code, out } = await greylag("version", "--json");
  assertEquals(code, 0);
  const { version, commit, deno, sqlite, target } = JSON.parse(out);
  assertEquals([version, deno, target], [VERSION, Deno.version.deno, Deno.build.target]);
  assertEquals(commit, null, "a checkout is not a build");
  assertMatch(sqlite, /^3\.\d+\.\d+$/);
});

Deno.test("config shows every setting with its source, as a valid file", async () => {
  const { code, out } = await greylag("config", "--delay=300", "--max-age", "10");
  assertEquals(code, 0);
  assert(/^delay = "300s" +# flag --delay$/m.test(out), out);
  assert(/^lifetime = "10d" +# flag --lifetime$/m.test(out), out);
  assert(/^mode = "auto" +# default$/m.test(out), out);
  await inDirectory(async (directory) => {
    const path = `${directory}/greylag.toml`;
    await Deno.writeTextFile(path, out);
    const again = await greylag("config", "--config", path, "--json");
    assertEquals(JSON.parse(again.out).delay, { value: "300s", source: `${path}:6` });
  });
});

Deno.test("config --check is silent for a correct file and exits with 1 for a broken one", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/greylag.toml`;
    await Deno.writeTextFile(path, 'delay = "2m"\n');
    assertEquals(await greylag("config", "--check", "--config", path), {
      code: 0,
      out: "",
      err: "",
    });
    await Deno.writeTextFile(path, '\ndealy = "2m"\n');
    const { code, err } = await greylag("config", "--check", "--config", path);
    assertEquals(code, 1);
    assertStringIncludes(err, `${path}:2: dealy: unknown setting; did you mean delay?`);
    assertEquals((await greylag("config", "--check", "--config", "/nowhere.toml")).code, 1);
  });
});

Deno.test("postgrey's options without effect are reported", async () => {
  const { code, err } = await greylag("config", "--check", "--daemonize", "--user=postgrey");
  assertEquals(code, 0);
  assertStringIncludes(err, "--daemonize has no effect");
  assertStringIncludes(err, "--user has no effect");
});

Deno.test("config --check reads the list files and reports their errors", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/clients`;
    await Deno.writeTextFile(path, "example.org\nroot:$6$secret:19000::::\n");
    const files = `--whitelist-clients=${path},${directory}/missing`;
    const { code, out, err } = await greylag("config", "--check", files);
    assertEquals([code, out], [1, ""]);
    assertStringIncludes(err, `${path}:2: not an address`);
    assertStringIncludes(err, `cannot read the list file ${directory}/missing: no such file`);
    assert(!err.includes("secret"), err);
    assertEquals((await greylag("list", "files", files)).code, 2);
    await Deno.writeTextFile(path, "example.org\n");
    const correct = await greylag("config", "--check", `--whitelist-clients=${path}`);
    assertEquals(correct, { code: 0, out: "", err: "" });
  });
});

Deno.test("config --check reports settings without effect, and fails for a port used twice", async () => {
  const ineffective = await greylag("config", "--check", "--spf=off", "--spf-fail=block");
  assertEquals(ineffective.code, 0);
  assertStringIncludes(ineffective.err, 'flag --spf-fail: spf_fail has no effect: spf = "off"');
  const twice = await greylag("config", "--check", "--listen=inet:10623");
  assertEquals(twice.code, 1);
  assertStringIncludes(twice.err, "the page cannot listen there");
});
