import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Daemon, inDirectory } from "../daemon.ts";

interface Done {
  readonly code: number;
  readonly said: string;
  /** What of it went to standard error. */
  readonly complained: string;
}

async function run(program: string, ...args: string[]): Promise<Done> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const decoder = new TextDecoder();
  const complained = decoder.decode(stderr);
  return { code, said: decoder.decode(stdout) + complained, complained };
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
    const { said, complained } = await run("man", "--warnings=all", "-E", "UTF-8", "-l", path);
    assertMatch(said, /GREYLAG\(8\)/);
    assertStringIncludes(said, "--retry-window TIME");
    assertEquals(complained, "");
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
    assertEquals(inBash.said, "release\n--for\n");
    const fish = await written(directory, "greylag.fish", "completions", "fish");
    const inFish = await run(
      "fish",
      "--no-config",
      "-c",
      `source ${fish}; complete -C 'greylag rel'; complete -C 'greylag release --f'`,
    );
    assertMatch(inFish.said, /^release\t/m);
    assertMatch(inFish.said, /^--for\t/m);
    const zsh = await written(directory, "_greylag", "completions", "zsh");
    const inZsh = await run(
      "zsh",
      "-fc",
      `autoload -U compinit; compinit -D; . ${zsh}; echo $_comps[greylag]; zsh -n ${zsh}`,
    );
    assertEquals(inZsh.said, "_greylag\n");
  });
});

Deno.test("systemd verifies the unit and rates its exposure as low", async () => {
  await inDirectory(async (directory) => {
    const unit = await written(directory, "greylag.service", "unit", "--executable", "/bin/true");
    const verified = await run("systemd-analyze", "verify", "--man=no", unit);
    assertEquals(verified.said.replaceAll(/^.*(?:Failed to|not-found).*\n/gm, ""), "");
    const rated = await run("systemd-analyze", "security", "--offline=yes", "--threshold=20", unit);
    assertEquals(rated.code, 0, rated.said);
    assertMatch(rated.said, /exposure level for greylag.service: 1\.\d OK/);
  });
});
