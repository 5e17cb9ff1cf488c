/**
 * `greylag doctor`: what is wrong, in plain words, and what to do about it.
 *
 * @module
 */
import { ConfigError, type Configuration } from "../config/load.ts";
import { daemonSettings } from "../config/settings.ts";
import { RELEASED } from "../config/version.ts";
import { type Endpoint, formatEndpoint } from "../net/endpoint.ts";
import { checkPostconf, type Finding, parsePostconf } from "../postfix/postconf.ts";
import { probe } from "../postfix/probe.ts";
import { checkClock, checkRoom, checkSockets } from "../admin/machine_checks.ts";
import { DatabaseError } from "../store/database_error.ts";
import { messageOf } from "../text/error_message.ts";
import { ADMIN_OPTIONS, parseAdmin, withStore } from "./admin.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./usage.ts";

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
      const why = messageOf(error);
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
  try {
    await withStore(configuration, (store) => store.check());
  } catch (error) {
    if (!(error instanceof DatabaseError) && !(error instanceof ConfigError)) throw error;
    return [{ severity: "error", what: error.message, remedy: "all mail passes until then" }];
  }
  return checkRoom(configuration.values.database);
}

/** When the newest decision was made. */
async function newestDecision(configuration: Configuration): Promise<number | undefined> {
  try {
    return await withStore(configuration, (store) => {
      const { rows } = store.history.findDecisions({ text: "", limit: 1 });
      return rows[0]?.time;
    });
  } catch {
    // That the database cannot be read is told by its own check.
    return undefined;
  }
}

async function readPostconf(source: string | undefined): Promise<string | undefined> {
  if (source === undefined) return undefined;
  if (source === "-") return await new Response(Deno.stdin.readable).text();
  try {
    return await Deno.readTextFile(source);
  } catch (error) {
    throw new ConfigError(`${source}: ${messageOf(error)}`);
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
    const settings = daemonSettings(admin.configuration.values);
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
      ...checkClock(Date.now(), RELEASED, await newestDecision(admin.configuration)),
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
