/**
 * Formats the help from the table of commands.
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

/** Indents all lines but the first. */
function hanging(head: string, text: string): string[] {
  const [first = "", ...more] = wrap(text, WIDTH - head.length - 1);
  return [`${head} ${first}`.trimEnd(), ...more.map((line) => " ".repeat(head.length + 1) + line)];
}

/** At most 80 columns wide. */
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

/** At most 80 columns wide. */
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
    "For details: greylag COMMAND --help",
    "Options without a command, such as postgrey's command line, run `serve`.",
    "",
    "Exit codes: 0 success, 1 failure, 2 wrong usage.",
    "",
  ].join("\n");
}
