import { suggestion } from "../config/load.ts";
import { daemonSettings } from "../config/settings.ts";
import { DATABASE_OPTIONS, durationOf, parseInvocation, withStore } from "./invocation.ts";
import type { Command } from "./command.ts";
import { isExpired } from "../import/item.ts";
import { FORMATS, readSources } from "../import/read.ts";
import { emptyCounts, storeChoices, storeItems } from "../import/write.ts";
import type { Output } from "./output.ts";
import { type Option, UsageError } from "./usage.ts";
import { MINUTE } from "../text/duration.ts";

const OWN: readonly Option[] = [
  {
    name: "delay",
    placeholder: "TIME",
    help: "Delay of the postgrey server: triplets with a longer history are known (default: 5m).",
  },
  { name: "dry-run", help: "Show the result without storing anything." },
];

/** Items from which a progress bar is shown. */
const MIN_PROGRESS = 5000;

function progressOf(total: number, output: Output): (done: number) => void {
  if (total < MIN_PROGRESS || !Deno.stderr.isTerminal()) return () => {};
  let next = 0;
  return (done) => {
    if (done < next && done < total) return;
    next = done + total / 100;
    const share = done / total;
    output.progress(
      `[${"#".repeat(Math.round(40 * share)).padEnd(40)}] ${Math.floor(100 * share)} % of ${total}`,
      done === total,
    );
  };
}

export const importCommand: Command = {
  name: "import",
  summary: "import data of postgrey, sqlgrey or Postfix's log",
  usage: `${FORMATS.join(" | ")} FILE… [--delay TIME] [--dry-run]`,
  words: Object.fromEntries(FORMATS.map((format) => [format, []])),
  description: [
    "postgrey: FILE is a dump of postgrey.db or postgrey_clients.db by db_dump -p (Debian: db-util): " +
    "db_dump -p /var/lib/postgrey/postgrey.db > triplets.txt. Known triplets stay known, pending " +
    "ones stay pending, and client addresses keep their counted deliveries.",
    "sqlgrey: FILE is its SQLite database, or an SQL dump (sqlite3 FILE .dump, mysqldump, pg_dump). " +
    "Pending triplets stay pending. A network is auto-whitelisted for the domains of its " +
    "auto-whitelisted senders and domains, where the client has a verified name; an address gets one " +
    "retried message for each. Opt-in and opt-out entries are kept.",
    "postfix: FILE is a log, plain or .gz, or the output of journalctl -t postfix/smtpd -t " +
    "postfix/qmgr -t postfix/virtual … -o export. Its deliveries are replayed, so that their senders " +
    "are known; those that the log shows to be deferred first count as retried messages. Pass files " +
    "in chronological order.",
    "- is standard input. Importing twice changes nothing. Lines with errors are reported and " +
    "skipped, and the exit code is 1.",
  ],
  options: [...DATABASE_OPTIONS, ...OWN],
  async run(args, output) {
    const invocation = parseInvocation(args, OWN);
    const [given, ...files] = invocation.rest;
    if (given === undefined) throw new UsageError(`FORMAT is missing: ${FORMATS.join(", ")}`);
    const format = FORMATS.find((one) => one === given);
    if (format === undefined) {
      throw new UsageError(
        `unknown format "${given}"; known are ${FORMATS.join(", ")}${
          suggestion(given, FORMATS, '"')
        }`,
      );
    }
    if (files.length === 0) throw new UsageError("FILE is missing");
    const { rules } = daemonSettings(invocation.configuration.values).engine;
    const now = Date.now();
    const reading = { rules, delay: durationOf(invocation, "delay", 5 * MINUTE), now };
    const summary = emptyCounts();
    const found = await readSources(format, files, reading, (file, { line, why }) => {
      summary.errors++;
      output.complain(`greylag: ${file}${line === 0 ? "" : `:${line}`}: ${why}\n`);
    });
    const items = found.items.filter((item) => !isExpired(item, rules, now));
    summary.expired = found.items.length - items.length;
    const isDry = invocation.options.get("dry-run") === true;
    const problems = await withStore(invocation.configuration, async (target) => {
      await storeItems(items, target.greylist, isDry, summary, progressOf(items.length, output));
      return storeChoices(found.choices, `import ${format}`, target.lists, isDry, summary);
    });
    summary.errors += problems.length;
    for (const problem of problems) output.complain(`greylag: ${problem}\n`);
    if (invocation.json) {
      output.print(`${JSON.stringify({ dry_run: isDry, ...summary })}\n`);
    } else {
      const chosen = summary.choices === 0 ? "" : `, ${summary.choices} opt-in or opt-out entries`;
      output.print(
        `${isDry ? "dry run" : "imported"}: ${summary.known} known, ` +
          `${summary.pending} pending, ${summary.reputations} reputations${chosen}; ` +
          `${summary.unchanged} unchanged, ${summary.expired} expired, ` +
          `${summary.errors} errors\n`,
      );
    }
    return summary.errors === 0 ? 0 : 1;
  },
};
