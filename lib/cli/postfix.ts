import type { Values } from "../config/settings.ts";
import { ConfigError } from "../config/load.ts";
import { checkEndpoints } from "../admin/dead_endpoints.ts";
import { calledEndpoints, type GreylagSetup } from "../postfix/check_postconf.ts";
import {
  addGreylag,
  callers,
  type ConfigChange,
  type ConfigFile,
  type ConfigFiles,
  describeChange,
  removeGreylag,
  undoChanges,
} from "../postfix/config_edit.ts";
import { parseConfigFiles, queueDirectoryOf } from "../postfix/postconf.ts";
import { messageOf } from "../text/error_message.ts";
import { DATABASE_OPTIONS, parseInvocation } from "./invocation.ts";
import type { Command } from "./command.ts";
import type { Output } from "./output.ts";
import { type Option, UsageError } from "./usage.ts";

const RECORD = "changes.json";

const FILES: readonly ConfigFile[] = ["main.cf", "master.cf"];

const OWN: readonly Option[] = [
  {
    name: "record",
    placeholder: "FILE",
    help: "Changes of an earlier run, as OUTPUT/changes.json contains them.",
  },
  {
    name: "replace-check",
    placeholder: "ENDPOINT",
    help:
      "With add: replace the check of this policy service, as Postfix's configuration names it.",
  },
  { name: "learn-outbound", help: "With add: make the submission services call greylag as well." },
  { name: "recorded", help: "With remove: undo only the changes of --record." },
];

/** Bytes as characters, so that every byte of a file survives. */
function readBytes(path: string): string {
  try {
    return Deno.readFileSync(path).reduce((text, byte) => text + String.fromCharCode(byte), "");
  } catch (error) {
    throw new ConfigError(`cannot read ${path}: ${messageOf(error)}`);
  }
}

function writeBytes(path: string, text: string): void {
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  try {
    Deno.writeFileSync(path, bytes);
  } catch (error) {
    throw new ConfigError(`cannot write ${path}: ${messageOf(error)}`);
  }
}

function readRecord(path: string | undefined): ConfigChange[] {
  if (path === undefined) return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(readBytes(path));
  } catch (error) {
    throw error instanceof ConfigError ? error : new ConfigError(`${path} is not JSON`);
  }
  if (!Array.isArray(parsed)) throw new ConfigError(`${path} is not a list of changes`);
  return parsed;
}

function writeChanged(directory: string, before: ConfigFiles, after: ConfigFiles): void {
  for (const file of FILES) {
    if (before[file] !== after[file]) writeBytes(`${directory}/${file}`, after[file]);
  }
}

export function setupOf(values: Values): GreylagSetup {
  return {
    listen: values.listen,
    nullSenderAtData: values.null_sender === "data",
    learnOutbound: values.learn_outbound,
    recipientDelimiter: values.recipient_delimiter,
  };
}

async function add(
  files: ConfigFiles,
  setup: GreylagSetup,
  target: string,
  recorded: readonly ConfigChange[],
  outbound: boolean,
  named: string | undefined,
  output: Output,
): Promise<number> {
  const config = parseConfigFiles(files["main.cf"], files["master.cf"]);
  const queueDirectory = queueDirectoryOf(config.parameters);
  const { dead } = await checkEndpoints(calledEndpoints(config), setup.listen, queueDirectory);
  const { files: edited, changes, problems } = addGreylag(
    files,
    setup,
    dead,
    outbound,
    named,
  );
  for (const change of changes) output.print(`${describeChange(change)}\n`);
  for (const problem of problems) output.complain(`greylag: ${problem}\n`);
  const after = parseConfigFiles(edited["main.cf"], edited["master.cf"]);
  for (const endpoint of calledEndpoints(after).filter((one) => dead.has(one))) {
    output.complain(
      `greylag: warning: no program listens on ${endpoint}, which Postfix calls. Its check was not ` +
        "changed: start the program, or remove the check\n",
    );
  }
  writeChanged(target, files, edited);
  if (changes.length > 0) {
    writeBytes(`${target}/${RECORD}`, JSON.stringify([...recorded, ...changes], null, 2));
  }
  return problems.length === 0 ? 0 : 1;
}

function remove(
  files: ConfigFiles,
  setup: GreylagSetup,
  target: string,
  recorded: readonly ConfigChange[],
  onlyRecorded: boolean,
  output: Output,
): number {
  const undone = undoChanges(files, recorded);
  const edited = onlyRecorded ? undone : removeGreylag(undone, setup);
  writeChanged(target, files, edited);
  const left = callers(edited, setup);
  for (const place of left) output.complain(`greylag: Postfix still calls greylag: ${place}\n`);
  return left.length === 0 ? 0 : 1;
}

export const postfix: Command = {
  name: "postfix",
  summary: "edit copies of Postfix's main.cf and master.cf, for install.sh",
  words: { add: [], remove: [] },
  usage: "add | remove DIRECTORY OUTPUT [--record FILE] [--replace-check ENDPOINT] " +
    "[--learn-outbound] [--recorded]",
  description: [
    "Reads main.cf and master.cf in DIRECTORY and writes those that change to OUTPUT, with the changes " +
    "in OUTPUT/changes.json. DIRECTORY stays as it is.",
    "add makes Postfix call greylag, or corrects the check that is there: its place, its default_action, " +
    "the endpoint of a greylisting server that no longer runs. Comments and line breaks stay. Checks of " +
    "other policy services stay, and a warning names those on which no program listens.",
    "remove undoes the changes of --record byte for byte, and removes every other check of greylag. The " +
    "exit code is 1 if a check is left.",
  ],
  options: [...DATABASE_OPTIONS.filter(({ name }) => name === "config"), ...OWN],
  async run(args, output) {
    const { configuration, options, rest } = parseInvocation(args, OWN);
    const [action, source, target, ...more] = rest;
    if ((action !== "add" && action !== "remove") || target === undefined || more.length > 0) {
      throw new UsageError("add or remove, DIRECTORY and OUTPUT are needed");
    }
    const files = {
      "main.cf": readBytes(`${source}/main.cf`),
      "master.cf": readBytes(`${source}/master.cf`),
    };
    const setup = setupOf(configuration.values);
    const record = options.get("record");
    const named = options.get("replace-check");
    const recorded = readRecord(typeof record === "string" ? record : undefined);
    return action === "add"
      ? await add(
        files,
        setup,
        target,
        recorded,
        options.get("learn-outbound") === true,
        typeof named === "string" ? named : undefined,
        output,
      )
      : remove(files, setup, target, recorded, options.get("recorded") === true, output);
  },
};
