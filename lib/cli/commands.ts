import { suggestion } from "../config/load.ts";
import type { Command } from "./command.ts";
import { commandHelp, programHelp } from "./help.ts";
import { optionalArgument, UsageError } from "./usage.ts";

const help: Command = {
  name: "help",
  summary: "show this help, or the help of a command",
  usage: "[COMMAND]",
  get words() {
    return Object.fromEntries(COMMAND_NAMES.map((name) => [name, []]));
  },
  description: [],
  options: [],

  async run(args, output) {
    const name = optionalArgument(args);
    output.print(
      name === undefined ? programHelp(await allCommands()) : commandHelp(await commandNamed(name)),
    );
    return 0;
  },
};

/** In the order of the help. A command is loaded when it runs: the daemon starts without the others. */
const LOADERS: Readonly<Record<string, () => Promise<Command>>> = {
  "serve": async () => (await import("./serve.ts")).serve,
  "find": async () => (await import("./find.ts")).find,
  "lost": async () => (await import("./lost.ts")).lost,
  "release": async () => (await import("./release.ts")).release,
  "expect": async () => (await import("./entries.ts")).expect,
  "allow": async () => (await import("./entries.ts")).allow,
  "block": async () => (await import("./entries.ts")).block,
  "always-greylist": async () => (await import("./entries.ts")).alwaysGreylist,
  "trap": async () => (await import("./entries.ts")).trap,
  "unlist": async () => (await import("./entries.ts")).unlist,
  "list": async () => (await import("./list.ts")).list,
  "lists": async () => (await import("./lists.ts")).dnsListsCommand,
  "stats": async () => (await import("./stats.ts")).stats,
  "explain": async () => (await import("./explain.ts")).explain,
  "spf": async () => (await import("./spf.ts")).spf,
  "doctor": async () => (await import("./doctor.ts")).doctor,
  "ready": async () => (await import("./ready.ts")).ready,
  "passwd": async () => (await import("./passwd.ts")).passwd,
  "token": async () => (await import("./token.ts")).token,
  "notify": async () => (await import("./notify.ts")).notify,
  "secret": async () => (await import("./secret.ts")).secret,
  "sites": async () => (await import("./sites.ts")).sites,
  "backup": async () => (await import("./backup.ts")).backup,
  "import": async () => (await import("./import.ts")).importCommand,
  "forget": async () => (await import("./forget.ts")).forget,
  "config": async () => (await import("./config.ts")).config,
  "demo": async () => (await import("./demo.ts")).demo,
  "postfix": async () => (await import("./postfix.ts")).postfix,
  "filter-opensmtpd": async () => (await import("./filter_opensmtpd.ts")).filterOpensmtpd,
  "unit": async () => (await import("./unit.ts")).unit,
  "manual": async () => (await import("./manual.ts")).manual(allCommands),
  "completions": async () => (await import("./completions.ts")).completions(allCommands),
  "version": async () => (await import("./version.ts")).version,
  "help": () => Promise.resolve(help),
};

export const COMMAND_NAMES: readonly string[] = Object.keys(LOADERS);

export function allCommands(): Promise<readonly Command[]> {
  return Promise.all(Object.values(LOADERS).map((load) => load()));
}

/** @throws {UsageError} for an unknown name. */
export function commandNamed(name: string): Promise<Command> {
  const load = Object.hasOwn(LOADERS, name) ? LOADERS[name] : undefined;
  if (load !== undefined) return load();
  throw new UsageError(`unknown command "${name}"${suggestion(name, COMMAND_NAMES, '"')}`);
}
