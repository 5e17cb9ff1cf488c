/**
 * How Greylag and the machine around it fare, for the page, the API and monitoring.
 *
 * @module
 */
import type { Finding } from "../../postfix/postconf.ts";
import { checkClock, checkRoom } from "../../admin/machine_checks.ts";
import type { DaemonStatus } from "../../daemon/daemon_status.ts";
import { DatabaseError } from "../../store/database_error.ts";
import type { StatusService } from "../worker/status_service.ts";

/** How Greylag fares. */
export interface Health {
  /** What keeps it from its work, in words; empty if nothing does. */
  readonly obstacles: readonly string[];
  /** What is wrong around it, with the remedy. */
  readonly warnings: readonly Finding[];
  /** How the daemon fares. */
  readonly daemonStatus: DaemonStatus;
  /** The size of the database and its log, in bytes; undefined if it cannot be told. */
  readonly databaseBytes: number | undefined;
  /** How much is stored; undefined if it cannot be told. */
  readonly stored: { readonly triplets: number; readonly origins: number } | undefined;
}

/** The bytes of a database and of what SQLite keeps beside it; undefined if they cannot be told. */
export async function sizeOf(database: string): Promise<number | undefined> {
  try {
    const { size } = await Deno.stat(database);
    const log = await Deno.stat(`${database}-wal`).then((info) => info.size, () => 0);
    return size + log;
  } catch {
    return undefined;
  }
}

async function readOrNothing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    // That the database is ill is among the obstacles.
    if (error instanceof DatabaseError) return undefined;
    throw error;
  }
}

function roomOf(database: string): Finding[] {
  try {
    return checkRoom(database);
  } catch {
    return [];
  }
}

/** What is wrong around the daemon; what only `greylag doctor` can see is left to it. */
async function warningsOf(desk: StatusService, { dns }: DaemonStatus): Promise<Finding[]> {
  const { store, released } = desk.settings;
  const newest = await readOrNothing(async () => {
    const { rows } = await desk.decisions({ text: "", limit: 1 });
    return rows[0]?.time;
  });
  const ofDns: Finding[] = dns.works === false
    ? [{
      severity: "warning",
      what: `DNS does not answer: ${dns.lastFailure?.why}`,
      remedy: "see dns_servers and /etc/resolv.conf; until then strangers are known by their " +
        "network only",
    }]
    : [];
  return [
    ...roomOf(store.database),
    ...checkClock(desk.now, released, newest),
    ...ofDns,
  ];
}

const NO_DATABASE = ["the database does not work"];

/**
 * How it fares now.
 *
 * @param how `tries` to have the daemon write to its database; else it is told how the last write went.
 */
export async function healthOf(
  desk: StatusService,
  { tries }: { readonly tries: boolean },
): Promise<Health> {
  const { daemonStatus, obstacles, warnings } =
    await (tries ? desk.daemon.tried() : desk.daemon.state());
  return {
    obstacles: obstacles ?? (daemonStatus.databaseWorks ? [] : NO_DATABASE),
    warnings: [...warnings, ...await warningsOf(desk, daemonStatus)],
    daemonStatus,
    databaseBytes: await sizeOf(desk.settings.store.database),
    stored: tries ? await readOrNothing(() => desk.size()) : undefined,
  };
}
