import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";

interface Result {
  readonly code: number;
  /** Standard output and standard error. */
  readonly output: string;
  readonly err: string;
}

async function run(program: string, ...args: string[]): Promise<Result> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const decoder = new TextDecoder();
  const err = decoder.decode(stderr);
  return { code, output: decoder.decode(stdout) + err, err };
}

async function written(directory: string, name: string, ...args: string[]): Promise<string> {
  const path = `${directory}/${name}`;
  const { code, out } = await Daemon.run(args);
  assertEquals(code, 0);
  await Deno.writeTextFile(path, out);
  return path;
}

Deno.test("man shows the manual without a warning", async () => {
  await inDirectory(async (directory) => {
    const path = await written(directory, "greylag.8", "manual");
    const { output, err } = await run("man", "--warnings=all", "-E", "UTF-8", "-l", path);
    assertMatch(output, /GREYLAG\(8\)/);
    assertStringIncludes(output, "--retry-window TIME");
    assertEquals(err, "");
  });
});

Deno.test("the shells complete commands and options", async () => {
  await inDirectory(async (directory) => {
    const bash = await written(directory, "greylag.bash", "completions", "bash");
    const words = (...line: string[]) =>
      `COMP_WORDS=(${line.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${line.length - 1}; ` +
      `_greylag; echo "\${COMPREPLY[@]}"`;
    const inBash = await run(
      "bash",
      "-c",
      `. ${bash}; ${words("greylag", "rel")}; ${words("greylag", "release", "--f")}`,
    );
    assertEquals(inBash.output, "release\n--for\n");
    const fish = await written(directory, "greylag.fish", "completions", "fish");
    const inFish = await run(
      "fish",
      "--no-config",
      "-c",
      `source ${fish}; complete -C 'greylag rel'; complete -C 'greylag release --f'`,
    );
    assertMatch(inFish.output, /^release\t/m);
    assertMatch(inFish.output, /^--for\t/m);
    const zsh = await written(directory, "_greylag", "completions", "zsh");
    const inZsh = await run(
      "zsh",
      "-fc",
      `autoload -U compinit; compinit -D; . ${zsh}; echo $_comps[greylag]; zsh -n ${zsh}`,
    );
    assertEquals(inZsh.output, "_greylag\n");
  });
});

Deno.test("systemd-analyze accepts the unit and rates its exposure below 2", async () => {
  await inDirectory(async (directory) => {
    const unit = await written(directory, "greylag.service", "unit", "--executable", "/bin/true");
    const verified = await run("systemd-analyze", "verify", "--man=no", unit);
    assertEquals(verified.output.replaceAll(/^.*(?:Failed to|not-found).*\n/gm, ""), "");
    const rated = await run("systemd-analyze", "security", "--offline=yes", "--threshold=20", unit);
    assertEquals(rated.code, 0, rated.output);
    assertMatch(rated.output, /exposure level for greylag.service: 1\.\d OK/);
  });
});
