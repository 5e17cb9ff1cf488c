/**
 * Generates shell completions from the table of commands.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { type Option, parseOptions, requiredArgument, UsageError } from "./usage.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = typeof SHELLS[number];

const HELP: Option = { name: "help", help: "Show this help." };

/** Placeholders of values that are paths. */
const PATHS: readonly string[] = ["FILE", "FILE,…", "PATH", "DIRECTORY"];

/** The values of an option that takes one of a few words; empty for others. */
function valuesOf({ placeholder = "" }: Option): readonly string[] {
  return /^[a-z-]+(?:\|[a-z-]+)+$/.test(placeholder) ? placeholder.split("|") : [];
}

function takesPath({ placeholder = "" }: Option): boolean {
  return PATHS.includes(placeholder);
}

function firstWords({ words = {} }: Command): readonly string[] {
  return Object.keys(words);
}

/** Single quotes, for all three shells. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Entries `key) assignment ;;` of a `case`, without empty ones. */
function bashCases(
  entries: readonly (readonly [key: string, words: readonly string[]])[],
  variable: string,
): string {
  return entries.filter(([, words]) => words.length > 0)
    .map(([key, words]) => `    ${key}) ${variable}=${quote(words.join(" "))} ;;\n`).join("");
}

/** All options of all commands by name: an option of one name takes the same values everywhere. */
function optionsByName(commands: readonly Command[]): readonly Option[] {
  const all = commands.flatMap(({ options }) => options);
  return [...new Map(all.map((option) => [option.name, option])).values()];
}

function bash(commands: readonly Command[]): string {
  const options = optionsByName(commands);
  const paths = options.filter(takesPath).map(({ name }) => `--${name}`).join("|");
  const others = options.filter((option) =>
    option.placeholder !== undefined && !takesPath(option) && valuesOf(option).length === 0
  ).map(({ name }) => `--${name}`).join("|");
  const seconds = commands.flatMap(({ name, words = {} }) =>
    Object.entries(words).map(([word, second]) => [`"${name} ${word}"`, second] as const)
  );
  return `# bash completion for greylag
_greylag() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} options= words= values=
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quote(commands.map(({ name }) => name).join(" "))} -- "$word"))
    return
  fi
  # COMP_WORDBREAKS splits --option=value at the sign.
  if [ "$word" = = ]; then
    word=
  elif [ "$before" = = ]; then
    before=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case $before in
${bashCases(options.map((option) => [`--${option.name}`, valuesOf(option)]), "values")}    ${paths})
      COMPREPLY=($(compgen -f -- "$word"))
      return ;;
    ${others})
      COMPREPLY=()
      return ;;
  esac
  if [ -n "$values" ]; then
    COMPREPLY=($(compgen -W "$values" -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
${
    bashCases(
      commands.map(({ name, options }) => [name, [...options, HELP].map((one) => `--${one.name}`)]),
      "options",
    )
  }  esac
  if [ "$COMP_CWORD" -eq 2 ]; then
    case \${COMP_WORDS[1]} in
${bashCases(commands.map((command) => [command.name, firstWords(command)]), "words")}    esac
  elif [ "$COMP_CWORD" -eq 3 ]; then
    case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${bashCases(seconds, "words")}    esac
  fi
  case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *)
      if [ -n "$words" ]; then
        COMPREPLY=($(compgen -W "$words" -- "$word"))
      else
        COMPREPLY=($(compgen -f -- "$word"))
      fi ;;
  esac
}
complete -F _greylag greylag
`;
}

/** Escapes a description for zsh's `_arguments`. */
function zshText(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, "\\$&");
}

function zshAction(option: Option): string {
  const values = valuesOf(option);
  if (values.length > 0) return `(${values.join(" ")})`;
  return takesPath(option) ? "_files" : " ";
}

/** The actions of the first two arguments; files where no words are known. */
function zshWords({ name, words = {} }: Command): string {
  const firsts = Object.keys(words);
  if (firsts.length === 0) return "'*:file:_files'";
  const seconds = Object.entries(words).filter(([, second]) => second.length > 0)
    .map(([word, second]) => `${word}) compadd -- ${second.join(" ")} ;; `).join("");
  const second = seconds === "" ? "_files" : `{ case $line[1] in ${seconds}esac }`;
  return `${quote(`1:${name}:(${firsts.join(" ")})`)} ${
    quote(`2:argument:${second}`)
  } '*:file:_files'`;
}

function zsh(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const lines = [...command.options, HELP].map((option) => {
      const value = option.placeholder === undefined
        ? ""
        : `:${zshText(option.placeholder)}:${zshAction(option)}`;
      const sign = value === "" ? "" : "=";
      return `      ${quote(`--${option.name}${sign}[${zshText(option.help)}]${value}`)} \\`;
    });
    return `    ${command.name})\n      _arguments \\\n${lines.join("\n")}\n      ${
      zshWords(command)
    } ;;`;
  });
  return `#compdef greylag
_greylag() {
  local -a commands line
  commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${zshText(summary)}`)}`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = _greylag ]; then
  _greylag "$@"
else
  compdef _greylag greylag
fi
`;
}

function fishOption(command: string, option: Option): string {
  const values = valuesOf(option);
  const value = option.placeholder === undefined
    ? ""
    : values.length > 0
    ? ` -x -a ${quote(values.join(" "))}`
    : takesPath(option)
    ? " -r -F"
    : " -x";
  return `complete -c greylag -n '__greylag_command ${command}' -l ${option.name}${value} -d ${
    quote(option.help)
  }`;
}

function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => {
    const { name, summary, options, words = {} } = command;
    const seconds = Object.entries(words).filter(([, second]) => second.length > 0);
    const firsts = firstWords(command);
    return [
      `complete -c greylag -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`,
      ...(firsts.length === 0 ? [] : [
        `complete -c greylag -n '__greylag_command ${name}; and __greylag_words 2' -f -a ${
          quote(firsts.join(" "))
        }`,
      ]),
      ...seconds.map(([word, second]) =>
        `complete -c greylag -n '__greylag_command ${name} ${word}; and __greylag_words 3' -f -a ${
          quote(second.join(" "))
        }`
      ),
      ...[...options, HELP].map((option) => fishOption(name, option)),
    ];
  });
  return `# fish completion for greylag
function __greylag_command
  set -l given (commandline -opc)
  test "$given[2]" = "$argv[1]"; or return 1
  test (count $argv) -eq 1; or test "$given[3]" = "$argv[2]"
end
function __greylag_words
  test (count (commandline -opc)) -eq $argv[1]
end
${lines.join("\n")}
`;
}

function completionsFor(shell: Shell, commands: readonly Command[]): string {
  return { bash, zsh, fish }[shell](commands);
}

/** `commands` is a function since the table contains this command. */
export function completions(commands: () => Promise<readonly Command[]>): Command {
  return {
    name: "completions",
    summary: "print completions for bash, zsh or fish",
    usage: SHELLS.join(" | "),
    words: Object.fromEntries(SHELLS.map((shell) => [shell, []])),
    description: [
      "bash: greylag completions bash > /etc/bash_completion.d/greylag",
      "zsh: greylag completions zsh > /usr/local/share/zsh/site-functions/_greylag",
      "fish: greylag completions fish > /etc/fish/completions/greylag.fish",
    ],
    options: [],
    async run(args, output) {
      const given = requiredArgument(parseOptions(args, []).rest, "SHELL");
      const shell = SHELLS.find((one) => one === given);
      if (shell === undefined) {
        throw new UsageError(`unknown shell "${given}"; known are ${SHELLS.join(", ")}`);
      }
      output.print(completionsFor(shell, await commands()));
      return 0;
    },
  };
}
