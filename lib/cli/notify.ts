import { formatAgo } from "../admin/format.ts";
import { notifySettings } from "../config/module_settings.ts";
import { readSecrets } from "../notify/secret_file.ts";
import { describeTarget, parseTarget, type Target, TARGET_NOTATION } from "../notify/target.ts";
import { readUsers } from "../notify/user_files.ts";
import { messageOf } from "../text/error_message.ts";
import type { Command } from "./command.ts";
import { DATABASE_OPTIONS, type Invocation, parseInvocation, withStore } from "./invocation.ts";
import type { Output } from "./output.ts";
import { printTable } from "./table.ts";
import { optionalArgument, refuseRest, UsageError } from "./usage.ts";

interface Tested {
  readonly target: string;
  /** Absent if the target accepted the notice. */
  readonly error?: string;
}

async function test(
  { configuration, json }: Invocation,
  given: string | undefined,
  output: Output,
): Promise<number> {
  const settings = notifySettings(configuration.values);
  let targets: readonly Target[] = settings.targets;
  if (given !== undefined) {
    const target = parseTarget(given);
    if (target === undefined) throw new UsageError(`TARGET must be ${TARGET_NOTATION}`);
    targets = [target];
  }
  if (targets.length === 0) {
    output.complain("greylag: notify is empty. Set it, or name a target: greylag notify --help\n");
    return 1;
  }
  const { deliver } = await import("../notify/deliver.ts");
  const secrets = () => readSecrets(settings.database);
  const tested = await Promise.all(targets.map(async (target): Promise<Tested> => {
    const shown = describeTarget(target);
    try {
      await deliver({ kind: "test" }, target, settings, secrets, Date.now());
      return { target: shown };
    } catch (error) {
      return { target: shown, error: messageOf(error) };
    }
  }));
  if (json) output.print(`${JSON.stringify(tested, null, 2)}\n`);
  for (const { target, error } of tested) {
    if (error !== undefined) output.complain(`greylag: ${target}: ${error}\n`);
    else if (!json) output.print(`${target}: accepted\n`);
  }
  return tested.every(({ error }) => error === undefined) ? 0 : 1;
}

async function list({ configuration, json }: Invocation, output: Output): Promise<number> {
  const settings = notifySettings(configuration.values);
  const users = readUsers(settings, (why) => output.complain(`greylag: ${why}\n`));
  const backlog = await withStore(configuration, (store) => store.notices.backlog());
  const rows = [
    ...settings.targets.map((target) => ["administrator", describeTarget(target), "", "en"]),
    ...users.map(({ address, notify, digest, language }) => [
      address,
      typeof notify === "string" ? notify : describeTarget(notify),
      digest,
      language,
    ]),
  ];
  if (json) {
    const items = rows.map(([recipient, target, digest, language]) => ({
      recipient,
      target,
      digest: digest === "" ? null : digest,
      language,
    }));
    output.print(`${JSON.stringify({ notices: items, queued: backlog?.count ?? 0 }, null, 2)}\n`);
    return 0;
  }
  if (rows.length === 0) {
    output.print("Nobody gets notices. See: docs/notices.md\n");
    return 0;
  }
  printTable(["recipient", "target", "digest", "language"], rows, output);
  if (backlog !== undefined) {
    const age = formatAgo(Date.now() - backlog.oldest);
    output.print(`Queued notices: ${backlog.count}, the oldest from ${age}.\n`);
  }
  return 0;
}

export const notify: Command = {
  name: "notify",
  summary: "test and list the targets of notices",
  usage: "test [TARGET] | list",
  words: { test: [], list: [] },
  description: [
    "test sends a notice to TARGET, such as mail:admin@example.net, or to every target of the setting " +
    "notify. The exit code is 1 if one of them does not accept it.",
    "list shows who gets notices, and how many are queued.",
  ],
  options: DATABASE_OPTIONS,
  async run(args, output) {
    const invocation = parseInvocation(args, []);
    const [what = "list", ...rest] = invocation.rest;
    if (what === "test") return await test(invocation, optionalArgument(rest), output);
    if (what !== "list") throw new UsageError(`unknown action "${what}"; known are test, list`);
    refuseRest(rest);
    return await list(invocation, output);
  },
};
