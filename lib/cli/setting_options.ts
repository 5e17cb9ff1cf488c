/**
 * The settings as options of the command line.
 *
 * @module
 */
import {
  combine,
  type Configuration,
  flagOf,
  type GivenFlag,
  readConfigFile,
  variableOf,
} from "../config/load.ts";
import { translatePostgrey } from "../config/postgrey.ts";
import { isSettingName, SETTING_NAMES, type SettingName, SETTINGS } from "../config/settings.ts";
import { type Option, parseOptions, refuseRest } from "./usage.ts";

/** `--config` and every setting. */
export const SETTING_OPTIONS: readonly Option[] = [
  {
    name: "config",
    placeholder: "FILE",
    help: "The configuration file (default: /etc/greylag/greylag.toml, if it is there).",
  },
  ...SETTING_NAMES.map((name): Option => {
    const { kind, placeholder, help, standard } = SETTINGS[name];
    const shown = String(standard);
    return {
      name: flagOf(name).slice(2),
      help: kind === "switch" || shown === "" ? help : `${help} (default: ${shown})`,
      ...(kind === "switch" ? {} : { placeholder }),
      repeatable: kind === "list",
    };
  }),
];

/** A command line with settings. */
export interface SettingArguments {
  /** Reads the configuration anew: the file may have changed, the flags have not. */
  readonly load: () => Configuration;
  /** Options that are no settings. */
  readonly options: ReadonlyMap<string, string | string[] | boolean>;
  /** What an administrator of postgrey should know. */
  readonly warnings: readonly string[];
}

/**
 * Sorts the arguments of a command that takes every setting, in Greylag's words or postgrey's.
 *
 * @param more the command's other options.
 * @throws {UsageError} for what cannot be understood.
 */
export function parseSettings(
  args: readonly string[],
  more: readonly Option[] = [],
): SettingArguments {
  const { args: translated, warnings } = translatePostgrey(args);
  const { options, rest } = parseOptions(translated, [...SETTING_OPTIONS, ...more]);
  refuseRest(rest);
  return { load: configurationOf(options), options, warnings };
}

/** Reads the configuration by the options of a command; every time anew, since the file may change. */
export function configurationOf(
  options: ReadonlyMap<string, string | string[] | boolean>,
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
  const path = options.get("config") ?? Deno.env.get("GREYLAG_CONFIG");
  // The environment does not change, and the daemon gives up the permission to read it.
  const variables = new Map(
    SETTING_NAMES.map(variableOf).map((name) => [name, Deno.env.get(name)]),
  );
  return () =>
    combine({
      file: readConfigFile(typeof path === "string" ? path : undefined),
      environment: (name) => variables.get(name),
      flags,
    });
}
