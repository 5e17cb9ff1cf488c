/**
 * The identity of a site that shares its records. A database that was copied, restored or not kept up to
 * date gets a new incarnation, so that no number of its outbox stands for two changes.
 *
 * @module
 */
import type { Database } from "@db/sqlite";
import { ownPart } from "../greylist/merge.ts";
import { REPUTATION_COLUMNS, reputationOf, type ReputationRow } from "./greylist_records.ts";
import { PARTS, readParts } from "./reputation_parts.ts";
import type { Site } from "./shared_change.ts";

const FORGET_KEY_BYTES = 32;

type SiteRow = [incarnation: string, name: string, active: number, file: string, key: Uint8Array];

function readRow(db: Database): SiteRow | undefined {
  return db.prepare("SELECT incarnation, name, active, file, forget_key FROM site")
    .value<SiteRow>();
}

/** This site; undefined if it does not share. */
export function readSite(db: Database): Site | undefined {
  const row = readRow(db);
  return row === undefined || row[2] === 0 ? undefined : { incarnation: row[0], name: row[1] };
}

/** The key of the hashes of forgotten addresses, the same at all sites; undefined if it is not shared. */
export function readForgetKey(db: Database): Uint8Array | undefined {
  return readRow(db)?.[4];
}

export interface SharedAs {
  readonly name: string;
  readonly forgetKey: Uint8Array;
}

/** True if {@linkcode setSite} has nothing to write. */
export function isSiteSet(db: Database, file: string, as: SharedAs | undefined): boolean {
  const row = readRow(db);
  if (as === undefined) return row === undefined || row[2] === 0;
  if (row === undefined) return false;
  const [, name, active, knownFile, key] = row;
  return active === 1 && knownFile === file && name === as.name &&
    key.every((byte, at) => byte === as.forgetKey[at]);
}

/**
 * Begins, continues or ends sharing. Call it in a transaction that writes.
 *
 * @param file the identity of the database file.
 * @param as undefined to end sharing.
 */
export function setSite(db: Database, file: string, as: SharedAs | undefined): void {
  const row = readRow(db);
  if (as === undefined) {
    if (row !== undefined && row[2] === 1) db.exec("UPDATE site SET active = 0");
    return;
  }
  const { name, forgetKey } = as;
  const key = forgetKey.slice(0, FORGET_KEY_BYTES);
  if (row === undefined) {
    db.exec("INSERT INTO site VALUES (?, ?, 1, ?, ?, 0)", newIncarnation(), name, file, key);
    return;
  }
  const [, , active, knownFile] = row;
  // Changes that were made meanwhile are not in the outbox.
  if (active === 0 || knownFile !== file) renewIncarnation(db);
  db.exec("UPDATE site SET name = ?, active = 1, file = ?, forget_key = ?", name, file, key);
}

/** Numbers of entries that one site gives. */
const ENTRY_BLOCK = 10_000;

/** Blocks of numbers; the first is that of entries from before sharing. */
const ENTRY_BLOCKS = 900;

/**
 * The number of a new entry, from a block that follows from the name of the site: an entry has the same
 * number at all sites, and a number means the same entry everywhere.
 */
export function nextEntryId(db: Database, { name }: Site): number {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)!) % ENTRY_BLOCKS;
  const count = db.prepare("UPDATE site SET entries = entries + 1 RETURNING entries");
  const isTaken = db.prepare("SELECT 1 FROM entry WHERE id = ?");
  for (;;) {
    const id = (1 + hash) * ENTRY_BLOCK + count.value<[number]>()![0];
    // The site may have lost its database, or another name may have the same block.
    if (isTaken.value(id) === undefined) return id;
  }
}

function newIncarnation(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 16);
}

/** Gives the site a new incarnation; what it counted stays that of the former one. */
export function renewIncarnation(db: Database): void {
  const row = readRow(db);
  if (row === undefined) return;
  const [former] = row;
  const reputations = db.prepare(`SELECT name, ${REPUTATION_COLUMNS} FROM reputation`)
    .values<[string, ...ReputationRow]>();
  const findParts = db.prepare(PARTS);
  const put = db.prepare("REPLACE INTO reputation_part VALUES (?, ?, ?)");
  for (const [name, ...columns] of reputations) {
    const parts = readParts(findParts, name);
    const others = parts.filter(({ site }) => site !== former);
    const cleared = Math.max(0, ...parts.map((part) => part.cleared));
    const part = ownPart(former, reputationOf(columns), others, cleared);
    put.run(name, former, JSON.stringify(part));
  }
  // What this site had told before is with the others, but not among what they changed themselves.
  db.exec("UPDATE peer SET position = ''");
  db.exec("UPDATE site SET incarnation = ?", newIncarnation());
}
