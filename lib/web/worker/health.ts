/**
 * The health of the daemon and of the machine around it, for the pages and the API.
 *
 * @module
 */
import { dnsListFindings } from "../../admin/dns_list_checks.ts";
import { unusableListFindings } from "../../admin/list_checks.ts";
import { checkClock, checkDiskSpace } from "../../admin/system_checks.ts";
import type { DaemonStatus } from "../../daemon/daemon_status.ts";
import type { Finding } from "../../postfix/postconf.ts";
import { DatabaseError } from "../../store/database_error.ts";
import type { StoreSize } from "../../store/store.ts";
import type { RecurringError } from "../../daemon/error_registry.ts";
import { shareFindings } from "../../share/findings.ts";
import type { ShareStatus } from "../../share/status.ts";
import { DAY, HOUR } from "../../text/duration.ts";
import type { StatusService } from "./status_service.ts";

/** Something that is wrong, and what to do about it. Texts may be hostile. */
export interface Problem {
  readonly text: string;
  readonly remedy: string;
  /** Mail passes ungreylisted, or a setting has no effect. */
  readonly isError: boolean;
}

export interface Health {
  /** Reasons why mail passes ungreylisted. */
  readonly obstacles: readonly string[];
  readonly warnings: readonly Finding[];
  readonly daemonStatus: DaemonStatus;
  /** Undefined if it does not share. */
  readonly share?: ShareStatus | undefined;
  /** The end of the log, the oldest line first; empty without a write test. */
  readonly log: readonly string[];
  /** With its write-ahead log; undefined if unreadable. */
  readonly databaseBytes: number | undefined;
  /** Undefined if unreadable, or without a write test. */
  readonly stored: StoreSize | undefined;
}

/** The bytes of a database and its write-ahead log; undefined if they are unreadable. */
export async function databaseSize(database: string): Promise<number | undefined> {
  try {
    const { size } = await Deno.stat(database);
    const log = await Deno.stat(`${database}-wal`).then((info) => info.size, () => 0);
    return size + log;
  } catch {
    return undefined;
  }
}

/** The result, or undefined if the database is unreadable. */
export function ifReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    // The obstacles name the error of the database.
    if (error instanceof DatabaseError) return undefined;
    throw error;
  }
}

function diskWarnings(database: string): Finding[] {
  try {
    return checkDiskSpace(database);
  } catch {
    return [];
  }
}

/** Time and requests after which a submission service would have been seen. */
const OUTBOUND_TIME = 12 * HOUR;
const OUTBOUND_REQUESTS = 100;

/** Whether outbound domains could be learned, but no submission service calls the daemon. */
function checkOutbound(
  { now, settings }: StatusService,
  { started, counters }: DaemonStatus,
): Finding[] {
  const isEarly = now - started < OUTBOUND_TIME || counters.requests < OUTBOUND_REQUESTS;
  if (!settings.rules.learnOutbound || isEarly || counters.reasons.authenticated > 0) return [];
  return [{
    severity: "advice",
    what: "no submission service calls greylag, so that replies to your users are delayed",
    remedy: "Run install.sh --learn-outbound, or set learn_outbound = false.",
  }];
}

/** The checks that the page's permissions allow; `greylag doctor` makes the others. */
function warningsOf(service: StatusService, daemonStatus: DaemonStatus): Finding[] {
  const { dns, dnsLists, lists } = daemonStatus;
  const { store, released } = service.settings;
  const newest = ifReadable(() => service.queries.decisions({ text: "", limit: 1 }).rows[0]?.time);
  const dnsWarnings: Finding[] = dns.works === false
    ? [{
      severity: "warning",
      what: `DNS does not answer: ${dns.lastFailure?.why}`,
      remedy: "Check dns_servers and /etc/resolv.conf. Until then new clients have no evidence " +
        "from SPF and DNS lists.",
    }]
    : [];
  return [
    ...diskWarnings(store.database),
    ...checkClock(service.now, released, newest),
    ...dnsWarnings,
    ...dnsListFindings(dnsLists),
    ...unusableListFindings(lists),
    ...checkOutbound(service, daemonStatus),
  ];
}

function shareWarnings(
  { now, settings }: StatusService,
  share: ShareStatus | undefined,
): Finding[] {
  if (share === undefined || settings.share === undefined) return [];
  return shareFindings(share, settings.share.agreement, now);
}

const DATABASE_FAILED = ["the database does not work"];

/**
 * The health of the daemon now.
 *
 * @param how `writeTest` makes the daemon write to its database; otherwise its last write counts.
 */
export async function healthOf(
  service: StatusService,
  { writeTest }: { readonly writeTest: boolean },
): Promise<Health> {
  const { daemonStatus, share, obstacles, warnings, log } =
    await (writeTest ? service.daemon.testedReport() : service.daemon.report());
  return {
    obstacles: obstacles ?? (daemonStatus.databaseWorks ? [] : DATABASE_FAILED),
    warnings: [
      ...warnings,
      ...warningsOf(service, daemonStatus),
      ...shareWarnings(service, share),
    ],
    daemonStatus,
    share,
    log,
    databaseBytes: await databaseSize(service.settings.store.database),
    stored: writeTest ? ifReadable(() => service.queries.size()) : undefined,
  };
}

/** Errors of the log are shown for this time. */
const ERROR_LIFETIME_MS = DAY;

/** Recurring errors of the last day, the newest first. */
export function recentErrors({ daemonStatus }: Health, now: number): readonly RecurringError[] {
  return daemonStatus.errors.filter(({ last }) => now - last < ERROR_LIFETIME_MS).toReversed();
}

/** Everything that is wrong, the worst first. */
export function problemsOf(health: Health, now: number): Problem[] {
  const obstacles = health.obstacles.map((text) => ({
    text: `All mail passes: ${text}.`,
    remedy: REMEDY,
    isError: true,
  }));
  const warnings = health.warnings.map(({ what, remedy, severity }) => ({
    text: `${what}.`,
    remedy,
    isError: severity === "error",
  }));
  const errors = recentErrors(health, now).map(({ text }) => ({
    text: `Logged in the last day: ${text}.`,
    remedy: "",
    isError: false,
  }));
  return [...obstacles, ...warnings, ...errors].toSorted((a, b) =>
    Number(b.isError) - Number(a.isError)
  );
}

const REMEDY = "Mail is not lost, and not greylisted. greylag doctor finds the cause.";
