import { BUILTIN, nameBuiltinEntry } from "../lists/builtin.ts";
import { daemonSettings } from "../config/settings.ts";
import { formatPattern } from "../lists/pattern.ts";
import type { StoredEntry } from "../store/store.ts";
import { formatDuration } from "../text/duration.ts";
import { DATABASE_OPTIONS, type Invocation, parseInvocation, withStore } from "./invocation.ts";
import type { Command } from "./command.ts";
import { listFileErrors, readListFiles } from "../admin/list_checks.ts";
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

/** Reads the files of the settings; an error in them makes the exit code 1. */
function showFiles(invocation: Invocation, output: Output): number {
  const files = readListFiles(daemonSettings(invocation.configuration.values).lists);
  const rules = files.flatMap((file) => file.rules);
  const errors = files.flatMap((file) => file.errors);
  const sentences = listFileErrors(files);
  if (invocation.json) {
    const entries = rules.map(({ path, line, matchOn, pattern }) => ({
      path,
      line,
      match_on: matchOn,
      pattern: formatPattern(pattern),
    }));
    output.print(`${JSON.stringify({ entries, errors }, null, 2)}\n`);
  } else if (files.length === 0) {
    output.print("No list files are set (whitelist_clients, whitelist_recipients).\n");
  } else {
    const rows = rules.map(({ path, line, matchOn, pattern }) => [
      matchOn,
      formatPattern(pattern),
      `${path}:${line}`,
    ]);
    printTable(["match on", "pattern", "location"], rows, output);
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
    "the entries of the database. files shows those of the list files and reports lines with errors. " +
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
