/**
 * Hiding what an earlier run stored in clear.
 *
 * @module
 */
import type { Database } from "@db/sqlite";
import { hideOrigin, type Pseudonym } from "./pseudonym.ts";

/** Replaces every address that is stored in clear, and leaves no trace of it in the files. */
export function hideStored(db: Database, hide: Pseudonym): void {
  // What is hidden already is known by its mark.
  const clear = "substr(name, instr(name, ':') + 1, 1) <> '~'";
  const origins = db.prepare(`SELECT name FROM origin WHERE ${clear}`).values<[string]>();
  const triplets = db.prepare(
    `SELECT sender, recipient, origin FROM triplet WHERE ${clear.replaceAll("name", "origin")}`,
  ).values<[string, string, string]>();
  if (origins.length === 0 && triplets.length === 0) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    const rename = db.prepare("UPDATE OR REPLACE origin SET name = ? WHERE name = ?");
    for (const [name] of origins) rename.run(hideOrigin(name, hide), name);
    const replace = db.prepare(
      "UPDATE OR REPLACE triplet SET sender = ?, recipient = ?, origin = ? " +
        "WHERE sender = ? AND recipient = ? AND origin = ?",
    );
    for (const [sender, recipient, origin] of triplets) {
      const hidden = [hide(sender), hide(recipient), hideOrigin(origin, hide)];
      replace.run(...hidden, sender, recipient, origin);
    }
    db.exec("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.exec("ROLLBACK");
    throw error;
  }
  // The old texts would otherwise live on in free pages and in the log.
  db.exec("VACUUM");
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}
