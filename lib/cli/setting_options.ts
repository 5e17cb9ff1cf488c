/**
 * Settings as options of the command line.
 *
 * @module
 */
import {
  combine,
  type Configuration,
  DEFAULT_PATH,
  flagOf,
  type GivenFlag,
  readConfigFile,
  variableOf,
} from "../config/load.ts";
import { arrayLine } from "../config/edit_array.ts";
import { postgreyListFiles, translatePostgrey } from "../config/postgrey.ts";
import { isSettingName, SETTING_NAMES, type SettingName, SETTINGS } from "../config/settings.ts";
import { type Option, parseOptions, refuseRest } from "./usage.ts";

export const SETTING_OPTIONS: readonly Option[] = [
  {
    name: "config",
    placeholder: "FILE",
    help: `Path of the configuration file (default: ${DEFAULT_PATH}, if it exists).`,
  },
  ...SETTING_NAMES.map((name): Option => {
    const { kind, placeholder, help, default: value } = SETTINGS[name];
    const shown = String(value);
    return {
      name: flagOf(name).slice(2),
      help: kind === "boolean" || shown === "" ? help : `${help} (default: ${shown})`,
      ...(kind === "boolean" ? {} : { placeholder }),
      repeatable: kind === "array",
    };
  }),
];

export interface SettingArguments {
  /** Reads the file each time it is called, and applies the same flags and environment. */
  readonly load: () => Configuration;
  readonly options: ReadonlyMap<string, string | string[] | boolean>;
  /** postgrey's options without effect. */
  readonly warnings: readonly string[];
}

/**
 * Parses the arguments of a command that accepts every setting, and postgrey's options.
 *
 * @param more the command's other options.
 * @param isReadOnce the command loads the settings once, so that their file may be a descriptor.
 * @throws {UsageError}
 */
export function parseSettings(
  args: readonly string[],
  more: readonly Option[] = [],
  isReadOnce = false,
): SettingArguments {
  const { args: translated, warnings, isPostgrey } = translatePostgrey(args);
  const { options, rest } = parseOptions(translated, [...SETTING_OPTIONS, ...more]);
  refuseRest(rest);
  return { load: configurationOf(options, { isPostgrey, isReadOnce }), options, warnings };
}

/** The path that was given; undefined for the default. */
export function configPathOf(
  options: ReadonlyMap<string, string | string[] | boolean>,
): string | undefined {
  const path = options.get("config") ?? Deno.env.get("GREYLAG_CONFIG");
  return typeof path === "string" ? path : undefined;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    // An unreadable file is reported where it is read.
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** Names the whitelist files that are read because of postgrey's options. */
export function postgreyNotes({ written, sources }: Configuration): string[] {
  return SETTING_NAMES.filter((name) => sources[name].kind === "postgrey").map((name) => {
    const paths = written[name] as readonly string[];
    return `reading ${paths.join(" and ")}, since postgrey's options are used. ` +
      `Without them, set ${arrayLine(name, paths)}`;
  });
}

interface Loading {
  /** The whitelist files that postgrey reads by default are read too. */
  readonly isPostgrey: boolean;
  /** The function is called once, so that the file may be a descriptor. */
  readonly isReadOnce: boolean;
}

/** Returns a function that reads the file each time it is called. */
export function configurationOf(
  options: ReadonlyMap<string, string | string[] | boolean>,
  { isPostgrey, isReadOnce }: Loading = { isPostgrey: false, isReadOnce: true },
): () => Configuration {
  const flags = new Map<SettingName, GivenFlag>();
  for (const [option, given] of options) {
    const name = option.replaceAll("-", "_");
    if (!isSettingName(name)) continue;
    flags.set(name, {
      flag: `--${option}`,
      value: typeof given === "boolean" ? `${given}` : given,
    });
  }
  const path = configPathOf(options);
  // Read now: the daemon drops the permission to read the environment.
  const variables = new Map(
    SETTING_NAMES.map(variableOf).map((name) => [name, Deno.env.get(name)]),
  );
  return () =>
    combine({
      file: readConfigFile(path, isReadOnce),
      environment: (name) => variables.get(name),
      flags,
      postgreyFiles: isPostgrey ? postgreyListFiles(exists) : undefined,
    });
}
