/**
 * What may be wrong with the machine around the daemon, in plain words, with the remedy.
 *
 * @module
 */
import { statfsSync } from "node:fs";
import type { Endpoint } from "../net/endpoint.ts";
import type { Finding } from "../postfix/postconf.ts";
import { formatDuration, MINUTE } from "../text/duration.ts";
import { obstacleTo, type User, userNamed } from "./socket_access.ts";

/** Less room than this on the database's file system is worth a word, in bytes. */
const LITTLE_ROOM = 64 * 1024 * 1024;

/** What was stored may be so much younger than the clock says, in milliseconds. */
const CLOCK_TOLERANCE = MINUTE;

/** Whether the database's file system has room left. */
export function checkRoom(database: string): Finding[] {
  const { bavail, bsize } = statfsSync(database);
  const room = Number(bavail) * Number(bsize);
  if (room >= LITTLE_ROOM) return [];
  return [{
    severity: "warning",
    what: `only ${Math.floor(room / 1e6)} MB are left on the file system of ${database}`,
    remedy: "free some space there",
  }];
}

/**
 * Whether Postfix may use the Unix sockets.
 *
 * @param mailOwner who Postfix's smtpd is, by the parameter mail_owner.
 */
export function checkSockets(endpoints: readonly Endpoint[], mailOwner: string): Finding[] {
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

/**
 * Whether the clock of a machine lost its battery, or was set back after mail had come. A clock that is
 * merely ahead cannot be told.
 *
 * @param now what the clock says, in milliseconds since the epoch.
 * @param released when this Greylag was made.
 * @param newest when the newest decision was made; undefined if there is none.
 */
export function checkClock(now: number, released: number, newest: number | undefined): Finding[] {
  const remedy = "set the clock, and let chrony or systemd-timesyncd keep it right";
  if (now < released) {
    const what = `the clock says ${new Date(now).toISOString()}, before this greylag was made`;
    return [{ severity: "error", what, remedy }];
  }
  if (newest === undefined || newest <= now + CLOCK_TOLERANCE) return [];
  return [{
    severity: "error",
    what: `the clock was set back: the newest decision is ${formatDuration(newest - now)} ahead ` +
      `of it (${new Date(newest).toISOString()})`,
    remedy,
  }];
}
