/**
 * Counters and gauges in the text format of Prometheus, version 0.0.4.
 *
 * @module
 */
import type { DaemonStatus } from "../../daemon/daemon_status.ts";

/** What is measured. */
export interface Measured {
  /** How the daemon fares. */
  readonly daemonStatus: DaemonStatus;
  /** Greylag's version. */
  readonly version: string;
  /** The size of the database and its log, in bytes; undefined if it cannot be told. */
  readonly databaseBytes: number | undefined;
}

type Labels = Readonly<Record<string, string>>;

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function sample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
}

function metric(
  name: string,
  type: "counter" | "gauge",
  help: string,
  samples: readonly (readonly [labels: Labels, value: number])[],
): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n` +
    samples.map(([labels, value]) => sample(name, labels, value)).join("");
}

/** The page that Prometheus reads. Every known label is there from the start, with zero. */
export function renderMetrics(measured: Measured): string {
  const { daemonStatus, version, databaseBytes } = measured;
  const { counters, started, databaseWorks, dns } = daemonStatus;
  const labelled = (label: string, counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([name, count]) => [{ [label]: name }, count] as const);
  const alone = (value: number) => [[{}, value]] as const;
  return [
    metric("greylag_info", "gauge", "The version that is running.", [[{ version }, 1]]),
    metric(
      "greylag_start_time_seconds",
      "gauge",
      "When the daemon was started, in seconds since the epoch.",
      alone(started / 1000),
    ),
    metric(
      "greylag_requests_total",
      "counter",
      "Requests of Postfix, by the reason of their verdict.",
      labelled("reason", counters.reasons),
    ),
    metric(
      "greylag_decisions_total",
      "counter",
      "Requests of Postfix, by what was decided.",
      labelled("decision", counters.decisions),
    ),
    metric(
      "greylag_connections_rejected_total",
      "counter",
      "Connections of Postfix that were closed for going past a limit.",
      alone(counters.connectionsRejected),
    ),
    metric(
      "greylag_database_errors_total",
      "counter",
      "Times that the database could not do its work.",
      alone(counters.databaseErrors),
    ),
    metric(
      "greylag_history_dropped_total",
      "counter",
      "Decisions that are not in the history, because there were too many at once.",
      alone(counters.historyDropped),
    ),
    metric(
      "greylag_background_lookups_dropped_total",
      "counter",
      "Strangers that DNS was not asked about, because there were too many at once.",
      alone(counters.backgroundLookupsDropped),
    ),
    metric(
      "greylag_dns_queries_total",
      "counter",
      "Questions to DNS, by whether a server answered.",
      labelled("result", { answered: dns.answered, failed: dns.failed }),
    ),
    metric(
      "greylag_sign_in_failures_total",
      "counter",
      "Wrong passwords on the status page.",
      alone(counters.signInFailures),
    ),
    metric(
      "greylag_connections",
      "gauge",
      "Connections of Postfix that are open.",
      alone(daemonStatus.connections),
    ),
    metric(
      "greylag_database_up",
      "gauge",
      "Whether the database works: 1, or 0 while all mail passes.",
      alone(databaseWorks ? 1 : 0),
    ),
    ...(databaseBytes === undefined ? [] : [metric(
      "greylag_database_bytes",
      "gauge",
      "The size of the database and its write-ahead log.",
      alone(databaseBytes),
    )]),
  ].join("");
}
