/**
 * The output of an import: progress, errors, the result, hints.
 *
 * @module
 */
import { arrayLine } from "../config/edit_array.ts";
import type { Configuration } from "../config/load.ts";
import { listFilesOfServer } from "../import/list_files.ts";
import type { LogCounts } from "../import/postfix_log.ts";
import type { Format, Found, Report } from "../import/read.ts";
import type { ImportCounts } from "../import/write.ts";
import { type Output, wrap } from "./output.ts";

/** Items from which a progress bar is shown. */
const MIN_PROGRESS = 5000;

/** Errors of one file that are printed; the rest is counted. */
const MAX_ERRORS = 10;

export function progressOf(total: number, output: Output): (done: number) => void {
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

/** Prints errors, the first of each file in full. */
export function reporter(output: Output, counts: ImportCounts): { report: Report; end(): void } {
  const seen = new Map<string, number>();
  return {
    report: (name, { line, why }) => {
      counts.errors++;
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      if (count > MAX_ERRORS) return;
      output.complain(`greylag: ${name}${line === 0 ? "" : `:${line}`}: ${why}\n`);
    },
    end: () => {
      for (const [name, count] of seen) {
        const more = count - MAX_ERRORS;
        if (more <= 0) continue;
        output.complain(`greylag: ${name}: ${plural(more, "more error", "more errors")}\n`);
      }
    },
  };
}

/** Names the list files of the other server that the settings do not. */
export function suggestListFiles(format: Format, { values }: Configuration, output: Output): void {
  const found = listFilesOfServer(format);
  const lines = (["whitelist_clients", "whitelist_recipients"] as const).flatMap((name) => {
    const missing = found[name].filter((path) => !values[name].includes(path));
    return missing.length === 0 ? [] : [arrayLine(name, [...values[name], ...missing])];
  });
  if (lines.length === 0) return;
  output.complain(
    `greylag: the settings do not name the whitelist files of ${format}. To use them, set in the ` +
      `configuration file:\n${lines.map((line) => `  ${line}\n`).join("")}`,
  );
}

/** @returns an error if Postfix's log has no delivery. */
export function missingDelivery({ log }: Found): string | undefined {
  if (log === undefined || log.lines === 0 || log.deliveries > 0) return undefined;
  return `no delivery of another host found in ${log.lines} lines of Postfix. The log needs the ` +
    "lines of smtpd, qmgr and the delivery agent: virtual, lmtp, local, pipe or smtp";
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function logText({ lines, deliveries, deferrals, excluded }: LogCounts): string {
  const reasons = [
    [excluded.local, "handed in by local programs and content filters"],
    [excluded.own, "from own networks and authenticated users"],
    [excluded.outgoing, "sent to other hosts"],
    [excluded.discarded, "discarded or quarantined"],
    [excluded.untraced, "whose client or sender is not in the log"],
  ] as const;
  const left = reasons.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const read = `read ${plural(lines, "line", "lines")} of Postfix: ` +
    `${plural(deliveries, "delivery", "deliveries")} and ` +
    `${plural(deferrals, "deferral", "deferrals")} of other hosts.`;
  return left.length === 0 ? read : `${read} Deliveries not counted: ${left.join(", ")}.`;
}

function explanations(counts: ImportCounts): string[] {
  const texts: [number, string][] = [
    [counts.known, "known: recipient, and sender or its domain, whose mail passes without delay."],
    [counts.pending, "pending: deferred mail whose retry passes."],
    [
      counts.reputations,
      `reputations: retried messages of an address or a domain. ${counts.autoWhitelisted} of them ` +
      "auto-whitelist their origin: its mail passes, and needs no known sender and recipient.",
    ],
    [counts.unchanged, "unchanged: the database has the same or better."],
    [counts.expired, "expired: too old for the settings lifetime and retry_window."],
  ];
  return texts.filter(([count]) => count > 0).map(([, text]) => text);
}

/** @param isDry nothing was stored. */
export function importSummary(counts: ImportCounts, isDry: boolean, log?: LogCounts): string {
  const chosen = counts.choices === 0 ? "" : `, ${counts.choices} opt-in or opt-out entries`;
  const result = `${isDry ? "dry run" : "imported"}: ${counts.known} known, ` +
    `${counts.pending} pending, ${counts.reputations} reputations${chosen}; ` +
    `${counts.unchanged} unchanged, ${counts.expired} expired, ${
      plural(counts.errors, "error", "errors")
    }`;
  const about = [...log === undefined ? [] : [logText(log)], ...explanations(counts)];
  return [result, ...about.flatMap((text) => wrap(text, 98).map((line) => `  ${line}`))]
    .map((line) => `${line}\n`).join("");
}
