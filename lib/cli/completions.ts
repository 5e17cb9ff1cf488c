/**
 * Generates shell completions from the table of commands.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { parseOptions, requiredArgument, UsageError } from "./usage.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = typeof SHELLS[number];

const HELP = { name: "help", help: "Show this help." };

/** Single quotes, for all three shells. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function bash(commands: readonly Command[]): string {
  const cases = commands.map(({ name, options }) =>
    `    ${name}) options=${
      quote([...options, HELP].map((option) => `--${option.name}`).join(" "))
    } ;;`
  );
  return `# bash completion for greylag
_greylag() {
  local word=\${COMP_WORDS[COMP_CWORD]} options=
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quote(commands.map(({ name }) => name).join(" "))} -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -F _greylag greylag
`;
}

/** Escapes a description for zsh's `_arguments`. */
function zshText(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, "\\$&");
}

function zsh(commands: readonly Command[]): string {
  const cases = commands.map(({ name, options }) => {
    const lines = [...options, { ...HELP, placeholder: undefined }].map((option) => {
      const value = option.placeholder === undefined
        ? ""
        : `:${zshText(option.placeholder)}:_files`;
      const sign = value === "" ? "" : "=";
      return `      ${quote(`--${option.name}${sign}[${zshText(option.help)}]${value}`)} \\`;
    });
    return `    ${name})\n      _arguments \\\n${lines.join("\n")}\n      '*:file:_files' ;;`;
  });
  return `#compdef greylag
_greylag() {
  local -a commands
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

function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap(({ name, summary, options }) => [
    `complete -c greylag -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`,
    ...[...options, { ...HELP, placeholder: undefined }].map((option) => {
      const value = option.placeholder === undefined ? "" : " -r";
      return `complete -c greylag -n '__fish_seen_subcommand_from ${name}' -l ${option.name}${value} -d ${
        quote(option.help)
      }`;
    }),
  ]);
  return `# fish completion for greylag\n${lines.join("\n")}\n`;
}

export function completionsFor(shell: Shell, commands: readonly Command[]): string {
  return { bash, zsh, fish }[shell](commands);
}

/** `commands` is a function since the table contains this command. */
export function completions(commands: () => readonly Command[]): Command {
  return {
    name: "completions",
    summary: "print completions for bash, zsh or fish",
    usage: SHELLS.join(" | "),
    description: [
      "bash: greylag completions bash > /etc/bash_completion.d/greylag",
      "zsh: greylag completions zsh > /usr/local/share/zsh/site-functions/_greylag",
      "fish: greylag completions fish > /etc/fish/completions/greylag.fish",
    ],
    options: [],
    run(args, output) {
      const given = requiredArgument(parseOptions(args, []).rest, "SHELL");
      const shell = SHELLS.find((one) => one === given);
      if (shell === undefined) {
        throw new UsageError(`unknown shell "${given}"; known are ${SHELLS.join(", ")}`);
      }
      output.print(completionsFor(shell, commands()));
      return Promise.resolve(0);
    },
  };
}
