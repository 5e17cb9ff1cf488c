/**
 * Opening the store that the settings ask for.
 *
 * @module
 */
import { faultOf } from "./fault.ts";
import { loadKey, makePseudonym } from "./pseudonym.ts";
import { SqliteStore } from "./sqlite.ts";
import type { Store } from "./store.ts";

/** What the administrator says about the store. */
export interface StoreSettings {
  /** The database file. */
  readonly database: string;
  /** Whether hashes are stored in place of addresses. */
  readonly privacy: boolean;
}

/** The directory of a file; `.` for a name alone. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "." : path.slice(0, slash) || "/";
}

/** Which file is at a path, so that one put in its place is told from it: empty if none is. */
export function fileAt(path: string): string {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return "";
  }
}

/**
 * SQLite gives the files that stand beside a database the permissions of the database itself. A file
 * that is there is not opened: closing it would give up the locks that this process has on it.
 */
function makeFile(path: string): void {
  try {
    Deno.openSync(path, { createNew: true, write: true, mode: 0o600 }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

/**
 * Opens the database, and makes it and its directory if they are not there, readable for their owner
 * only.
 *
 * @throws {StoreFault} if it cannot be opened, read or written.
 */
export function openStore(settings: StoreSettings): Store {
  const path = settings.database;
  try {
    Deno.mkdirSync(directoryOf(path), { recursive: true, mode: 0o700 });
    const pseudonym = settings.privacy ? makePseudonym(loadKey(`${path}.key`)) : undefined;
    makeFile(path);
    return new SqliteStore(path, pseudonym);
  } catch (error) {
    throw faultOf(error, path);
  }
}

/**
 * Moves a corrupt database, with the files that belong to it, to a dated name beside it.
 *
 * @param now milliseconds since the epoch.
 * @returns the new path.
 * @throws {Error} if the file system does not let it.
 */
export function setAside(path: string, now: number): string {
  const stamp = new Date(now).toISOString().replaceAll(":", "-").replace(/\.\d+Z$/, "Z");
  const target = `${path}.corrupt-${stamp}`;
  for (const suffix of ["-wal", "-shm", ""]) {
    try {
      Deno.renameSync(path + suffix, target + suffix);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return target;
}
