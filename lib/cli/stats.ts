import { daemonSettings } from "../config/module_settings.ts";
import { REASON_TEXTS } from "../greylist/model.ts";
import { summaryAsJson } from "../admin/record_json.ts";
import { summaryOf } from "../admin/queries.ts";
import type { Summary } from "../admin/statistics.ts";
import { DAY, formatDuration, SECOND } from "../text/duration.ts";
import { DATABASE_OPTIONS, durationOf, parseInvocation, withStore } from "./invocation.ts";
import type { Command } from "./command.ts";
import type { Output } from "./output.ts";
import { printTable } from "./table.ts";
import { type Option, refuseRest } from "./usage.ts";

const OWN: readonly Option[] = [
  {
    name: "since",
    placeholder: "TIME",
    help: "Length of the period, at most 400d (default: 24h).",
  },
];

function show(summary: Summary, now: number, retryWindow: number, output: Output): void {
  const { since, requests, reasons, shadow, delays, deferrals, listed } = summary;
  if (requests === 0) {
    output.print(`No requests in the last ${formatDuration(now - since)}.\n`);
    return;
  }
  output.print(`Requests in the last ${formatDuration(now - since)}: ${requests}\n\n`);
  const rows = Object.entries(reasons).sort(([, a], [, b]) => b - a).map(([reason, count]) => [
    String(count),
    `${(100 * count / requests).toFixed(1)} %`,
    reason,
    REASON_TEXTS[reason as keyof typeof REASON_TEXTS],
  ]);
  printTable(["requests", "share", "reason", ""], rows, output);
  output.print("\n");
  if (shadow.defer + shadow.reject > 0) {
    output.print(
      `Shadow mode: ${shadow.defer} would have been deferred, ${shadow.reject} rejected.\n`,
    );
  }
  const upTo = (seconds: number | undefined) =>
    seconds === Infinity ? "more than 2d" : `at most ${formatDuration(seconds! * SECOND)}`;
  output.print(
    delays.count === 0
      ? "No mail was accepted after a delay.\n"
      : `Delayed messages: ${delays.count}, median ${upTo(delays.p50)}, ` +
        `90th percentile ${upTo(delays.p90)}.\n`,
  );
  const { retried, rejected, waiting, "not-retried": notRetried } = deferrals;
  const total = retried + rejected + waiting + notRetried;
  if (total > 0) {
    output.print(
      `Deferred pairs of sender and recipient: ${total}, of them ${retried} retried, ${rejected} rejected, ` +
        `${waiting} pending, ${notRetried} not retried within ${formatDuration(retryWindow)}. ` +
        `Listed when they retried: ${listed}.\n`,
    );
  }
}

export const stats: Command = {
  name: "stats",
  summary: "show statistics of decisions and delays",
  usage: "[--since TIME]",
  description: [
    "Requests by reason, delays of accepted mail, and the outcome of deferred mail. The period begins " +
    "at a full hour.",
  ],
  options: [...DATABASE_OPTIONS, ...OWN],
  async run(args, output) {
    const invocation = parseInvocation(args, OWN);
    refuseRest(invocation.rest);
    const { retryWindow } = daemonSettings(invocation.configuration.values).engine.rules;
    const now = Date.now();
    const since = now - durationOf(invocation, "since", DAY);
    const summary = await withStore(
      invocation.configuration,
      (store) => summaryOf(store.history, since, now, retryWindow),
    );
    if (invocation.json) output.print(`${JSON.stringify(summaryAsJson(summary), null, 2)}\n`);
    else show(summary, now, retryWindow, output);
    return 0;
  },
};
