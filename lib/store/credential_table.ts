/**
 * The password and the tokens in an SQLite database.
 *
 * @module
 */
import type { Database } from "@db/sqlite";
import type { Credential, CredentialKind } from "./store.ts";

/** All of them, by kind and name. */
export function readCredentials(db: Database): Credential[] {
  return db.prepare("SELECT kind, name, hash, created FROM credential ORDER BY kind, name")
    .all<Credential>();
}

/** Stores one in place of the one of its kind and name. */
export function writeCredential(db: Database, { kind, name, hash, created }: Credential): void {
  db.exec("REPLACE INTO credential VALUES (?, ?, ?, ?)", kind, name, hash, created);
}

/** Removes one; tells whether it was there. */
export function deleteCredential(db: Database, kind: CredentialKind, name: string): boolean {
  return db.prepare("DELETE FROM credential WHERE kind = ? AND name = ?").run(kind, name) > 0;
}
