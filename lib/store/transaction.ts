import type { Database } from "@db/sqlite";

/** Runs reads and writes in one transaction that locks first; nothing is stored if it throws. */
export function inTransaction(db: Database, write: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    write();
    db.exec("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
