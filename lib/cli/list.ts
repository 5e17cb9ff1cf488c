import { BUILTIN, nameBuiltinEntry } from "../lists/builtin.ts";
import { daemonSettings } from "../config/module_settings.ts";
import type { KeptFile, StoredEntry } from "../store/store.ts";
import { formatDuration } from "../text/duration.ts";
import { DATABASE_OPTIONS, type Invocation, parseInvocation, withStore } from "./invocation.ts";
import type { Command } from "./command.ts";
import { dateOf } from "../admin/format.ts";
import { rulesInForce } from "../admin/fixed_rules.ts";
import {
  listFileErrors,
  readListFiles,
  unusableListFindings,
  unusableLists,
} from "../admin/list_checks.ts";
import { entryAsJson } from "../admin/record_json.ts";
import type { Output } from "./output.ts";
import { printTable } from "./table.ts";
import { optionalArgument, UsageError } from "./usage.ts";
import { suggestion } from "../config/load.ts";

const WHICH = [
  "all",
  "allow",
  "block",
  "always-greylist",
  "trap",
  "release",
  "files",
  "builtin",
] as const;

function showEntries(entries: readonly StoredEntry[], which: string, output: Output): void {
  if (entries.length === 0) {
    const what = which === "all" ? "lists are" : `${which} list is`;
    output.print(`The ${what} empty. See: greylag allow --help\n`);
    return;
  }
  const now = Date.now();
  const rows = entries.map((entry) => [
    String(entry.id),
    entry.list,
    entry.matchOn,
    entry.pattern,
    String(entry.hits),
    entry.lastHit === undefined ? "never" : `${formatDuration(now - entry.lastHit)} ago`,
    entry.expires === undefined
      ? "-"
      : entry.expires <= now
      ? "expired"
      : `in ${formatDuration(entry.expires - now)}`,
    entry.note,
  ]);
  const heads = ["no.", "list", "match on", "pattern", "hits", "last hit", "expires", "note"];
  printTable(heads, rows, output);
}

async function showBuiltin(invocation: Invocation, output: Output): Promise<void> {
  const counted = await withStore(invocation.configuration, (store) => store.lists.ruleHits());
  const hits = new Map(counted.map((one) => [one.rule, one]));
  if (invocation.json) {
    const entries = BUILTIN.map((entry) => ({
      provider: entry.provider,
      match_on: entry.matchOn,
      pattern: entry.pattern,
      source: entry.source,
      date: entry.date,
      hits: hits.get(nameBuiltinEntry(entry))?.hits ?? 0,
    }));
    output.print(`${JSON.stringify(entries, null, 2)}\n`);
    return;
  }
  if (!invocation.configuration.values.builtin_list) {
    output.print("The built-in list is turned off (builtin_list = false).\n");
  }
  const rows = BUILTIN.map((entry) => [
    entry.provider,
    entry.matchOn,
    entry.pattern,
    String(hits.get(nameBuiltinEntry(entry))?.hits ?? 0),
    entry.date,
    entry.source,
  ]);
  const heads = ["provider", "match on", "pattern", "hits", "date", "source"];
  printTable(heads, rows, output);
}

/** List files with the entries that the daemon keeps of them; none without permission on the database. */
function keptFilesOf({ configuration }: Invocation): Promise<readonly KeptFile[]> {
  return withStore(configuration, (store) => store.lists.keptFiles()).catch(() => []);
}

/**
 * Reads the files of the settings, and shows the rules that the daemon uses. An error in them makes the
 * exit code 1.
 */
async function showFiles(invocation: Invocation, output: Output): Promise<number> {
  const files = readListFiles(daemonSettings(invocation.configuration.values).lists);
  const keptFiles = await keptFilesOf(invocation);
  const unusable = unusableLists(keptFiles)
    .filter(({ path }) => files.some((file) => file.path === path));
  const rules = rulesInForce(files, keptFiles);
  const errors = files.flatMap((file) => file.errors);
  const readable = files.filter(({ path }) => !unusable.some((one) => one.path === path));
  const sentences = [
    ...unusableListFindings(unusable).map(({ what, remedy }) => `${what}. ${remedy}`),
    ...listFileErrors(readable),
  ];
  if (invocation.json) {
    const entries = rules.map(({ path, line, matchOn, pattern, isKept }) => ({
      path,
      line,
      match_on: matchOn,
      pattern,
      kept: isKept,
    }));
    const unusableFiles = unusable.map(({ path, why, since, kept }) => ({
      path,
      why,
      since: dateOf(since),
      kept,
    }));
    output.print(`${JSON.stringify({ entries, errors, unusable: unusableFiles }, null, 2)}\n`);
  } else if (files.length === 0) {
    output.print("No list files are set (whitelist_clients, whitelist_recipients).\n");
  } else {
    const rows = rules.map(({ path, line, matchOn, pattern, isKept }) => [
      matchOn,
      pattern,
      isKept ? "kept" : "read",
      `${path}:${line}`,
    ]);
    printTable(["match on", "pattern", "state", "location"], rows, output);
  }
  for (const sentence of sentences) output.complain(`greylag: ${sentence}\n`);
  return sentences.length === 0 ? 0 : 1;
}

export const list: Command = {
  name: "list",
  summary: "show the lists",
  usage: `[${WHICH.join(" | ")}]`,
  words: Object.fromEntries(WHICH.map((word) => [word, []])),
  description: [
    "all (the default), allow, block, always-greylist, trap and release (pairs of greylag release) show " +
    'the entries of the database. files shows those of the list files and reports lines with errors. The state "kept" marks ' +
    "entries of a file that the daemon cannot use now; the message tells since when. " +
    "builtin shows the list that greylag ships: host entries match a client's verified name, via " +
    "entries the domain whose SPF record names the client.",
  ],
  options: DATABASE_OPTIONS,
  async run(args, output) {
    const invocation = parseInvocation(args, []);
    const which = optionalArgument(invocation.rest) ?? "all";
    if (!WHICH.some((word) => word === which)) {
      throw new UsageError(`unknown list "${which}"${suggestion(which, WHICH, '"')}`);
    }
    if (which === "files") return showFiles(invocation, output);
    if (which === "builtin") {
      await showBuiltin(invocation, output);
      return 0;
    }
    const all = await withStore(invocation.configuration, (store) => store.lists.entries());
    const entries = all.filter((entry) => which === "all" || entry.list === which);
    if (invocation.json) output.print(`${JSON.stringify(entries.map(entryAsJson), null, 2)}\n`);
    else showEntries(entries, which, output);
    return 0;
  },
};
