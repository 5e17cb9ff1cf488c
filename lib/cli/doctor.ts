/**
 * `greylag doctor`: what is wrong, in plain words, and what to do about it.
 *
 * @module
 */
import { statfsSync } from "node:fs";
import { ConfigError, type Configuration } from "../config/load.ts";
import { serviceSettings } from "../config/settings.ts";
import { RELEASED } from "../config/version.ts";
import { type Endpoint, formatEndpoint } from "../policy/endpoint.ts";
import { checkPostconf, type Finding, parsePostconf } from "../policy/postconf.ts";
import { probe } from "../policy/probe.ts";
import { StoreFault } from "../store/fault.ts";
import { ADMIN_OPTIONS, parseAdmin, withStore } from "./admin.ts";
import type { Command } from "./command.ts";
import { obstacleTo, type User, userNamed } from "./socket_access.ts";
import { formatDuration } from "./table.ts";
import { UsageError } from "./usage.ts";

/** Less room than this on the database's file system is worth a word, in bytes. */
const LITTLE_ROOM = 64 * 1024 * 1024;

/** A running daemon answers at once; nobody waits for longer than this, in milliseconds. */
const ANSWER_TIME = 3000;

async function checkDaemon(endpoints: readonly Endpoint[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const endpoint of endpoints) {
    const where = formatEndpoint(endpoint);
    try {
      if (await probe(endpoint, ANSWER_TIME)) continue;
      findings.push({
        severity: "error",
        what: `what answers on ${where} is no policy server`,
        remedy: "find out which program listens there (ss -ltnp), or set `listen`",
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      findings.push({
        severity: "error",
        what: `nobody answers on ${where}: ${why}`,
        remedy: "start greylag, or set `listen` to where it listens",
      });
    }
  }
  return findings;
}

async function checkDatabase(configuration: Configuration): Promise<Finding[]> {
  const { database } = configuration.values;
  try {
    await withStore(configuration, async (store) => await store.check());
  } catch (error) {
    if (!(error instanceof StoreFault) && !(error instanceof ConfigError)) throw error;
    return [{ severity: "error", what: error.message, remedy: "all mail passes until then" }];
  }
  const { bavail, bsize } = statfsSync(database);
  const room = Number(bavail) * Number(bsize);
  if (room >= LITTLE_ROOM) return [];
  return [{
    severity: "warning",
    what: `only ${Math.floor(room / 1e6)} MB are left on the file system of ${database}`,
    remedy: "free some space there",
  }];
}

/** Who Postfix's smtpd is, by the parameter mail_owner. */
function checkSockets(endpoints: readonly Endpoint[], mailOwner: string): Finding[] {
  let user: User | undefined;
  try {
    const read = (path: string) => Deno.readTextFileSync(path);
    user = userNamed(mailOwner, read("/etc/passwd"), read("/etc/group"));
  } catch {
    // Without a list of users nothing can be told.
  }
  if (user === undefined) return [];
  const findings: Finding[] = [];
  for (const endpoint of endpoints) {
    if (endpoint.kind !== "unix") continue;
    try {
      const obstacle = obstacleTo(endpoint.path, user, (path) => {
        const { mode, uid, gid } = Deno.statSync(path);
        return { mode: mode ?? 0, uid: uid ?? 0, gid: gid ?? 0 };
      });
      if (obstacle === undefined) continue;
      findings.push({
        severity: "error",
        what: `Postfix (user ${mailOwner}) may not use ${endpoint.path}: ${obstacle} is in the way`,
        remedy: obstacle === endpoint.path
          ? `socketmode = "0666", or chgrp ${mailOwner} ${obstacle} and socketmode = "0660"`
          : `chmod o+x ${obstacle}, or set listen to inet:127.0.0.1:10023`,
      });
    } catch {
      // That nobody listens there is told by the daemon's own check.
    }
  }
  return findings;
}

/** What was stored may be so much younger than the clock says, in milliseconds. */
const CLOCK_TOLERANCE = 60_000;

/** The clock of a machine that lost its battery, or was set back after mail had come. */
async function checkClock(configuration: Configuration, now: number): Promise<Finding[]> {
  if (now < RELEASED) {
    return [{
      severity: "error",
      what: `the clock says ${new Date(now).toISOString()}, before this greylag was made`,
      remedy: "set the clock, and let chrony or systemd-timesyncd keep it right",
    }];
  }
  let newest: number | undefined;
  try {
    newest = await withStore(configuration, async (store) => {
      const { rows } = await store.findDecisions({ text: "", limit: 1 });
      return rows[0]?.time;
    });
  } catch {
    // That the database cannot be read is told by its own check.
  }
  if (newest === undefined || newest <= now + CLOCK_TOLERANCE) return [];
  return [{
    severity: "error",
    what: `the clock was set back: the newest decision is ${formatDuration(newest - now)} ahead ` +
      `of it (${new Date(newest).toISOString()})`,
    remedy: "set the clock, and let chrony or systemd-timesyncd keep it right",
  }];
}

async function readPostconf(source: string | undefined): Promise<string | undefined> {
  if (source === undefined) return undefined;
  if (source === "-") return await new Response(Deno.stdin.readable).text();
  try {
    return await Deno.readTextFile(source);
  } catch (error) {
    throw new ConfigError(`${source}: ${error instanceof Error ? error.message : error}`);
  }
}

/** What is wrong, in plain words, and what to do about it. */
export const doctor: Command = {
  name: "doctor",
  summary: "find what is wrong with the setup",
  usage: "[FILE | -]",
  description: [
    "Looks at the daemon and its sockets, at the database, at the clock and at Postfix's settings.",
    "FILE is what `postconf -n` printed, - standard input: postconf -n | greylag doctor -",
    "Greylag may start no program, so it does not run postconf itself. Without FILE only the daemon " +
    "and the database are looked at. Exits with 1 if anything is wrong.",
  ],
  options: ADMIN_OPTIONS,
  async run(args, output) {
    const admin = parseAdmin(args, []);
    const [source, ...more] = admin.rest;
    if (more.length > 0) throw new UsageError(`one file at a time; "${more[0]}" is one too many`);
    const settings = serviceSettings(admin.configuration.values);
    const text = await readPostconf(source);
    const postconf = parsePostconf(text ?? "");
    const postfix = text === undefined ? [] : checkPostconf(
      postconf,
      settings.listen,
      settings.engine.rules.nullSender === "data",
    );
    const findings = [
      ...await checkDaemon(settings.listen),
      ...checkSockets(settings.listen, postconf.get("mail_owner") ?? "postfix"),
      ...await checkDatabase(admin.configuration),
      ...await checkClock(admin.configuration, Date.now()),
      ...postfix,
    ];
    if (admin.json) {
      output.print(`${JSON.stringify(findings, null, 2)}\n`);
    } else {
      for (const { severity, what, remedy } of findings) {
        output.print(severity, severity === "error" ? "red" : "yellow");
        output.print(`: ${what}\n    ${remedy}\n`);
      }
      if (text === undefined) {
        output.print("Postfix was not looked at: postconf -n | greylag doctor -\n");
      }
      if (findings.length === 0) output.print("Nothing is wrong with what was looked at.\n");
    }
    return findings.length === 0 ? 0 : 1;
  },
};
