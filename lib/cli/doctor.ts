import { dnsListAdvice, dnsListFindings } from "../admin/dns_list_checks.ts";
import { ConfigError, type Configuration } from "../config/load.ts";
import { daemonSettings, notifySettings, shareSettings } from "../config/module_settings.ts";
import { RELEASED } from "../config/version.ts";
import { calledEndpoints, checkPostconf } from "../postfix/check_postconf.ts";
import {
  DEFAULT_MAIL_OWNER,
  type Finding,
  parsePostconf,
  queueDirectoryOf,
} from "../postfix/postconf.ts";
import { checkDaemon } from "../admin/daemon_checks.ts";
import { checkEndpoints, uncheckedFindings } from "../admin/dead_endpoints.ts";
import {
  describeOutcome,
  type Outcome,
  OUTCOME_PERIOD,
  outcomeOf,
} from "../admin/deferral_outcome.ts";
import { summaryOf } from "../admin/queries.ts";
import {
  listFileErrors,
  readListFiles,
  unusableListFindings,
  unusableLists,
} from "../admin/list_checks.ts";
import {
  checkClock,
  checkDiskSpace,
  checkSharedClients,
  checkSharedDatabase,
  checkSockets,
} from "../admin/system_checks.ts";
import { hasNotices } from "../notify/settings.ts";
import type { StoredDecision } from "../store/history.ts";
import { isDatabaseShared } from "../store/instance_lock.ts";
import { DatabaseError } from "../store/database_error.ts";
import { shareFindings } from "../share/findings.ts";
import type { ShareSettings } from "../share/settings.ts";
import { messageOf, reasonOf } from "../text/error_message.ts";
import { DATABASE_OPTIONS, parseInvocation, withStore } from "./invocation.ts";
import type { Command } from "./command.ts";
import { testZones } from "./lists.ts";
import { setupOf } from "./postfix.ts";
import { readSharing } from "./sites.ts";
import { optionalArgument } from "./usage.ts";

const COMMAND = "{ postconf -n; postconf -M; postconf -P; } | greylag doctor -";

const COLOURS = { error: "red", warning: "yellow", advice: "green" } as const;

async function checkDatabase(configuration: Configuration): Promise<Finding[]> {
  try {
    await withStore(configuration, (store) => store.check());
  } catch (error) {
    if (!(error instanceof DatabaseError) && !(error instanceof ConfigError)) throw error;
    return [{
      severity: "error",
      what: error.message,
      remedy: "All mail passes until the database works.",
    }];
  }
  return checkDiskSpace(configuration.values.database);
}

/** The list files as this process reads them, and as the daemon last did. */
async function checkLists(configuration: Configuration): Promise<Finding[]> {
  const files = readListFiles(daemonSettings(configuration.values).lists);
  const kept = await withStore(configuration, (store) => store.lists.keptFiles()).catch(() => []);
  const unusable = unusableLists(kept);
  const readable = files.filter(({ path }) => !unusable.some((one) => one.path === path));
  return [
    ...unusableListFindings(unusable),
    ...listFileErrors(readable).map((what) => ({
      severity: "warning" as const,
      what,
      remedy: "Correct the file. The daemon rereads it within a second.",
    })),
  ];
}

/** Decisions that are examined for shared clients. */
const RECENT_DECISIONS = 2000;

/** The newest first. */
async function recentDecisions(configuration: Configuration): Promise<readonly StoredDecision[]> {
  try {
    return await withStore(
      configuration,
      (store) => store.history.findDecisions({ text: "", limit: RECENT_DECISIONS }).rows,
    );
  } catch {
    // checkDatabase reports an unreadable database.
    return [];
  }
}

/** The outcome of deferred mail; undefined if nothing is known. */
async function deferralOutcome(configuration: Configuration): Promise<Outcome | undefined> {
  const { retryWindow } = daemonSettings(configuration.values).engine.rules;
  const now = Date.now();
  try {
    return await withStore(
      configuration,
      ({ history }) => outcomeOf(summaryOf(history, now - OUTCOME_PERIOD, now, retryWindow)),
    );
  } catch {
    // checkDatabase reports an unreadable database.
    return undefined;
  }
}

/** Problems of sharing, by the states of the other sites that the daemon last wrote. */
async function checkSharing(configuration: Configuration): Promise<Finding[]> {
  if (configuration.values.share.length === 0) return [];
  let settings: ShareSettings | undefined;
  try {
    settings = shareSettings(configuration.values);
  } catch (error) {
    const remedy = "This site decides alone. Restart greylag after the correction.";
    return [{ severity: "error", what: messageOf(error), remedy }];
  }
  const sharing = await readSharing(configuration).catch(() => undefined);
  if (settings === undefined || sharing === undefined) return [];
  const now = Date.now();
  return shareFindings({ sites: sharing.sites, started: now }, settings.agreement, now);
}

async function readPostconf(source: string | undefined): Promise<string | undefined> {
  if (source === undefined) return undefined;
  if (source === "-") return await new Response(Deno.stdin.readable).text();
  try {
    return await Deno.readTextFile(source);
  } catch (error) {
    throw new ConfigError(`cannot read ${source}: ${reasonOf(error)}`);
  }
}

/** Targets that accept no notices, and notices that wait too long. */
async function checkNotifications(configuration: Configuration): Promise<Finding[]> {
  const settings = notifySettings(configuration.values);
  if (!hasNotices(settings)) return [];
  const { checkBacklog, checkNotices } = await import("../notify/checks.ts");
  const backlog = await withStore(configuration, (store) => store.notices.backlog())
    .catch(() => undefined);
  return [...await checkNotices(settings), ...checkBacklog(backlog, Date.now())];
}

export const doctor: Command = {
  name: "doctor",
  summary: "check the setup and suggest remedies",
  usage: "[FILE | -]",
  description: [
    "Checks the daemon and its sockets, the database, the clock, the DNS lists, the targets of notices and " +
    "Postfix's parameters.",
    "FILE is the output of `postconf -n; postconf -M; postconf -P`, - is standard input: " +
    "{ postconf -n; postconf -M; postconf -P; } | greylag doctor -",
    "Greylag has no permission to run postconf itself. Without FILE, Postfix's parameters are not " +
    "checked. The exit code is 1 if there is an error or a warning; advice does not count.",
  ],
  options: DATABASE_OPTIONS,
  async run(args, output) {
    const invocation = parseInvocation(args, []);
    const source = optionalArgument(invocation.rest);
    const { listen, status, dns_lists, database } = invocation.configuration.values;
    const text = await readPostconf(source);
    const postconf = parsePostconf(text ?? "");
    const setup = setupOf(invocation.configuration.values);
    const queueDirectory = queueDirectoryOf(postconf.parameters);
    const called = await checkEndpoints(calledEndpoints(postconf), listen, queueDirectory);
    const postfix = text === undefined ? [] : checkPostconf(postconf, setup, called.dead);
    const zones = dns_lists.map(({ zone }) => zone);
    const recent = await recentDecisions(invocation.configuration);
    const findings = [
      ...await checkDaemon(listen, status),
      ...checkSockets(listen, postconf.parameters.get("mail_owner") ?? DEFAULT_MAIL_OWNER),
      ...await checkDatabase(invocation.configuration),
      ...await checkLists(invocation.configuration),
      ...checkSharedDatabase(database, isDatabaseShared(database)),
      ...checkClock(Date.now(), RELEASED, recent[0]?.time),
      ...checkSharedClients(recent),
      ...await checkSharing(invocation.configuration),
      ...dnsListFindings(await testZones(zones, invocation)),
      ...await checkNotifications(invocation.configuration),
      ...postfix,
      ...uncheckedFindings(called),
      ...dnsListAdvice(zones),
    ];
    const isFine = findings.every(({ severity }) => severity === "advice");
    if (invocation.json) {
      output.print(`${JSON.stringify(findings, null, 2)}\n`);
    } else {
      for (const { severity, what, remedy } of findings) {
        output.print(severity, COLOURS[severity]);
        output.print(`: ${what}\n    ${remedy}\n`);
      }
      if (text === undefined) {
        output.print(`Postfix was not checked. Run: ${COMMAND}\n`);
      }
      if (text !== undefined && postconf.services.length === 0) {
        output.print(`master.cf was not checked. Run: ${COMMAND}\n`);
      }
      const outcome = await deferralOutcome(invocation.configuration);
      if (outcome !== undefined) output.print(`${describeOutcome(outcome, zones.length > 0)}\n`);
      if (isFine) output.print("No problems found.\n");
    }
    return isFine ? 0 : 1;
  },
};
