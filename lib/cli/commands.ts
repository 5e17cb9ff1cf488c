import { suggestion } from "../config/load.ts";
import { backup } from "./backup.ts";
import type { Command } from "./command.ts";
import { completions } from "./completions.ts";
import { config } from "./config.ts";
import { demo } from "./demo.ts";
import { doctor } from "./doctor.ts";
import { allow, alwaysGreylist, block, expect, trap, unlist } from "./entries.ts";
import { explain } from "./explain.ts";
import { filterOpensmtpd } from "./filter_opensmtpd.ts";
import { find } from "./find.ts";
import { forget } from "./forget.ts";
import { commandHelp, programHelp } from "./help.ts";
import { importCommand } from "./import.ts";
import { list } from "./list.ts";
import { dnsListsCommand } from "./lists.ts";
import { lost } from "./lost.ts";
import { manual } from "./manual.ts";
import { passwd } from "./passwd.ts";
import { postfix } from "./postfix.ts";
import { ready } from "./ready.ts";
import { release } from "./release.ts";
import { SETTING_OPTIONS } from "./setting_options.ts";
import { serve } from "./serve.ts";
import { sites } from "./sites.ts";
import { spf } from "./spf.ts";
import { stats } from "./stats.ts";
import { token } from "./token.ts";
import { unit } from "./unit.ts";
import { notify } from "./notify.ts";
import { secret } from "./secret.ts";
import { optionalArgument, UsageError } from "./usage.ts";
import { version } from "./version.ts";

const help: Command = {
  name: "help",
  summary: "show this help, or the help of a command",
  usage: "[COMMAND]",
  get words() {
    return Object.fromEntries(COMMANDS.map(({ name }) => [name, []]));
  },
  description: [],
  options: [],

  run(args, output) {
    const name = optionalArgument(args);
    output.print(name === undefined ? programHelp(COMMANDS) : commandHelp(commandNamed(name)));
    return Promise.resolve(0);
  },
};

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [
  serve,
  find,
  lost,
  release,
  expect,
  allow,
  block,
  alwaysGreylist,
  trap,
  unlist,
  list,
  dnsListsCommand,
  stats,
  explain,
  spf,
  doctor,
  ready,
  passwd,
  token,
  notify,
  secret,
  sites,
  backup,
  importCommand,
  forget,
  config,
  demo,
  postfix,
  filterOpensmtpd,
  unit,
  manual(() => COMMANDS, SETTING_OPTIONS),
  completions(() => COMMANDS),
  version,
  help,
];

/** @throws {UsageError} for an unknown name. */
export function commandNamed(name: string): Command {
  const found = COMMANDS.find((command) => command.name === name);
  if (found !== undefined) return found;
  const names = COMMANDS.map((command) => command.name);
  throw new UsageError(`unknown command "${name}"${suggestion(name, names, '"')}`);
}
