import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";

/** The executable under test, which .ci/run makes; the source has no permissions baked in. */
const EXECUTABLE = Deno.env.get("GREYLAG_EXECUTABLE") ?? "";
const ignore = EXECUTABLE === "";

interface Baked {
  readonly [kind: string]: readonly string[] | boolean | null;
}

/** The permissions that an executable has in it, as `deno compile` writes them behind the runtime. */
async function bakedInto(path: string): Promise<Baked> {
  const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
  const [, json] = /"permissions":(\{[^}]*\})/.exec(text)!;
  return JSON.parse(json!);
}

Deno.test({
  name: "what is baked in is what is needed: nothing can be started, no library loaded",
  ignore,
  async fn() {
    const baked = await bakedInto(EXECUTABLE);
    const granted = Object.entries(baked).filter(([kind, value]) =>
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
    assertEquals([baked["prompt"], baked["deny_import"]], [false, []]);
  },
});

Deno.test({
  name: "an executable with these permissions cannot start a program or load a library",
  ignore: Deno.env.get("DENORT_BIN") === undefined,
  async fn() {
    await inDirectory(async (directory) => {
      const { RUN_FLAGS } = await import("../../release/compile.ts");
      const tries = {
        run: `new Deno.Command("/bin/true").outputSync()`,
        child: `(await import("node:child_process")).execFileSync("/bin/true")`,
        ffi:
          `Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", { getpid: { parameters: [], result: "i32" } })`,
        env: `Deno.env.get("HOME")`,
        all: `Deno.env.toObject()`,
        sys: `Deno.uid()`,
        import: `await import("https://jsr.io/x.ts")`,
      };
      const script = `const tries = {${
        Object.entries(tries).map(([name, code]) => `${name}: async () => { ${code} }`).join(", ")
      }};
      for (const [name, attempt] of Object.entries(tries)) {
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
      const said = new TextDecoder().decode(stdout);
      assertEquals(said.split("\n").filter((line) => line.includes("worked")), [], said);
      for (const name of ["run", "ffi", "env", "all", "sys"]) {
        assertStringIncludes(said, `${name} NotCapable`);
      }
      assertEquals(said.trim().split("\n").length, Object.keys(tries).length, said);
    });
  },
});

Deno.test({
  name: "it runs in an empty environment, and is little larger than an empty program",
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
    assert(larger < 10e6, `${larger} bytes larger`);
  },
});

Deno.test("it answers its first request in well under a second from its start", async () => {
  await inDirectory(async (directory) => {
    const begin = performance.now();
    const daemon = await Daemon.start([`--unix=${directory}/p`, `--database=${directory}/g.db`]);
    assertStringIncludes(await daemon.ask(), "DEFER");
    // No limit on a shared machine: the time is told, and kept in bench/RESULTS.md.
    const took = Math.round(performance.now() - begin);
    await Deno.stdout.write(new TextEncoder().encode(`start to first answer: ${took} ms\n`));
    assertEquals(await daemon.stop(), 0);
  });
});
