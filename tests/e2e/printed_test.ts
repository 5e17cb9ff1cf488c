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

/** Types each line into a shell on a terminal, presses Tab, and waits until its words are shown. */
const TYPE = `
zmodload zsh/zpty
zpty shell "$1"
zpty -w shell "$2; echo READ''Y"
zpty -r shell out '*READY*'
shift 2
for line words in "$@"; do
  zpty -w -n shell "$line"$'\\t'
  zpty -r shell out "*\${words// /*}*"
  zpty -w -n shell $'\\x15'
  echo "$line"
done
zpty -d shell
`;

interface Shell {
  readonly name: "bash" | "zsh" | "fish";
  /** Shows the completions of these lines, and returns the lines that showed their words. */
  complete(path: string, lines: readonly (readonly [string, string])[]): Promise<string[]>;
}

async function typeInto(
  shell: string,
  setup: string,
  lines: readonly (readonly [string, string])[],
): Promise<string[]> {
  const { output } = await run(
    "timeout",
    "120",
    "zsh",
    "-fc",
    TYPE,
    "zsh",
    shell,
    setup,
    ...lines.flat(),
  );
  return output.trimEnd().split("\n");
}

const BASH = "PS1='>'; stty cols 200; bind 'set show-all-if-ambiguous on'; " +
  "bind 'set enable-bracketed-paste off'; bind 'set page-completions off'";
const ZSH = "PROMPT='>'; COLUMNS=200; autoload -U compinit; compinit -D; bindkey '^I' list-choices";

const SHELLS: readonly Shell[] = [
  {
    name: "bash",
    complete: (path, lines) =>
      typeInto("TERM=dumb bash --norc --noprofile -i", `${BASH}; . ${path}`, lines),
  },
  {
    name: "zsh",
    complete: (path, lines) => typeInto("TERM=dumb zsh -f -i", `${ZSH}; . ${path}`, lines),
  },
  {
    name: "fish",
    complete: async (path, lines) => {
      const found: string[] = [];
      for (const [line, words] of lines) {
        const script = `source ${path}; complete -C '${line}'`;
        const { output } = await run("fish", "--no-config", "-c", script);
        const shown = output.split("\n").map((one) => one.split("\t")[0]!.replace(/^.*=/, ""));
        if (words.split(" ").every((word) => shown.includes(word))) found.push(line);
      }
      return found;
    },
  },
];

/** A line, and words in the order in which they are shown. */
const COMPLETIONS: readonly (readonly [line: string, words: string])[] = [
  ["greylag al", "allow always-greylist"],
  ["greylag allow 192.0.2.1 --n", "--note"],
  ["greylag serve --retry", "--retry-window"],
  ["greylag serve --mode ", "all auto off shadow suspicious"],
  ["greylag serve --mode=s", "shadow suspicious"],
  ["greylag config --log-format ", "json postgrey text"],
  ["greylag list ", "allow block files"],
  ["greylag token ", "add list remove"],
  ["greylag lists enable ", "dnswl zen"],
  ["greylag import ", "postfix postgrey sqlgrey"],
  ["greylag completions ", "bash fish zsh"],
  ["greylag help unl", "unlist"],
  ["greylag config --config /etc/host", "/etc/hostname /etc/hosts"],
];

for (const { name, complete } of SHELLS) {
  Deno.test(`${name} completes commands, options, their values and words`, async () => {
    await inDirectory(async (directory) => {
      const path = await written(directory, `greylag.${name}`, "completions", name);
      // A line with one completion is completed in place, and shows no list.
      const lines = COMPLETIONS.filter(([, words]) => name === "fish" || words.includes(" "))
        .map(([line, words]) =>
          // zsh and bash list the names of files without their directory.
          name === "fish" ? [line, words] as const : [line, words.replaceAll("/etc/", "")] as const
        );
      assertEquals(await complete(path, lines), lines.map(([line]) => line));
    });
  });
}

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
