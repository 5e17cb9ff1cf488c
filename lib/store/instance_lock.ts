/**
 * Detects a second daemon on the same database by locks on two files beside it. Both daemons work; each
 * would expire and count what the other one stored.
 *
 * @module
 */

export function sharedDatabaseText(database: string): string {
  return `another greylag uses the database ${database} as well`;
}

export const SHARED_DATABASE_REMEDY =
  "Find them with pgrep -a greylag, then stop one or give it another database.";

const SUFFIXES = [".lock", ".lock2"] as const;

function tryLock(path: string, create: boolean): Deno.FsFile | undefined {
  const file = Deno.openSync(path, { read: true, write: true, create, mode: 0o600 });
  try {
    if (file.tryLockSync(true)) return file;
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  return undefined;
}

/** Whether somebody holds the lock of a file. */
function isLocked(path: string): boolean {
  try {
    const file = tryLock(path, false);
    file?.close();
    return file === undefined;
  } catch {
    // Without the file, or without permission on it, nothing is known of another daemon.
    return false;
  }
}

/** Whether two daemons use a database, for a process that is neither. */
export function isDatabaseShared(database: string): boolean {
  return SUFFIXES.every((suffix) => isLocked(database + suffix));
}

export class InstanceLock {
  readonly #database: string;
  #held: { readonly suffix: string; readonly file: Deno.FsFile } | undefined;

  constructor(database: string) {
    this.#database = database;
    this.take();
  }

  /** Whether another daemon holds the other lock. */
  get isShared(): boolean {
    const { suffix } = this.#held ?? {};
    return SUFFIXES.some((other) => other !== suffix && isLocked(this.#database + other));
  }

  /** Closes the file, which would keep its file system from being unmounted. */
  release(): void {
    this.#held?.file.close();
    this.#held = undefined;
  }

  /**
   * Locks the first free file, unless one is held. A directory without permission, or a file system
   * without locks, is no error.
   */
  take(): void {
    if (this.#held !== undefined) return;
    for (const suffix of SUFFIXES) {
      try {
        const file = tryLock(this.#database + suffix, true);
        if (file === undefined) continue;
        this.#held = { suffix, file };
        return;
      } catch {
        return;
      }
    }
  }
}
