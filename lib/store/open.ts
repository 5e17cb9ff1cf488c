import { Database } from "@db/sqlite";
import { checkRegular } from "../files/regular_file.ts";
import type { StartWorker } from "./checkpointer.ts";
import { Connection } from "./connection.ts";
import { DatabaseError, databaseErrorOf } from "./database_error.ts";
import { loadKey, makePseudonym } from "./pseudonym.ts";
import type { SharedAs } from "./site.ts";
import { SqliteStore } from "./sqlite.ts";
import type { Store } from "./store.ts";
import { reasonOf } from "../text/error_message.ts";
import { directoryOf } from "../text/path.ts";

export interface StoreSettings {
  /** Path of the database file. */
  readonly database: string;
  /** Store keyed hashes in place of addresses. */
  readonly privacy: boolean;
  /** The setting `recipient_delimiter`; its default if absent. */
  readonly recipientDelimiter?: string;
  /** For the daemon: how it shares with other sites. Absent for those that only follow it. */
  readonly share?: { readonly as?: SharedAs | undefined };
}

/** Identity of the file at a path, which changes when the file is replaced; empty if there is none. */
export function fileAt(path: string): string {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return "";
  }
}

/**
 * SQLite gives the -wal and -shm files the permissions of the database. A file that exists is not
 * opened: closing it would release the locks that this process holds on it.
 */
function createFile(path: string): void {
  try {
    Deno.openSync(path, { createNew: true, write: true, mode: 0o600 }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

/** @throws {DatabaseError} unless it is a regular file; SQLite would report an error of the disk. */
function checkKind(path: string): void {
  try {
    checkRegular(path);
  } catch (error) {
    throw new DatabaseError("foreign", path, reasonOf(error), { cause: error });
  }
}

/**
 * Opens the database. Creates it and its directory if they do not exist, accessible to their owner
 * only.
 *
 * @throws {DatabaseError} if it cannot be opened, read or written.
 */
export function openConnection(
  { database: path, privacy, recipientDelimiter, share }: StoreSettings,
  startWorker?: StartWorker,
): Connection {
  try {
    Deno.mkdirSync(directoryOf(path), { recursive: true, mode: 0o700 });
    const pseudonym = privacy
      ? makePseudonym(loadKey(`${path}.key`), recipientDelimiter)
      : undefined;
    createFile(path);
    checkKind(path);
    // The number of a device may change when the machine starts.
    const shared = share && { ...share, file: fileAt(path).replace(/^.*:/, "") };
    return new Connection(path, { pseudonym, recipientDelimiter, startWorker, share: shared });
  } catch (error) {
    throw databaseErrorOf(error, path);
  }
}

/** Opens the store for one command: without checkpoint thread and recovery. */
export function openStore(settings: StoreSettings): Store {
  const connection = openConnection(settings);
  connection.pseudonymise();
  return new SqliteStore(connection);
}

/**
 * Moves a corrupt database, with its -wal and -shm files, to a dated name beside it.
 *
 * @param now milliseconds since the epoch.
 * @returns the new path.
 * @throws {Error} if a file cannot be renamed.
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

/** The version of SQLite in this program, which `process.versions` does not tell reliably. */
export function sqliteVersion(): string {
  const database = new Database(":memory:");
  try {
    return database.prepare("SELECT sqlite_version()").value<[string]>()![0];
  } finally {
    database.close();
  }
}
