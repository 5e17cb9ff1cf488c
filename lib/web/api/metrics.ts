/**
 * Metrics in Prometheus' text format, version 0.0.4.
 *
 * @module
 */
import type { Summary } from "../../admin/statistics.ts";
import type { DaemonStatus } from "../../daemon/daemon_status.ts";
import { ZONE_STATES } from "../../dns/dnsbl.ts";
import { lagOf, type ShareStatus, siteName, type SiteState } from "../../share/status.ts";
import { SECOND } from "../../text/duration.ts";

export interface Sharing {
  readonly status: ShareStatus;
  /** Changes that each site has not read yet, by its name. */
  readonly unread: ReadonlyMap<string, number>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Measured {
  readonly daemonStatus: DaemonStatus;
  readonly version: string;
  /** Undefined if unreadable. */
  readonly databaseBytes: number | undefined;
  /** Undefined if it does not share. */
  readonly sharing?: Sharing | undefined;
  /** Of the last 30 days; undefined if unreadable. */
  readonly deferrals: Pick<Summary, "deferrals" | "listed"> | undefined;
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

function shareMetrics({ status, unread, now }: Sharing): string[] {
  const { sites, started, outboxRows } = status;
  const ofSites = (value: (site: SiteState) => number) =>
    sites.map((site) => [{ site: siteName(site) }, value(site)] as const);
  return [
    metric("greylag_share_outbox_rows", "gauge", "Rows of the outbox that are kept.", [
      [{}, outboxRows],
    ]),
    metric(
      "greylag_share_unread_rows",
      "gauge",
      "Changes of this site that another one has not read yet.",
      [...unread].map(([site, rows]) => [{ site }, rows] as const),
    ),
    metric(
      "greylag_share_up",
      "gauge",
      "1 if the changes of a site are merged, 0 if it does not answer or is refused.",
      ofSites(({ error, contact }) => error === undefined && contact !== undefined ? 1 : 0),
    ),
    metric(
      "greylag_share_lag_seconds",
      "gauge",
      "How long changes of a site have been missing here, at most.",
      ofSites((site) => lagOf(site, started, now) / SECOND),
    ),
    metric(
      "greylag_share_clock_skew_seconds",
      "gauge",
      "How far the clock of a site is ahead.",
      ofSites(({ skew = 0 }) => skew / SECOND),
    ),
    metric(
      "greylag_share_site_info",
      "gauge",
      "Version of a site and of the format that it sends.",
      sites.flatMap((site) =>
        site.header === undefined ? [] : [
          [{
            site: siteName(site),
            version: site.header.version,
            format: String(site.header.format),
          }, 1] as const,
        ]
      ),
    ),
  ];
}

/** Every known label is present from the start, with zero. */
export function renderMetrics(measured: Measured): string {
  const { daemonStatus, version, databaseBytes, deferrals, sharing } = measured;
  const { counters, started, databaseWorks, dns, dnsLists } = daemonStatus;
  const labelled = (label: string, counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([name, count]) => [{ [label]: name }, count] as const);
  const alone = (value: number) => [[{}, value]] as const;
  return [
    metric("greylag_info", "gauge", "Version of Greylag.", [[{ version }, 1]]),
    metric(
      "greylag_start_time_seconds",
      "gauge",
      "Start of the daemon in seconds since the epoch.",
      alone(started / 1000),
    ),
    metric(
      "greylag_requests_total",
      "counter",
      "Policy requests by reason.",
      labelled("reason", counters.reasons),
    ),
    metric(
      "greylag_decisions_total",
      "counter",
      "Policy requests by decision.",
      labelled("decision", counters.decisions),
    ),
    metric(
      "greylag_connections_rejected_total",
      "counter",
      "Policy connections closed for exceeding a limit.",
      alone(counters.connectionsRejected),
    ),
    metric(
      "greylag_database_errors_total",
      "counter",
      "Failed operations of the database.",
      alone(counters.databaseErrors),
    ),
    metric(
      "greylag_history_dropped_total",
      "counter",
      "Decisions missing from the history because of overload.",
      alone(counters.historyDropped),
    ),
    metric(
      "greylag_background_lookups_dropped_total",
      "counter",
      "DNS lookups of new clients skipped because of overload.",
      alone(counters.backgroundLookupsDropped),
    ),
    metric(
      "greylag_dns_queries_total",
      "counter",
      "DNS queries by result.",
      labelled("result", { answered: dns.answered, failed: dns.failed }),
    ),
    ...(dnsLists.length === 0 ? [] : [metric(
      "greylag_dns_list_state",
      "gauge",
      "1 for the state of a DNS list, 0 for its other states.",
      dnsLists.flatMap(({ zone, state }) =>
        ZONE_STATES.map((one) => [{ zone, state: one }, one === state ? 1 : 0] as const)
      ),
    )]),
    metric(
      "greylag_sign_in_failures_total",
      "counter",
      "Failed sign-ins to the status page.",
      alone(counters.signInFailures),
    ),
    metric(
      "greylag_notices_total",
      "counter",
      "Notices by result; each failed try counts.",
      labelled("result", counters.notices),
    ),
    metric(
      "greylag_links_total",
      "counter",
      "Links of recipients by result.",
      labelled("result", counters.links),
    ),
    metric(
      "greylag_connections",
      "gauge",
      "Open policy connections.",
      alone(daemonStatus.connections),
    ),
    metric(
      "greylag_database_up",
      "gauge",
      "1 if the database works, 0 while all mail passes.",
      alone(databaseWorks ? 1 : 0),
    ),
    ...(databaseBytes === undefined ? [] : [metric(
      "greylag_database_bytes",
      "gauge",
      "Size of the database and its write-ahead log in bytes.",
      alone(databaseBytes),
    )]),
    ...(deferrals === undefined ? [] : [
      metric(
        "greylag_deferrals",
        "gauge",
        "Deferrals that began in the last 30 days, by state.",
        Object.entries(deferrals.deferrals).map(([state, count]) => [{ state }, count] as const),
      ),
      metric(
        "greylag_deferrals_listed",
        "gauge",
        "Deferrals of the last 30 days whose client a DNS list named when it retried.",
        alone(deferrals.listed),
      ),
    ]),
    ...(sharing === undefined ? [] : shareMetrics(sharing)),
  ].join("");
}
