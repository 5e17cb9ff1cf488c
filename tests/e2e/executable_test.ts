import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bundleOf, THREADS } from "../../release/bundle.ts";
import { RUN_FLAGS } from "../../release/compile.ts";
import { sh } from "../clean_up.ts";
import { Daemon, inDirectory } from "../daemon.ts";

const EXECUTABLE = Deno.env.get("GREYLAG_EXECUTABLE") ?? "";
const ignore = EXECUTABLE === "";

interface Permissions {
  readonly [kind: string]: readonly string[] | boolean | null;
}

/** The permissions that `deno compile` has written behind the runtime. */
async function permissionsOf(path: string): Promise<Permissions> {
  const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
  const [, json] = /"permissions":(\{[^}]*\})/.exec(text)!;
  return JSON.parse(json!);
}

Deno.test({
  name: "the executable has exactly the permissions that it needs",
  ignore,
  async fn() {
    const permissions = await permissionsOf(EXECUTABLE);
    const granted = Object.entries(permissions).filter(([kind, value]) =>
      kind.startsWith("allow_") && kind !== "allow_import" && value !== null
    );
    assertEquals(Object.fromEntries(granted), {
      allow_env: [
        "GREYLAG_*",
        "JOURNAL_STREAM",
        "NOTIFY_SOCKET",
        "RUNTIME_DIRECTORY",
        "WATCHDOG_USEC",
        "SUDO_USER",
        "USER",
      ],
      allow_net: [],
      allow_read: [],
      allow_sys: ["hostname", "statfs"],
      allow_write: [],
    });
    assertEquals([permissions["prompt"], permissions["deny_import"]], [false, []]);
  },
});

Deno.test({
  name: "an executable with these permissions cannot start a program or load a library",
  ignore: Deno.env.get("DENORT_BIN") === undefined,
  async fn() {
    await inDirectory(async (directory) => {
      const attempts = {
        run: `new Deno.Command("/bin/true").outputSync()`,
        child: `(await import("node:child_process")).execFileSync("/bin/true")`,
        ffi:
          `Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", { getpid: { parameters: [], result: "i32" } })`,
        env: `Deno.env.get("HOME")`,
        all: `Deno.env.toObject()`,
        sys: `Deno.uid()`,
        import: `await import("https://jsr.io/x.ts")`,
      };
      const script = `const attempts = {${
        Object.entries(attempts).map(([name, code]) => `${name}: async () => { ${code} }`).join(
          ", ",
        )
      }};
      for (const [name, attempt] of Object.entries(attempts)) {
        try { await attempt(); console.log(name, "worked"); }
        catch (error) { console.log(name, error.name, error.code ?? ""); }
      }`;
      await Deno.writeTextFile(`${directory}/main.ts`, script);
      const compiled = await new Deno.Command(Deno.execPath(), {
        args: [
          "compile",
          "--no-check",
          ...RUN_FLAGS,
          "--output",
          `${directory}/out`,
          `${directory}/main.ts`,
        ],
        cwd: directory,
        stderr: "piped",
      }).output();
      assert(compiled.success, new TextDecoder().decode(compiled.stderr));
      const { stdout } = await new Deno.Command(`${directory}/out`, { clearEnv: true }).output();
      const output = new TextDecoder().decode(stdout);
      assertEquals(output.split("\n").filter((line) => line.includes("worked")), [], output);
      for (const name of ["run", "ffi", "env", "all", "sys"]) {
        assertStringIncludes(output, `${name} NotCapable`);
      }
      assertEquals(output.trim().split("\n").length, Object.keys(attempts).length, output);
    });
  },
});

Deno.test({
  name: "the executable runs in an empty environment and adds less than 3 MB to the runtime",
  ignore,
  async fn() {
    const { stdout, success } = await new Deno.Command(EXECUTABLE, {
      args: ["version"],
      clearEnv: true,
    })
      .output();
    assert(success);
    assertStringIncludes(new TextDecoder().decode(stdout), "greylag ");
    const runtime = Deno.env.get("DENORT_BIN");
    if (runtime === undefined) return;
    const larger = (await Deno.stat(EXECUTABLE)).size - (await Deno.stat(runtime)).size;
    assert(larger < 3e6, `${larger} bytes larger`);
  },
});

Deno.test({
  name: "the executable contains the bundles of the program and its threads, and no source",
  ignore,
  async fn() {
    const text = new TextDecoder("latin1").decode(await Deno.readFile(EXECUTABLE));
    const names = [...text.matchAll(/\{"File":\{"n":"([^"]+)"/g)].map(([, name]) => name!);
    const entries = names.filter((name) => !/^[a-z_]+-\d+\.js$/.test(name));
    const threads = THREADS.map((path) => bundleOf(path).split("/").at(-1)!);
    assertEquals(entries.sort(), ["commit", "main.js", ...threads].sort());
  },
});

Deno.test({
  name: "the executable names its commit",
  ignore: ignore || Deno.env.get("DENORT_BIN") === undefined,
  async fn() {
    const { stdout } = await new Deno.Command(EXECUTABLE, { args: ["version", "--json"] }).output();
    const { commit } = JSON.parse(new TextDecoder().decode(stdout));
    const isKnown = await sh("git rev-parse HEAD").then(() => true, () => false);
    if (isKnown) await sh(`git cat-file -e ${commit.replace("-dirty", "")}`);
    else assertEquals(commit, null);
  },
});

Deno.test({
  name: "builds of the same files in two directories are the same, byte for byte",
  ignore: Deno.env.get("DENORT_BIN") === undefined,
  async fn() {
    await inDirectory(async (directory) => {
      const [copy, output] = [`${directory}/copy/of`, `${directory}/greylag`];
      await sh(`mkdir -p ${copy} && tar --create --exclude ./dist . | tar --extract -C ${copy}`);
      const compile = "run --allow-all release/compile.ts";
      await sh(`${Deno.execPath()} ${compile} --output ${output}`);
      await sh(`cd ${copy} && ${Deno.execPath()} ${compile}`);
      await sh(`cmp ${output} ${copy}/dist/greylag`);
    });
  },
});

Deno.test("the first request is answered", async () => {
  await inDirectory(async (directory) => {
    const begin = performance.now();
    const daemon = await Daemon.start([`--unix=${directory}/p`, `--database=${directory}/g.db`]);
    assertStringIncludes(await daemon.ask(), "DEFER");
    // No limit on a shared machine; bench/RESULTS.md has the time.
    const took = Math.round(performance.now() - begin);
    await Deno.stdout.write(new TextEncoder().encode(`start to first reply: ${took} ms\n`));
    assertEquals(await daemon.stop(), 0);
  });
});
