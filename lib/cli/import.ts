import { nearest } from "../config/load.ts";
import { daemonSettings } from "../config/settings.ts";
import { formatPattern, parsePattern } from "../lists/pattern.ts";
import type { Change } from "../greylist/model.ts";
import type { Store } from "../store/store.ts";
import { ADMIN_OPTIONS, durationOf, parseAdmin, withStore } from "./admin.ts";
import type { Command } from "./command.ts";
import { changeOf, type Choice, isExpired, type Item } from "../import/item.ts";
import { FORMATS, readSources } from "../import/read.ts";
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

/** Rows in one transaction: a running daemon waits for one chunk at most. */
const CHUNK = 500;

interface Summary {
  known: number;
  pending: number;
  origins: number;
  choices: number;
  unchanged: number;
  expired: number;
  errors: number;
}

async function storeItems(
  items: readonly Item[],
  target: Store,
  isDry: boolean,
  summary: Summary,
  progress: (done: number) => void,
): Promise<void> {
  for (let at = 0; at < items.length; at += CHUNK) {
    const chunk = items.slice(at, at + CHUNK);
    let changes: readonly Change[] = [];
    target.greylist.exchange(chunk.map(({ key }) => key), (recalled) => {
      changes = chunk.map((item) => changeOf(item, recalled)).filter((one) => one !== undefined);
      return isDry ? [] : changes;
    });
    summary.unchanged += chunk.length - changes.length;
    for (const change of changes) {
      if (change.kind === "origin") summary.origins++;
      else if (change.kind === "triplet" && change.record.passed !== undefined) summary.known++;
      else summary.pending++;
    }
    progress(at + chunk.length);
    // Let a daemon in another process write.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

function storeChoices(
  choices: readonly Choice[],
  from: string,
  target: Store,
  isDry: boolean,
  summary: Summary,
): string[] {
  const problems: string[] = [];
  const present = new Set(
    (target.lists.entries()).map(({ list, pattern }) => `${list} ${pattern}`),
  );
  for (const { list, pattern: given } of choices) {
    const parsed = parsePattern("recipient", given);
    if (!parsed.ok) {
      problems.push(`${list} "${given}": ${parsed.why}`);
      continue;
    }
    const pattern = formatPattern(parsed.pattern);
    if (present.has(`${list} ${pattern}`)) {
      summary.unchanged++;
      continue;
    }
    present.add(`${list} ${pattern}`);
    summary.choices++;
    const entry = { list, pattern, note: "", addedBy: `import ${from}`, created: Date.now() };
    if (!isDry) target.lists.add({ ...entry, matchOn: "recipient" });
  }
  return problems;
}

function progressOf(total: number, output: Output): (done: number) => void {
  if (total < 10 * CHUNK || !Deno.stderr.isTerminal()) return () => {};
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
  description: [
    "postgrey: FILE is a dump of postgrey.db or postgrey_clients.db by db_dump -p (Debian: db-util): " +
    "db_dump -p /var/lib/postgrey/postgrey.db > triplets.txt. Known triplets stay known, pending " +
    "ones stay pending, and clients keep their counted deliveries.",
    "sqlgrey: FILE is its SQLite database, or an SQL dump (sqlite3 FILE .dump, mysqldump, pg_dump). " +
    "Pending triplets stay pending. A network gets one delivery for each auto-whitelisted sender, " +
    "and is auto-whitelisted for an auto-whitelisted domain. Opt-in and opt-out entries are kept.",
    "postfix: FILE is a log, plain or .gz, or the output of journalctl -t postfix/smtpd -t " +
    "postfix/qmgr -t postfix/virtual … -o export. Its deliveries are replayed, so that their senders " +
    "are known and origins are auto-whitelisted. Pass files in chronological order.",
    "- is standard input. Importing twice changes nothing. Lines with errors are reported and " +
    "skipped, and the exit code is 1.",
  ],
  options: [...ADMIN_OPTIONS, ...OWN],
  async run(args, output) {
    const admin = parseAdmin(args, OWN);
    const [given, ...files] = admin.rest;
    const format = FORMATS.find((one) => one === given);
    if (format === undefined) {
      const near = given === undefined ? undefined : nearest(given, FORMATS);
      throw new UsageError(
        given === undefined
          ? `FORMAT is missing: ${FORMATS.join(", ")}`
          : `unknown format "${given}"; known are ${FORMATS.join(", ")}` +
            (near === undefined ? "" : `; did you mean "${near}"?`),
      );
    }
    if (files.length === 0) throw new UsageError("FILE is missing");
    const { rules } = daemonSettings(admin.configuration.values).engine;
    const now = Date.now();
    const reading = { rules, delay: durationOf(admin, "delay", 5 * MINUTE), now };
    const summary: Summary = {
      known: 0,
      pending: 0,
      origins: 0,
      choices: 0,
      unchanged: 0,
      expired: 0,
      errors: 0,
    };
    const found = await readSources(format, files, reading, (file, { line, why }) => {
      summary.errors++;
      output.complain(`greylag: ${file}${line === 0 ? "" : `:${line}`}: ${why}\n`);
    });
    const items = found.items.filter((item) => !isExpired(item, rules, now));
    summary.expired = found.items.length - items.length;
    const isDry = admin.options.get("dry-run") === true;
    const problems = await withStore(admin.configuration, async (target) => {
      await storeItems(items, target, isDry, summary, progressOf(items.length, output));
      return storeChoices(found.choices, format, target, isDry, summary);
    });
    summary.errors += problems.length;
    for (const problem of problems) output.complain(`greylag: ${problem}\n`);
    if (admin.json) {
      output.print(`${JSON.stringify({ dry_run: isDry, ...summary })}\n`);
    } else {
      const chosen = summary.choices === 0 ? "" : `, ${summary.choices} opt-in or opt-out entries`;
      output.print(
        `${isDry ? "dry run" : "imported"}: ${summary.known} known, ` +
          `${summary.pending} pending, ${summary.origins} origins${chosen}; ` +
          `${summary.unchanged} unchanged, ${summary.expired} expired, ` +
          `${summary.errors} errors\n`,
      );
    }
    return summary.errors === 0 ? 0 : 1;
  },
};
