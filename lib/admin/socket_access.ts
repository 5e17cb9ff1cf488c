/**
 * Permissions of a user on a Unix socket; pure.
 *
 * @module
 */
import { directoryOf } from "../text/path.ts";

export interface User {
  readonly uid: number;
  readonly gids: readonly number[];
}

export interface Ownership {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Bits of one digit of a mode. */
const WRITE = 2;
const SEARCH = 1;

export function permits({ mode, uid, gid }: Ownership, user: User, want: number): boolean {
  if (user.uid === 0) return true;
  const digit = user.uid === uid ? mode >> 6 : user.gids.includes(gid) ? mode >> 3 : mode;
  return (digit & want) === want;
}

/**
 * @param passwd contents of /etc/passwd.
 * @param group contents of /etc/group.
 */
export function userNamed(name: string, passwd: string, group: string): User | undefined {
  const fields = passwd.split("\n").map((line) => line.split(":")).find(([one]) => one === name);
  if (fields === undefined) return undefined;
  const gids = group.split("\n").map((line) => line.split(":"))
    .filter(([, , , members]) => members?.split(",").includes(name))
    .map(([, , gid]) => Number(gid));
  return { uid: Number(fields[2]), gids: [Number(fields[3]), ...gids] };
}

/**
 * Finds the first directory that the user cannot search, or the socket if it cannot write to it
 * (unix(7)).
 */
export function obstacleTo(
  socket: string,
  user: User,
  ownershipOf: (path: string) => Ownership,
): string | undefined {
  const way: string[] = [];
  for (let path = socket; path !== directoryOf(path); path = directoryOf(path)) {
    way.unshift(path);
  }
  return way.find((path) => !permits(ownershipOf(path), user, path === socket ? WRITE : SEARCH));
}
