import type { DatabaseAccess } from "./connection.ts";
import { deleteExpired } from "./expiry.ts";
import { searchRelations, searchReputations } from "./greylist_search.ts";
import type { GreylistStore } from "./store.ts";

/** The greylist store in the tables `pending`, `relation` and `reputation`. */
export function greylistStoreOn(database: DatabaseAccess): GreylistStore {
  return {
    exchange: (judge) =>
      database.readThenWrite((connection) => {
        const { records, outbox } = connection;
        const changes = judge(records.memory);
        for (const change of changes) {
          outbox?.note(change);
          records.write(change);
        }
        connection.countWritten(changes.length);
      }),
    expire: (expiry, cursor, rows, report) =>
      database.write((connection) => deleteExpired(connection, expiry, cursor, rows, report)),
    findRelations: (search) =>
      database.read(({ db, pseudonym }) => searchRelations(db, search, pseudonym)),
    findReputations: (search) =>
      database.read(({ db, pseudonym }) => searchReputations(db, search, pseudonym)),
  };
}
