/**
 * Copying an SQLite database while it is in use.
 *
 * @module
 */
import { Database } from "@db/sqlite";
import { backup, DatabaseSync } from "node:sqlite";
import { faultOf } from "./fault.ts";

/** All pages at once: in WAL mode nobody waits for a reader, and the copy is of one moment. */
const ALL_PAGES = 0x7fff_ffff;

/** What a copy is. */
export interface Backup {
  /** Its size in bytes. */
  readonly bytes: number;
  /** The copy of the key that hashes are made with; absent if there is none. */
  readonly key?: string;
}

/** Copies the key into a file that only its owner reads, and never replaces one. */
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
 * Copies a database as it is at one moment, while a daemon reads and writes it. The copy is checked.
 *
 * @param target a path where nothing is yet.
 * @throws {StoreFault} if the database cannot be read, or the copy not be written or read.
 */
export async function backUp(
  database: string,
  target: string,
): Promise<Backup> {
  try {
    Deno.openSync(target, { createNew: true, write: true, mode: 0o600 }).close();
  } catch (error) {
    throw faultOf(error, target);
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
      // A copy in WAL mode would need files beside it.
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
    throw faultOf(error, database);
  } finally {
    if (!isDone) Deno.removeSync(target);
  }
}
