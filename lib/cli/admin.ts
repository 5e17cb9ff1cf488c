/**
 * What the administrator's commands have in common: their options, the database, who is asking.
 *
 * @module
 */
import { ConfigError, type Configuration } from "../config/load.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import { parseDuration } from "../text/duration.ts";
import { configurationOf, SETTING_OPTIONS } from "./setting_options.ts";
import { type Option, parseOptions, UsageError } from "./usage.ts";

/** Options of every command that works on the database. */
export const ADMIN_OPTIONS: readonly Option[] = [
  ...SETTING_OPTIONS.filter(({ name }) => name === "config" || name === "database"),
  { name: "json", help: "Print JSON." },
];

/** What was given to a command. */
export interface Admin {
  /** The settings in force. */
  readonly configuration: Configuration;
  /** Its own options. */
  readonly options: ReadonlyMap<string, string | string[] | boolean>;
  /** Everything else. */
  readonly rest: readonly string[];
  /** Whether JSON is wanted. */
  readonly json: boolean;
}

/**
 * Sorts the arguments of a command that works on the database.
 *
 * @param own the command's own options.
 */
export function parseAdmin(args: readonly string[], own: readonly Option[]): Admin {
  const { options, rest } = parseOptions(args, [...ADMIN_OPTIONS, ...own]);
  // An option of the command's own may have the name of a setting.
  const known = ADMIN_OPTIONS.map(({ name }) => name);
  const configuration = configurationOf(
    new Map([...options].filter(([name]) => known.includes(name))),
  )();
  return { configuration, options, rest, json: options.get("json") === true };
}

/**
 * Runs a body with the daemon's database, whether the daemon runs or not.
 *
 * @throws {ConfigError} if there is no database: it is made by the daemon, so that it belongs to the
 * daemon's user.
 */
export async function withStore<T>(
  { values }: Configuration,
  body: (store: Store) => T | Promise<T>,
): Promise<T> {
  try {
    Deno.statSync(values.database);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ConfigError(
      `there is no database ${values.database}: start greylag once, or name the database ` +
        "that it uses with --database",
    );
  }
  const store = openStore({ database: values.database, privacy: values.privacy });
  try {
    return await body(store);
  } finally {
    store.close();
  }
}

/** Who is asking, for the record. */
export function currentUser(): string {
  return Deno.env.get("SUDO_USER") ?? Deno.env.get("USER") ?? "unknown";
}

/** An option with one value. */
export function textOf(admin: Admin, name: string): string | undefined {
  const value = admin.options.get(name);
  return typeof value === "string" ? value : undefined;
}

/**
 * An option that is a whole number above 0.
 *
 * @throws {UsageError} if it is none.
 */
export function countOf(admin: Admin, name: string, standard: number): number {
  const given = textOf(admin, name);
  if (given === undefined) return standard;
  if (!/^[1-9]\d{0,8}$/.test(given)) {
    throw new UsageError(`--${name} needs a whole number above 0, not "${given}"`);
  }
  return Number(given);
}

/**
 * An option that is a duration, in milliseconds.
 *
 * @throws {UsageError} if it is none.
 */
export function durationOf(admin: Admin, name: string, standard: number): number {
  const given = textOf(admin, name);
  if (given === undefined) return standard;
  const time = parseDuration(given);
  if (time === undefined || time === 0) {
    throw new UsageError(
      `--${name} needs a duration with its unit, such as 15m or 30d, not "${given}"`,
    );
  }
  return time;
}
