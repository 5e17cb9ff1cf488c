import { AccessError, ConfigError } from "../config/load.ts";
import { DatabaseError } from "../store/database_error.ts";
import { escapeLine } from "../text/escape.ts";
import { shellWord } from "../text/shell_word.ts";
import { allCommands, COMMAND_NAMES, commandNamed } from "./commands.ts";
import { commandHelp, programHelp } from "./help.ts";
import { type Output, OutputError } from "./output.ts";
import { UsageError } from "./usage.ts";

const isHelp = (arg: string) => arg === "--help" || arg === "-h";

async function runCommand(args: readonly string[], output: Output): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined) {
    output.complain(programHelp(await allCommands()));
    return 2;
  }
  if (isHelp(first)) {
    output.print(programHelp(await allCommands()));
    return 0;
  }
  if (first === "--version") return await (await commandNamed("version")).run(rest, output);
  // postgrey's command line has no command.
  const isBare = first.startsWith("-");
  const command = await commandNamed(isBare ? "serve" : first);
  const commandArgs = isBare ? args : rest;
  if (commandArgs.some(isHelp)) {
    output.print(commandHelp(command));
    return 0;
  }
  return await command.run(commandArgs, output);
}

/** @returns the exit code: 0 for success, 1 for failure, 2 for wrong usage. */
export async function run(args: readonly string[], output: Output): Promise<number> {
  try {
    return await runCommand(args, output);
  } catch (error) {
    if (error instanceof UsageError) {
      const [first = ""] = args;
      const about = COMMAND_NAMES.includes(first) ? ` ${first}` : "";
      output.complain(`greylag: ${error.message}\nSee: greylag help${about}\n`);
      return 2;
    }
    if (error instanceof ConfigError) {
      output.complain(`greylag: ${error.message}\n`);
      return error.isUsage ? 2 : 1;
    }
    if (error instanceof AccessError) {
      output.complain(
        `greylag: ${error.message}. Run: sudo greylag ${args.map(shellWord).join(" ")}\n`,
      );
      return 1;
    }
    if (error instanceof DatabaseError || error instanceof OutputError || isSystemError(error)) {
      output.complain(`greylag: ${error.message}\n`);
      return 1;
    }
    output.complain(
      `greylag: internal error; please report this with the command: ${bugOf(error)}\n`,
    );
    return 1;
  }
}

/** The kind, message and place of an error that nobody expects, on one line. */
function bugOf(error: unknown): string {
  if (!(error instanceof Error)) return escapeLine(String(error));
  const [, place] = /([^/\s(]+:\d+:\d+)\)?$/m.exec(error.stack ?? "") ?? [];
  const text = escapeLine(`${error.name}: ${error.message}`);
  return place === undefined ? text : `${text} (${place})`;
}

/** A failed system call, as opposed to a bug. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error &&
    (/\(os error \d+\)/.test(error.message) ||
      Object.values(Deno.errors).some((kind) => error instanceof kind));
}
