/**
 * `greylag config`: the settings in force.
 *
 * @module
 */
import { describeSource } from "../config/load.ts";
import { SETTING_NAMES } from "../config/settings.ts";
import type { Command } from "./command.ts";
import { parseSettings, SETTING_OPTIONS } from "./setting_options.ts";
import type { Option } from "./usage.ts";

const CHECK: Option = {
  name: "check",
  help: "Only check the settings; print nothing if all is well.",
};
const JSON_OPTION: Option = { name: "json", help: "Print one JSON object." };

/** A value as it is written in TOML; strings and arrays of them look as in JSON. */
function asToml(value: unknown): string {
  return Array.isArray(value)
    ? `[${value.map((part) => JSON.stringify(part)).join(", ")}]`
    : JSON.stringify(value);
}

/** The settings in force and where each came from. */
export const config: Command = {
  name: "config",
  summary: "show the settings in force and where each came from",
  usage: "[--check | --json] [OPTIONS OF serve]",
  description: [
    "What it prints can be saved as a configuration file.",
    "With the options that the daemon is started with, it shows what the daemon would do.",
  ],
  options: [CHECK, JSON_OPTION, ...SETTING_OPTIONS],

  run(args, output) {
    const given = parseSettings(args, [CHECK, JSON_OPTION]);
    const { written, sources } = given.load();
    for (const warning of given.warnings) output.complain(`greylag: ${warning}\n`);
    if (given.options.has("check")) return Promise.resolve(0);
    if (given.options.has("json")) {
      const settings = SETTING_NAMES.map((name) => [
        name,
        { value: written[name], source: describeSource(sources[name]) },
      ]);
      output.print(`${JSON.stringify(Object.fromEntries(settings), null, 2)}\n`);
      return Promise.resolve(0);
    }
    const lines = SETTING_NAMES.map((name) => [
      `${name} = ${asToml(written[name])}`,
      describeSource(sources[name]),
    ]);
    const width = Math.min(44, Math.max(...lines.map(([line]) => line!.length)));
    for (const [line, source] of lines) output.print(`${line!.padEnd(width)}  # ${source}\n`);
    return Promise.resolve(0);
  },
};
