/**
 * Loads the settings. A flag overrides the environment, the environment the file, the file the default.
 *
 * @module
 */
import { closestMatch } from "leven";
import { parse as parseToml, TomlError } from "smol-toml";
import { checkReadable, isDescriptor } from "../files/regular_file.ts";
import { reasonOf } from "../text/error_message.ts";
import { contradiction } from "./contradiction.ts";
import {
  isSettingName,
  SETTING_NAMES,
  type SettingName,
  SETTINGS,
  type Values,
} from "./settings.ts";
import { describeTomlError } from "./toml_error.ts";

/** An error that the administrator can correct. The message says where, why and what to do. */
export class ConfigError extends Error {
  /** True if a flag is wrong, so that the exit code is 2. */
  readonly isUsage: boolean;

  constructor(message: string, options?: ErrorOptions & { readonly isUsage?: boolean }) {
    super(message, options);
    this.name = "ConfigError";
    this.isUsage = options?.isUsage ?? false;
  }
}

/** The user has no permission on a file of the daemon. */
export class AccessError extends Error {
  constructor(readonly path: string) {
    super(`no permission on ${path}`);
    this.name = "AccessError";
  }
}

export type Source =
  | { readonly kind: "default" }
  /** A default of postgrey, whose options are used. */
  | { readonly kind: "postgrey" }
  | { readonly kind: "file"; readonly path: string; readonly line: number | undefined }
  | { readonly kind: "environment"; readonly name: string }
  | { readonly kind: "flag"; readonly name: string };

export interface Configuration {
  readonly values: Values;
  /** As written in a file. */
  readonly written: Readonly<Record<SettingName, unknown>>;
  readonly sources: Readonly<Record<SettingName, Source>>;
}

export interface GivenFlag {
  /** With dashes. */
  readonly flag: string;
  readonly value: string | string[];
}

export interface Sources {
  readonly file?: { readonly path: string; readonly text: string } | undefined;
  /** Called with names of {@linkcode variableOf} only. */
  readonly environment: (name: string) => string | undefined;
  readonly flags: ReadonlyMap<SettingName, GivenFlag>;
  /** Files in place of the defaults, for a command line of postgrey. */
  readonly postgreyFiles?: Readonly<Partial<Record<SettingName, readonly string[]>>> | undefined;
}

export function flagOf(name: SettingName): string {
  return `--${name.replaceAll("_", "-")}`;
}

export function variableOf(name: SettingName): string {
  return `GREYLAG_${name.toUpperCase()}`;
}

/** Proposes the closest of the words, if the given one is likely a misspelling of it; else empty. */
export function suggestion(word: string, words: readonly string[], quote = ""): string {
  const maxDistance = Math.max(2, Math.floor(word.length / 3));
  const near = closestMatch(word, [...words], { maxDistance });
  return near === undefined ? "" : `; did you mean ${quote}${near}${quote}?`;
}

export function describeSource(source: Source): string {
  switch (source.kind) {
    case "default":
      return "default";
    case "postgrey":
      return "postgrey's default";
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

/** Converts the text of a flag or variable to the type of the setting. */
function typed(name: SettingName, given: string | string[]): unknown {
  const { kind } = SETTINGS[name];
  const last = typeof given === "string" ? given : given.at(-1)!;
  switch (kind) {
    case "string":
      return last;
    case "integer":
      return /^\d{1,15}$/.test(last) ? Number(last) : last;
    case "boolean":
      if (/^(?:true|yes|on|1|)$/i.test(last)) return true;
      return /^(?:false|no|off|0)$/i.test(last) ? false : last;
    case "array":
      return [given].flat().flatMap((part) => part.split(",")).map((part) => part.trim())
        .filter((part) => part !== "");
  }
}

/** Counted from 1. */
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
    const why = describeTomlError(error, text);
    throw new ConfigError(`${path}:${error.line}: ${why}`, { cause: error });
  }
}

/** @throws {ConfigError} for an unknown name, a wrong type or a value that is not accepted. */
export function combine(given: Sources): Configuration {
  const written = {} as Record<SettingName, unknown>;
  const sources = {} as Record<SettingName, Source>;
  for (const name of SETTING_NAMES) {
    written[name] = SETTINGS[name].default;
    sources[name] = { kind: "default" };
  }
  for (const [name, paths] of Object.entries(given.postgreyFiles ?? {})) {
    if (!isSettingName(name) || paths.length === 0) continue;
    written[name] = paths;
    sources[name] = { kind: "postgrey" };
  }
  if (given.file !== undefined) {
    const { path, text } = given.file;
    for (const [key, value] of Object.entries(readFile(path, text))) {
      const source: Source = { kind: "file", path, line: lineOf(text, key) };
      if (!isSettingName(key)) {
        const swapped = key.replaceAll("-", "_");
        const hint = isSettingName(swapped)
          ? `; did you mean ${swapped}?`
          : suggestion(key, SETTING_NAMES);
        fail(source, key, `unknown setting${hint}`);
      }
      written[key] = value;
      sources[key] = source;
    }
  }
  for (const name of SETTING_NAMES) {
    const value = given.environment(variableOf(name));
    if (value === undefined) continue;
    written[name] = typed(name, value);
    sources[name] = { kind: "environment", name: variableOf(name) };
  }
  for (const [name, { flag, value }] of given.flags) {
    written[name] = typed(name, value);
    sources[name] = { kind: "flag", name: flag };
  }

  const values: Record<string, unknown> = {};
  for (const name of SETTING_NAMES) {
    const result = SETTINGS[name].parse(written[name]);
    if (!result.ok) fail(sources[name], name, result.why, written[name]);
    values[name] = result.value;
  }
  const checked = values as Values;
  const wrong = contradiction(checked);
  if (wrong !== undefined) fail(sources[wrong.name], wrong.name, wrong.why);
  return { values: checked, written, sources };
}

export const DEFAULT_PATH = "/etc/greylag/greylag.toml";

/**
 * Reads a configuration file.
 *
 * @param path undefined for {@linkcode DEFAULT_PATH}, which may be missing.
 * @param isReadOnce it may be a descriptor, such as `<(COMMAND)`.
 * @throws {AccessError} if permission is missing.
 * @throws {ConfigError} if it cannot be read for another reason.
 */
export function readConfigFile(path: string | undefined, isReadOnce = false): Sources["file"] {
  const shown = path ?? DEFAULT_PATH;
  try {
    if (!(isReadOnce && isDescriptor(shown))) checkReadable(shown);
    return { path: shown, text: Deno.readTextFileSync(shown) };
  } catch (error) {
    if (path === undefined && error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.PermissionDenied) throw new AccessError(shown);
    throw new ConfigError(`cannot read the configuration ${shown}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}
