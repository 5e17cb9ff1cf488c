/**
 * The result of an import as text.
 *
 * @module
 */
import type { LogCounts } from "../import/postfix_log.ts";
import type { ImportCounts } from "../import/write.ts";
import { wrap } from "./output.ts";

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
