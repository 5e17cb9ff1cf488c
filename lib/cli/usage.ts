/**
 * Parses options and arguments of a command.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { suggestion } from "../config/load.ts";

/** An error on the command line; the exit code is 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

export interface Option {
  /** Without dashes. */
  readonly name: string;
  /** One letter, without a dash. */
  readonly short?: string;
  /** Stands for the value; absent for an option without a value. */
  readonly placeholder?: string;
  /** One or two sentences. */
  readonly help: string;
  readonly repeatable?: boolean;
}

/** @throws {UsageError} if there are arguments. */
export function refuseRest(rest: readonly string[]): void {
  if (rest.length > 0) throw new UsageError(`unexpected argument "${rest[0]}"`);
}

/** @throws {UsageError} if there is more than one argument. */
export function optionalArgument([first, ...more]: readonly string[]): string | undefined {
  refuseRest(more);
  return first;
}

/** @throws {UsageError} unless there is exactly one argument, and it is not empty. */
export function requiredArgument(rest: readonly string[], placeholder: string): string {
  const argument = optionalArgument(rest);
  if (argument === undefined || argument === "") throw new UsageError(`${placeholder} is missing`);
  return argument;
}

export interface ParsedArguments {
  /** By long name. */
  readonly options: ReadonlyMap<string, string | string[] | boolean>;
  readonly rest: readonly string[];
}

/** @throws {UsageError} for an unknown option or a missing value. */
export function parseOptions(args: readonly string[], known: readonly Option[]): ParsedArguments {
  const flags = known.map(({ name }) => `--${name}`);
  const withValue = known.filter(({ placeholder }) => placeholder !== undefined);
  const withoutValue = known.filter(({ placeholder }) => placeholder === undefined);
  const parsed = parseArgs([...args], {
    string: ["_", ...withValue.map(({ name }) => name)],
    boolean: withoutValue.map(({ name }) => name),
    negatable: withoutValue.map(({ name }) => name),
    collect: known.filter(({ repeatable }) => repeatable).map(({ name }) => name),
    unknown: (arg, key) => {
      if (key === undefined) return true;
      const shown = arg.split("=")[0]!;
      throw new UsageError(`unknown option ${shown}${suggestion(shown, flags)}`);
    },
  });
  const options = new Map<string, string | string[] | boolean>();
  for (const { name, placeholder } of known) {
    const value = parsed[name] as string | string[] | boolean | undefined;
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    if (placeholder === undefined) {
      const odd = args.find((arg) => arg.startsWith(`--${name}=`) && !/=(?:true|false)$/.test(arg));
      if (odd !== undefined) throw new UsageError(`${odd}: write --${name} or --no-${name}`);
      const negated = args.includes(`--no-${name}`) || args.includes(`--${name}=false`);
      if (value !== false || negated) options.set(name, value);
      continue;
    }
    const isMissing = [value].flat().includes("") && !args.includes(`--${name}=`);
    if (isMissing) throw new UsageError(`--${name} needs a value: --${name} ${placeholder}`);
    options.set(name, value);
  }
  return { options, rest: parsed._.map(String) };
}
