/**
 * Command line of the tasks that build something: `deno task NAME [--OPTION VALUE]…`.
 *
 * @module
 */
import { type Option, parseOptions, refuseRest, UsageError } from "../lib/cli/usage.ts";
import { messageOf, reasonOf } from "../lib/text/error_message.ts";
import { say } from "./targets.ts";

export interface Task {
  /** As in `deno.json`. */
  readonly name: string;
  /** Each takes a value. */
  readonly options?: readonly (Option & { readonly placeholder: string })[];
  /**
   * @param values the given ones, by the name of the option.
   * @throws {UsageError} for an invalid value.
   */
  readonly run: (values: ReadonlyMap<string, string>) => Promise<void>;
}

function usageOf({ name, options = [] }: Task): string {
  const words = options.map(({ name, placeholder }) => `[--${name} ${placeholder}]`);
  return ["Usage: deno task", name, ...words].join(" ");
}

function valuesOf(args: readonly string[], options: readonly Option[]): Map<string, string> {
  const parsed = parseOptions(args, options);
  refuseRest(parsed.rest);
  const values = new Map<string, string>();
  for (const [name, value] of parsed.options) {
    if (value === "") throw new UsageError(`--${name} must not be empty`);
    values.set(name, String(value));
  }
  return values;
}

/** Runs a task and ends the process: with 2 if an argument is wrong, with 1 after another error. */
export async function runTask(task: Task): Promise<never> {
  const { name, options = [], run } = task;
  if (Deno.args.some((arg) => arg === "--help" || arg === "-h")) {
    const lines = options.map((option) => `\n  --${option.name}: ${option.help}`);
    say(usageOf(task) + lines.join(""));
    Deno.exit(0);
  }
  try {
    await run(valuesOf(Deno.args, options));
  } catch (error) {
    const isUsage = error instanceof UsageError;
    say(`${name}: ${messageOf(error)}${isUsage ? `. ${usageOf(task)}` : ""}`);
    Deno.exit(isUsage ? 2 : 1);
  }
  Deno.exit(0);
}

async function check(
  path: string,
  option: string,
  kind: "file" | "directory",
): Promise<void> {
  let found;
  try {
    found = await Deno.stat(path);
  } catch (error) {
    throw new UsageError(`--${option} ${path}: ${reasonOf(error)}`);
  }
  const isGood = kind === "file" ? found.isFile : found.isDirectory;
  if (!isGood) throw new UsageError(`--${option} ${path}: not a ${kind}`);
}

/** @throws {UsageError} unless the value of an option is the path of a file. */
export function checkFile(path: string, option: string): Promise<void> {
  return check(path, option, "file");
}

/** @throws {UsageError} unless the value of an option is the path of a directory. */
export function checkDirectory(path: string, option: string): Promise<void> {
  return check(path, option, "directory");
}
