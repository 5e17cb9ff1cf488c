/**
 * Options, settings and database of the administrator's commands.
 *
 * @module
 */
import { AccessError, ConfigError, type Configuration } from "../config/load.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import { parseDuration } from "../text/duration.ts";
import { reasonOf } from "../text/error_message.ts";
import { configurationOf, SETTING_OPTIONS } from "./setting_options.ts";
import { type Option, parseOptions, UsageError } from "./usage.ts";

/** Options of every command that uses the database. */
export const DATABASE_OPTIONS: readonly Option[] = [
  ...SETTING_OPTIONS.filter(({ name }) => name === "config" || name === "database"),
  { name: "json", help: "Print JSON." },
];

export interface Invocation {
  readonly configuration: Configuration;
  readonly options: ReadonlyMap<string, string | string[] | boolean>;
  /** Arguments that are not options. */
  readonly rest: readonly string[];
  readonly json: boolean;
}

/** @param own the command's own options. */
export function parseInvocation(args: readonly string[], own: readonly Option[]): Invocation {
  const { options, rest } = parseOptions(args, [...DATABASE_OPTIONS, ...own]);
  // An option of the command's own may have the name of a setting.
  const known = DATABASE_OPTIONS.map(({ name }) => name);
  const configuration = configurationOf(
    new Map([...options].filter(([name]) => known.includes(name))),
  )();
  return { configuration, options, rest, json: options.get("json") === true };
}

/**
 * Opens the daemon's database, whether the daemon runs or not.
 *
 * @throws {ConfigError} if it does not exist: the daemon creates it, so that its user owns it.
 * @throws {AccessError} if permission is missing.
 */
export async function withStore<T>(
  { values }: Configuration,
  body: (store: Store) => T | Promise<T>,
): Promise<T> {
  const { database, privacy, recipient_delimiter: recipientDelimiter } = values;
  try {
    Deno.statSync(database);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) throw new AccessError(database);
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new ConfigError(`cannot open ${database}: ${reasonOf(error)}`);
    }
    throw new ConfigError(
      `cannot open ${database}: no such file. Start the daemon once, or name its database ` +
        "with --database.",
    );
  }
  let store: Store;
  try {
    store = openStore({ database, privacy, recipientDelimiter });
  } catch (error) {
    if (isDenied(database)) throw new AccessError(database);
    throw error;
  }
  try {
    return await body(store);
  } finally {
    store.close();
  }
}

/** True if permission on the database is missing: SQLite reports one error for many causes. */
function isDenied(path: string): boolean {
  try {
    Deno.openSync(path, { read: true, write: true }).close();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.PermissionDenied;
  }
}

export function currentUser(): string {
  return Deno.env.get("SUDO_USER") ?? Deno.env.get("USER") ?? "unknown";
}

export function textOf(invocation: Invocation, name: string): string | undefined {
  const value = invocation.options.get(name);
  return typeof value === "string" ? value : undefined;
}

/** @throws {UsageError} unless it is a whole number above 0. */
export function countOf(invocation: Invocation, name: string, fallback: number): number {
  const given = textOf(invocation, name);
  if (given === undefined) return fallback;
  if (!/^[1-9]\d{0,8}$/.test(given)) {
    throw new UsageError(`--${name} must be a whole number above 0, not "${given}"`);
  }
  return Number(given);
}

/**
 * @returns milliseconds.
 * @throws {UsageError} unless it is a duration above 0.
 */
export function durationOf<T>(invocation: Invocation, name: string, fallback: T): number | T {
  const given = textOf(invocation, name);
  if (given === undefined) return fallback;
  const time = parseDuration(given);
  if (time === undefined || time === 0) {
    throw new UsageError(
      `--${name} must be a duration with its unit, such as 15m or 30d, not "${given}"`,
    );
  }
  return time;
}
