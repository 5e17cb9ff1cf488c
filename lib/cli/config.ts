import { describeSource } from "../config/load.ts";
import { SETTING_NAMES } from "../config/settings.ts";
import type { Command } from "./command.ts";
import { parseSettings, SETTING_OPTIONS } from "./setting_options.ts";
import type { Option } from "./usage.ts";

const CHECK: Option = {
  name: "check",
  help: "Check the settings only. Print nothing if they are correct.",
};
const JSON_OPTION: Option = { name: "json", help: "Print JSON." };

/** Strings and arrays of strings look the same in TOML and JSON. */
function asToml(value: unknown): string {
  return Array.isArray(value)
    ? `[${value.map((part) => JSON.stringify(part)).join(", ")}]`
    : JSON.stringify(value);
}

export const config: Command = {
  name: "config",
  summary: "show the effective settings and their sources",
  usage: "[--check | --json] [OPTIONS OF serve]",
  description: [
    "The output is a valid configuration file.",
    "To see the settings of the daemon, pass the options it is started with.",
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
