import { ConfigError, suggestion } from "../config/load.ts";
import { daemonSettings } from "../config/module_settings.ts";
import type { Reading } from "../import/item.ts";
import { parseOwnNetworks } from "../import/own_networks.ts";
import type { PostfixLogSettings } from "../import/postfix_log.ts";
import { inspectPostgreyPath } from "../import/postgrey_directory.ts";
import { type Format, FORMATS, type Found, readSources } from "../import/read.ts";
import { emptyCounts, type ImportCounts, storeChoices, storeItems } from "../import/write.ts";
import type { Network } from "../net/network.ts";
import { MINUTE } from "../text/duration.ts";
import { reasonOf } from "../text/error_message.ts";
import { shellWord } from "../text/shell_word.ts";
import type { Command } from "./command.ts";
import {
  importSummary,
  missingDelivery,
  progressOf,
  reporter,
  suggestListFiles,
} from "./import_report.ts";
import { withImportStore } from "./import_store.ts";
import { DATABASE_OPTIONS, durationOf, type Invocation, parseInvocation } from "./invocation.ts";
import { type Option, UsageError } from "./usage.ts";

const OWN: readonly (Option & { readonly format?: Format })[] = [
  {
    name: "delay",
    placeholder: "TIME",
    help: "postgrey: its delay. Triplets with a longer history are known (default: 5m).",
    format: "postgrey",
  },
  {
    name: "mynetworks",
    placeholder: "NETWORKS",
    help: "postfix: networks of your own clients, as `postconf -hx mynetworks` prints them. " +
      "Their mail does not count.",
    repeatable: true,
    format: "postfix",
  },
  {
    name: "relay-domain",
    placeholder: "DOMAIN",
    help: "postfix: a domain whose mail goes on to a public address. " +
      "Other mail that does so is taken for outgoing and does not count.",
    repeatable: true,
    format: "postfix",
  },
  { name: "dry-run", help: "Show the result without storing anything." },
];

function formatOf(given: string | undefined): Format {
  if (given === undefined) throw new UsageError(`FORMAT is missing: ${FORMATS.join(", ")}`);
  const format = FORMATS.find((one) => one === given);
  if (format !== undefined) return format;
  throw new UsageError(
    `unknown format "${given}"; known are ${FORMATS.join(", ")}${suggestion(given, FORMATS, '"')}`,
  );
}

function valuesOf({ options }: Invocation, name: string): string[] {
  const given = options.get(name);
  return Array.isArray(given) ? given : [];
}

function logSettingsOf(
  invocation: Invocation,
  trustedNetworks: readonly Network[],
): PostfixLogSettings {
  const own = valuesOf(invocation, "mynetworks").flatMap((text) => {
    const parsed = parseOwnNetworks(text);
    if ("networks" in parsed) return parsed.networks;
    throw new UsageError(
      `--mynetworks: "${parsed.invalid}" is no network. Write the networks of a table, ` +
        "such as 192.0.2.0/24",
    );
  });
  const domains = valuesOf(invocation, "relay-domain").map((domain) =>
    domain.replace(/^@/, "").toLowerCase()
  );
  return { own: [...trustedNetworks, ...own], relayDomains: new Set(domains) };
}

/** The dumps behind the paths of postgrey's files, or the commands that make them. */
function dumpsOf(paths: readonly string[], command: string): string[] {
  return paths.flatMap((path) => {
    const inspected = readable(path, () => inspectPostgreyPath(path));
    if (inspected.kind === "dumps") return inspected.paths;
    if (inspected.kind === "nothing") {
      throw new ConfigError(`no database of postgrey in ${path}: postgrey.db is missing`);
    }
    const commands = [...inspected.commands, `${command} ${inspected.dumps.join(" ")}`];
    throw new ConfigError(
      `${path} has to be dumped first. Run as root (db_dump is in Debian's package db-util):\n` +
        commands.map((line) => `  ${line}`).join("\n"),
    );
  });
}

/** @throws {ConfigError} for an error of the file system. */
function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ConfigError(`cannot read ${path}: ${reasonOf(error)}`);
  }
}

/** @throws {ConfigError} if a file is missing. Called before anything is created. */
function checkPaths(paths: readonly string[]): void {
  for (const path of paths) {
    if (path !== "-") readable(path, () => Deno.statSync(path));
  }
}

export const importCommand: Command = {
  name: "import",
  summary: "import data of postgrey, sqlgrey or Postfix's log",
  usage: `${FORMATS.join(" | ")} FILE… [--dry-run] [OPTION…]`,
  words: Object.fromEntries(FORMATS.map((format) => [format, []])),
  description: [
    "postgrey: FILE is a dump of postgrey.db or postgrey_clients.db by db_dump (Debian: db-util): " +
    "db_dump -h /var/lib/postgrey -p postgrey.db > triplets.txt. Without -h the dump lacks what a " +
    "running postgrey has not written yet. FILE may be the directory of the dumps triplets.txt and " +
    "clients.txt; for the directory of the databases, the commands to run are shown. Known triplets " +
    "stay known, pending ones stay pending, and client addresses keep their counted deliveries.",
    "sqlgrey: FILE is its SQLite database, or an SQL dump (sqlite3 FILE .dump, mysqldump, pg_dump). " +
    "Pending triplets stay pending. Auto-whitelisted senders and domains stay known, for any " +
    "recipient, from the network or address that sqlgrey stored. Opt-in and opt-out entries are kept.",
    "postfix: FILE is a log of syslog or of a container, plain or gzip, or the output of journalctl " +
    "with -o export, json or short-precise: journalctl -o export SYSLOG_FACILITY=2 | greylag import " +
    "postfix -. Its deliveries make their senders known; those that the log shows to be deferred " +
    "first count as retried messages. Mail of your own networks and authenticated users, outgoing " +
    "mail, and mail that was discarded or quarantined does not count. Several files are read in the " +
    "order of their times.",
    "- is standard input. The database is created if it does not exist. Importing twice changes " +
    "nothing. Lines with errors are reported and skipped, and the exit code is 1, as it is for a log " +
    "of Postfix without a delivery.",
  ],
  options: [...DATABASE_OPTIONS, ...OWN],
  async run(args, output) {
    const invocation = parseInvocation(args, OWN);
    const [given, ...named] = invocation.rest;
    // Deno opens no devices.
    const files = named.map((path) => path === "/dev/stdin" ? "-" : path);
    const format = formatOf(given);
    if (files.length === 0) throw new UsageError("FILE is missing");
    const other = OWN.find((option) =>
      option.format !== undefined && option.format !== format && invocation.options.has(option.name)
    );
    if (other !== undefined) throw new UsageError(`--${other.name} is for import ${other.format}`);
    const { configuration } = invocation;
    const { rules } = daemonSettings(configuration.values).engine;
    const reading: Reading = {
      rules,
      delay: durationOf(invocation, "delay", 5 * MINUTE),
      now: Date.now(),
    };
    const logSettings = logSettingsOf(invocation, rules.trustedNetworks);
    const isDry = invocation.options.get("dry-run") === true;
    const options = args.filter((arg) => !invocation.rest.includes(arg)).map(shellWord);
    const command = ["greylag", "import", format, ...options].join(" ");
    checkPaths(files);
    const paths = format === "postgrey" ? dumpsOf(files, command) : files;

    const counts = emptyCounts();
    let found: Found = { items: [], choices: [] };
    await withImportStore(configuration, isDry, output, async (store) => {
      const errors = reporter(output, counts);
      found = await readSources({ format, paths, command }, reading, logSettings, errors.report);
      errors.end();
      const progress = progressOf(found.items.length, output);
      await storeItems(found.items, store, reading, isDry, counts, progress);
      const problems = storeChoices(found.choices, `import ${format}`, store, isDry, counts);
      for (const why of problems) errors.report(format, { line: 0, why });
    });
    const missing = missingDelivery(found);
    if (format === "postgrey" && found.items.length === 0 && counts.errors === 0) {
      output.complain(
        "greylag: the dumps have no records. For a running postgrey db_dump needs -h DIRECTORY\n",
      );
    }
    if (missing !== undefined) {
      counts.errors++;
      output.complain(`greylag: ${missing}\n`);
    }
    if (invocation.json) {
      output.print(`${JSON.stringify(jsonOf(counts, isDry, found))}\n`);
    } else {
      output.print(importSummary(counts, isDry, found.log));
    }
    if (found.items.length > 0) suggestListFiles(format, configuration, output);
    return counts.errors === 0 ? 0 : 1;
  },
};

function jsonOf({ autoWhitelisted, ...counts }: ImportCounts, isDry: boolean, { log }: Found) {
  return {
    dry_run: isDry,
    ...counts,
    auto_whitelisted: autoWhitelisted,
    ...log === undefined ? {} : { log },
  };
}
