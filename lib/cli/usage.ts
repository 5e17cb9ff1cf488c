/**
 * Wrong usage, and the options that a command takes.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { nearest } from "../config/load.ts";

/** A command line that makes no sense; it ends the program with 2. */
export class UsageError extends Error {
  /** An error with a complete message. */
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** An option of a command. */
export interface Option {
  /** Its long name without dashes. */
  readonly name: string;
  /** Its short name without a dash. */
  readonly short?: string;
  /** What stands for its value; absent for an option without one. */
  readonly placeholder?: string;
  /** One sentence for the help. */
  readonly help: string;
  /** Whether it may be given several times. */
  readonly repeatable?: boolean;
}

/**
 * Refuses arguments of a command that takes none but options.
 *
 * @throws {UsageError} that names the first.
 */
export function refuseRest(rest: readonly string[]): void {
  if (rest.length > 0) throw new UsageError(`there is nothing to be done with "${rest[0]}"`);
}

/** What was given. */
export interface Given {
  /** The options by their long names. */
  readonly options: ReadonlyMap<string, string | string[] | boolean>;
  /** Everything else. */
  readonly rest: readonly string[];
}

/**
 * Sorts the arguments of a command.
 *
 * @throws {UsageError} for an option that is none, with the nearest that is one, and for a missing
 * value.
 */
export function parseOptions(args: readonly string[], known: readonly Option[]): Given {
  const flags = known.map(({ name }) => `--${name}`);
  const withValue = known.filter(({ placeholder }) => placeholder !== undefined);
  const withoutValue = known.filter(({ placeholder }) => placeholder === undefined);
  const parsed = parseArgs([...args], {
    string: ["_", ...withValue.map(({ name }) => name)],
    boolean: withoutValue.map(({ name }) => name),
    negatable: withoutValue.map(({ name }) => name),
    collect: known.filter(({ repeatable }) => repeatable).map(({ name }) => name),
    alias: Object.fromEntries(
      known.flatMap(({ name, short }) => short === undefined ? [] : [[name, short]]),
    ),
    unknown: (arg, key) => {
      if (key === undefined) return true;
      const shown = arg.split("=")[0]!;
      const near = nearest(shown, flags);
      throw new UsageError(
        `there is no option ${shown}` + (near === undefined ? "" : `; did you mean ${near}?`),
      );
    },
  });
  const options = new Map<string, string | string[] | boolean>();
  for (const { name, placeholder } of known) {
    const value = parsed[name] as string | string[] | boolean | undefined;
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    if (placeholder === undefined) {
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
