/**
 * Whether a user may use a Unix socket.
 *
 * @module
 */
import { parse as parsePath } from "node:path";

/** A user as the system knows it. */
export interface User {
  /** Its number. */
  readonly uid: number;
  /** The numbers of its groups. */
  readonly gids: readonly number[];
}

/** Who owns a file, and what is permitted. */
export interface Ownership {
  /** The permission bits. */
  readonly mode: number;
  /** The owner's number. */
  readonly uid: number;
  /** The group's number. */
  readonly gid: number;
}

/** What a user wants of a file, in the bits of one digit of a mode. */
const WRITE = 2;
const SEARCH = 1;

/** Whether the permission bits give a user what it wants. */
export function permits({ mode, uid, gid }: Ownership, user: User, want: number): boolean {
  if (user.uid === 0) return true;
  const digit = user.uid === uid ? mode >> 6 : user.gids.includes(gid) ? mode >> 3 : mode;
  return (digit & want) === want;
}

/**
 * A user with its groups.
 *
 * @param passwd the text of /etc/passwd.
 * @param group the text of /etc/group.
 * @returns undefined if there is no such user.
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
 * What keeps a user from connecting to a Unix socket (unix(7)): a directory on the way that it may not
 * search, or the socket itself.
 *
 * @param ownershipOf who owns a path, and what is permitted.
 * @returns the path that does, or undefined if nothing does.
 */
export function obstacleTo(
  socket: string,
  user: User,
  ownershipOf: (path: string) => Ownership,
): string | undefined {
  const way: string[] = [];
  for (let path = socket; path !== parsePath(path).dir; path = parsePath(path).dir) {
    way.unshift(path);
  }
  return way.find((path) => !permits(ownershipOf(path), user, path === socket ? WRITE : SEARCH));
}
