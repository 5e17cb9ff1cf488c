/**
 * Reading the settings: flag over environment over file over default.
 *
 * @module
 */
import { closestMatch } from "leven";
import { parse as parseToml, TomlError } from "smol-toml";
import { messageOf } from "../text/error_message.ts";
import {
  contradiction,
  isSettingName,
  SETTING_NAMES,
  type SettingName,
  SETTINGS,
  type Values,
} from "./settings.ts";

/** Settings that cannot be used; the message says where, what and how to mend it. */
export class ConfigError extends Error {
  /** Whether the command line is to blame, and no file. */
  readonly isUsage: boolean;

  /** An error with a complete message. */
  constructor(message: string, options?: ErrorOptions & { readonly isUsage?: boolean }) {
    super(message, options);
    this.name = "ConfigError";
    this.isUsage = options?.isUsage ?? false;
  }
}

/** Where a value came from. */
export type Source =
  | { readonly kind: "default" }
  | { readonly kind: "file"; readonly path: string; readonly line: number | undefined }
  | { readonly kind: "environment"; readonly name: string }
  | { readonly kind: "flag"; readonly name: string };

/** The settings in force. */
export interface Configuration {
  /** The value of every setting. */
  readonly values: Values;
  /** Every setting as it would be written in the file. */
  readonly written: Readonly<Record<SettingName, unknown>>;
  /** Where each value came from. */
  readonly sources: Readonly<Record<SettingName, Source>>;
}

/** A flag as it was given. */
export interface GivenFlag {
  /** Its name, with dashes. */
  readonly flag: string;
  /** Its value, or all of its values. */
  readonly value: string | string[];
}

/** What the settings are read from. */
export interface Origins {
  /** The text of the file and its path; undefined for no file. */
  readonly file?: { readonly path: string; readonly text: string } | undefined;
  /** Looks up a variable of the environment; only the names of {@linkcode variableOf} are asked for. */
  readonly environment: (name: string) => string | undefined;
  /** Flags as they were given, by the name of their setting. */
  readonly flags: ReadonlyMap<SettingName, GivenFlag>;
}

/** The flag of a setting: `--retry-window` for `retry_window`. */
export function flagOf(name: SettingName): string {
  return `--${name.replaceAll("_", "-")}`;
}

/** The variable of a setting: `GREYLAG_RETRY_WINDOW` for `retry_window`. */
export function variableOf(name: SettingName): string {
  return `GREYLAG_${name.toUpperCase()}`;
}

/** The nearest of some words, if one is near enough to have been meant. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  return closestMatch(word, [...words], { maxDistance: Math.max(2, Math.floor(word.length / 3)) });
}

/** A source, for people. */
export function describeSource(source: Source): string {
  switch (source.kind) {
    case "default":
      return "default";
    case "file":
      return source.line === undefined ? source.path : `${source.path}:${source.line}`;
    case "environment":
      return `environment ${source.name}`;
    case "flag":
      return `flag ${source.name}`;
  }
}

function fail(source: Source, name: string, why: string, got?: unknown): never {
  const shown = got === undefined ? "" : `, not ${JSON.stringify(got)}`;
  throw new ConfigError(`${describeSource(source)}: ${name}: ${why}${shown}`, {
    isUsage: source.kind === "flag",
  });
}

function suggestion(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === undefined ? "" : `; did you mean ${near}?`;
}

/** What a flag or variable says, typed as the file would have it. */
function typed(name: SettingName, given: string | string[]): unknown {
  const { kind } = SETTINGS[name];
  const last = typeof given === "string" ? given : given.at(-1)!;
  switch (kind) {
    case "text":
      return last;
    case "count":
      return /^\d{1,15}$/.test(last) ? Number(last) : last;
    case "switch":
      if (/^(?:true|yes|on|1|)$/i.test(last)) return true;
      return /^(?:false|no|off|0)$/i.test(last) ? false : last;
    case "list":
      return [given].flat().flatMap((part) => part.split(",")).map((part) => part.trim())
        .filter((part) => part !== "");
  }
}

/** The line of the file on which a key stands, counted from 1. */
function lineOf(text: string, key: string): number | undefined {
  const at = text.split("\n").findIndex((line) => {
    const rest = line.replace(/^\s*(?:\[+\s*)?["']?/, "");
    return rest.startsWith(key) && /^["']?\s*[.=\]]/.test(rest.slice(key.length));
  });
  return at === -1 ? undefined : at + 1;
}

function readFile(path: string, text: string): Record<string, unknown> {
  try {
    return parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new ConfigError(`${path}:${error.line}: ${what}`, { cause: error });
  }
}

/**
 * Puts the settings together and checks them.
 *
 * @throws {ConfigError} for an unknown name, a wrong type or an impossible value.
 */
export function combine(origins: Origins): Configuration {
  const written = {} as Record<SettingName, unknown>;
  const sources = {} as Record<SettingName, Source>;
  for (const name of SETTING_NAMES) {
    written[name] = SETTINGS[name].standard;
    sources[name] = { kind: "default" };
  }
  if (origins.file !== undefined) {
    const { path, text } = origins.file;
    for (const [key, value] of Object.entries(readFile(path, text))) {
      const source: Source = { kind: "file", path, line: lineOf(text, key) };
      if (!isSettingName(key)) {
        const swapped = key.replaceAll("-", "_");
        const hint = isSettingName(swapped)
          ? `; did you mean ${swapped}?`
          : suggestion(key, SETTING_NAMES);
        fail(source, key, `there is no such setting${hint}`);
      }
      written[key] = value;
      sources[key] = source;
    }
  }
  for (const name of SETTING_NAMES) {
    const given = origins.environment(variableOf(name));
    if (given === undefined) continue;
    written[name] = typed(name, given);
    sources[name] = { kind: "environment", name: variableOf(name) };
  }
  for (const [name, { flag, value }] of origins.flags) {
    written[name] = typed(name, value);
    sources[name] = { kind: "flag", name: flag };
  }

  const values: Record<string, unknown> = {};
  for (const name of SETTING_NAMES) {
    const result = SETTINGS[name].read(written[name]);
    if (!result.ok) fail(sources[name], name, result.why, written[name]);
    values[name] = result.value;
  }
  const checked = values as Values;
  const wrong = contradiction(checked);
  if (wrong !== undefined) fail(sources[wrong.name], wrong.name, wrong.why);
  return { values: checked, written, sources };
}

/** Where the configuration is looked for if nobody says where. */
export const DEFAULT_PATH = "/etc/greylag/greylag.toml";

/**
 * Reads a configuration file.
 *
 * @param path undefined for the default, which need not be there.
 * @throws {ConfigError} if it cannot be read.
 */
export function readConfigFile(path: string | undefined): Origins["file"] {
  try {
    return { path: path ?? DEFAULT_PATH, text: Deno.readTextFileSync(path ?? DEFAULT_PATH) };
  } catch (error) {
    if (path === undefined && error instanceof Deno.errors.NotFound) return undefined;
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : messageOf(error);
    throw new ConfigError(`${path ?? DEFAULT_PATH}: cannot read the configuration: ${why}`, {
      cause: error,
    });
  }
}
