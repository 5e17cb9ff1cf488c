/**
 * Checks of the system around the daemon: disk space, access to sockets, clock.
 *
 * @module
 */
import { describeSharedClient, SharedClients } from "../evidence/shared_clients.ts";
import type { Endpoint } from "../net/endpoint.ts";
import { parseAddress } from "../net/network.ts";
import { builtin } from "../node/builtin.ts";
import type { Finding } from "../postfix/postconf.ts";
import type { StoredDecision } from "../store/history.ts";
import { SHARED_DATABASE_REMEDY, sharedDatabaseText } from "../store/instance_lock.ts";
import { formatDuration, MINUTE } from "../text/duration.ts";
import { obstacleTo, type User, userNamed } from "./socket_access.ts";

/** Bytes. */
const MIN_FREE_SPACE = 64 * 1024 * 1024;

const CLOCK_TOLERANCE = MINUTE;

export function checkDiskSpace(database: string): Finding[] {
  const { bavail, bsize } = builtin("node:fs").statfsSync(database);
  const free = Number(bavail) * Number(bsize);
  if (free >= MIN_FREE_SPACE) return [];
  return [{
    severity: "warning",
    what: `the file system of ${database} has only ${Math.floor(free / 1e6)} MB left`,
    remedy: "Free disk space.",
  }];
}

export function checkSharedDatabase(database: string, isShared: boolean): Finding[] {
  if (!isShared) return [];
  return [{
    severity: "error",
    what: sharedDatabaseText(database),
    remedy: SHARED_DATABASE_REMEDY,
  }];
}

/** @param decisions the newest ones of the history, which may be hashed. */
export function checkSharedClients(
  decisions: readonly Pick<StoredDecision, "clientAddress" | "sender" | "reason">[],
): Finding[] {
  const clients = new SharedClients();
  return decisions.filter(({ reason }) => reason !== "allowed")
    .filter(({ clientAddress, sender }) => {
      const address = parseAddress(clientAddress);
      return address !== undefined && clients.observe(address, sender);
    })
    .map(({ clientAddress }) => ({ severity: "warning", ...describeSharedClient(clientAddress) }));
}

/**
 * Checks that Postfix's smtpd can connect to the Unix sockets.
 *
 * @param mailOwner Postfix's parameter mail_owner.
 */
export function checkSockets(endpoints: readonly Endpoint[], mailOwner: string): Finding[] {
  let user: User | undefined;
  try {
    const read = (path: string) => Deno.readTextFileSync(path);
    user = userNamed(mailOwner, read("/etc/passwd"), read("/etc/group"));
  } catch {
    // The check needs both files.
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
        what:
          `Postfix (user ${mailOwner}) has no access to ${endpoint.path}: the permissions of ${obstacle} deny it`,
        remedy: obstacle === endpoint.path
          ? `Set socketmode = "0666", or run chgrp ${mailOwner} ${obstacle} and set socketmode = "0660".`
          : `Run chmod o+x ${obstacle}, or set listen = ["inet:127.0.0.1:10023"].`,
      });
    } catch {
      // The check of the daemon reports a missing socket.
    }
  }
  return findings;
}

/**
 * Detects a clock that was reset or set back. Times are milliseconds since the epoch.
 *
 * @param released the release date of this version.
 * @param newest time of the newest decision, if there is one.
 */
export function checkClock(now: number, released: number, newest: number | undefined): Finding[] {
  const remedy = "Set the clock, and run chrony or systemd-timesyncd.";
  if (now < released) {
    const what = `the clock shows ${
      new Date(now).toISOString()
    }, a time before the release of this version`;
    return [{ severity: "error", what, remedy }];
  }
  if (newest === undefined || newest <= now + CLOCK_TOLERANCE) return [];
  return [{
    severity: "error",
    what: `the clock was set back: the newest decision is ${formatDuration(newest - now)} in the ` +
      `future (${new Date(newest).toISOString()})`,
    remedy,
  }];
}
