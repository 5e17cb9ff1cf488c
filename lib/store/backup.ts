import { Database } from "@db/sqlite";
import { backup, DatabaseSync } from "node:sqlite";
import { databaseErrorOf } from "./database_error.ts";

/** All pages in one step: no writer waits for a reader in WAL mode, and the copy is consistent. */
const ALL_PAGES = 0x7fff_ffff;

export interface Backup {
  readonly bytes: number;
  /** Path of the copy of the privacy key; absent if there is none. */
  readonly key?: string;
}

/** Never replaces a file. */
async function copyKey(from: string, to: string): Promise<string | undefined> {
  let key: Uint8Array;
  try {
    key = await Deno.readFile(from);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  await Deno.writeFile(to, key, { createNew: true, mode: 0o600 });
  return to;
}

/**
 * Copies a database at one moment, while a daemon reads and writes it, and checks the copy.
 *
 * @param target path of a file that does not exist.
 * @throws {DatabaseError} if the database cannot be read, or the copy cannot be written or is corrupt.
 */
export async function backUp(
  database: string,
  target: string,
): Promise<Backup> {
  try {
    Deno.openSync(target, { createNew: true, write: true, mode: 0o600 }).close();
  } catch (error) {
    throw databaseErrorOf(error, target);
  }
  let isDone = false;
  try {
    const source = new DatabaseSync(database, { readOnly: true });
    try {
      await backup(source, target, { rate: ALL_PAGES });
    } finally {
      source.close();
    }
    const copy = new Database(target);
    try {
      // A copy in WAL mode would need its -wal and -shm files.
      copy.exec("PRAGMA journal_mode = DELETE");
      const [found] = copy.prepare("PRAGMA quick_check").value<[string]>()!;
      if (found !== "ok") throw new Error(`the copy is corrupt: ${found}`);
    } finally {
      copy.close();
    }
    const key = await copyKey(`${database}.key`, `${target}.key`);
    isDone = true;
    return { bytes: Deno.statSync(target).size, ...(key === undefined ? {} : { key }) };
  } catch (error) {
    throw databaseErrorOf(error, database);
  } finally {
    if (!isDone) Deno.removeSync(target);
  }
}
