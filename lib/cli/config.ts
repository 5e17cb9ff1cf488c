import { asToml } from "../config/edit_array.ts";
import { describeSource } from "../config/load.ts";
import { listFileErrors, readListFiles } from "../admin/list_checks.ts";
import { reviewSettings } from "../config/review.ts";
import { daemonSettings, notifySettings } from "../config/module_settings.ts";
import { SETTING_NAMES } from "../config/settings.ts";
import { readUsers } from "../notify/user_files.ts";
import type { Command } from "./command.ts";
import { parseSettings, postgreyNotes, SETTING_OPTIONS } from "./setting_options.ts";
import type { Option } from "./usage.ts";

const CHECK: Option = {
  name: "check",
  help: "Check the settings and the list files only. Print nothing if they are correct.",
};
const JSON_OPTION: Option = { name: "json", help: "Print JSON." };

export const config: Command = {
  name: "config",
  summary: "show the effective settings and their sources",
  usage: "[--check | --json] [OPTIONS OF serve]",
  description: [
    "The output is a valid configuration file.",
    "To see the settings of the daemon, pass the options it is started with. Settings without effect are " +
    "reported. With --check the exit code is 1 for an error in the settings, in a list file or in a user file.",
  ],
  options: [CHECK, JSON_OPTION, ...SETTING_OPTIONS],

  run(args, output) {
    const given = parseSettings(args, [CHECK, JSON_OPTION], true);
    const configuration = given.load();
    const { values, written, sources } = configuration;
    const review = reviewSettings(configuration);
    const warnings = [...given.warnings, ...postgreyNotes(configuration), ...review.warnings];
    for (const warning of warnings) output.complain(`greylag: ${warning}\n`);
    if (given.options.has("check")) {
      const files = readListFiles(daemonSettings(values).lists);
      const errors = [...review.errors, ...listFileErrors(files)];
      readUsers(notifySettings(values), (why) => errors.push(why));
      for (const error of errors) output.complain(`greylag: ${error}\n`);
      return Promise.resolve(errors.length === 0 ? 0 : 1);
    }
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
