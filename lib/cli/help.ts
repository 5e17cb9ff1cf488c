/**
 * The help, made of the table of commands.
 *
 * @module
 */
import { VERSION } from "../config/version.ts";
import type { Command } from "./command.ts";
import { wrap } from "./output.ts";
import type { Option } from "./usage.ts";

const WIDTH = 80;
const INDENT = 6;

function optionHead({ name, short, placeholder }: Option): string {
  const long = placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`;
  return short === undefined ? `  ${long}` : `  -${short}, ${long}`;
}

function block(text: string, indent: number): string[] {
  return wrap(text, WIDTH - indent).map((line) => " ".repeat(indent) + line);
}

/** Lines of which all but the first are indented. */
function hanging(head: string, text: string): string[] {
  const [first = "", ...more] = wrap(text, WIDTH - head.length - 1);
  return [`${head} ${first}`.trimEnd(), ...more.map((line) => " ".repeat(head.length + 1) + line)];
}

/** The help of one command, at most 80 columns wide. */
export function commandHelp(command: Command): string {
  const lines = [
    `greylag ${command.name}: ${command.summary}`,
    "",
    ...hanging(`Usage: greylag ${command.name}`, command.usage),
  ];
  for (const paragraph of command.description) lines.push("", ...wrap(paragraph, WIDTH));
  lines.push("", "Options:");
  const help: Option = { name: "help", short: "h", help: "Show this help." };
  for (const option of [...command.options, help]) {
    lines.push(optionHead(option), ...block(option.help, INDENT));
  }
  return `${lines.join("\n")}\n`;
}

/** The help of the program, at most 80 columns wide. */
export function programHelp(commands: readonly Command[]): string {
  const longest = Math.max(...commands.map(({ name }) => name.length));
  return [
    `greylag ${VERSION}: a greylisting policy server for Postfix`,
    "",
    "Usage: greylag COMMAND [OPTIONS]",
    "",
    "Commands:",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(longest)}  ${summary}`),
    "",
    "`greylag COMMAND --help` tells more. A command line of postgrey works as well:",
    "options without a command are those of `serve`.",
    "",
    "Exit codes: 0 done, 1 failed, 2 wrong usage.",
    "",
  ].join("\n");
}
