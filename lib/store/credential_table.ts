import type { DatabaseAccess } from "./connection.ts";
import type { Credential, CredentialStore } from "./store.ts";

/** The credential store in the table `credential`. */
export function credentialStoreOn(database: DatabaseAccess): CredentialStore {
  return {
    all: () =>
      database.read(({ db }) =>
        db.prepare("SELECT kind, name, hash, created FROM credential ORDER BY kind, name")
          .all<Credential>()
      ),
    put: ({ kind, name, hash, created }) =>
      database.write(({ db }) => {
        db.exec("REPLACE INTO credential VALUES (?, ?, ?, ?)", kind, name, hash, created);
      }),
    remove: (kind, name) =>
      database.write(({ db }) =>
        db.prepare("DELETE FROM credential WHERE kind = ? AND name = ?").run(kind, name) > 0
      ),
  };
}
