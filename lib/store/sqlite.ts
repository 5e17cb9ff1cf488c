import type { DatabaseAccess } from "./connection.ts";
import { credentialStoreOn } from "./credential_table.ts";
import { listStoreOn, rewriteRevision } from "./entry_table.ts";
import { forgetAddress } from "./forget.ts";
import { greylistStoreOn } from "./greylist_table.ts";
import type { Forgotten, HistoryStore } from "./history.ts";
import { historyStoreOn } from "./history_table.ts";
import { noticeStoreOn } from "./notice_table.ts";
import type { NoticeStore } from "./notices.ts";
import { type ShareStore, shareStoreOn } from "./share_table.ts";
import type { CredentialStore, GreylistStore, ListStore, Store, StoreSize } from "./store.ts";

/** The store in one SQLite database. */
export class SqliteStore implements Store {
  readonly greylist: GreylistStore;
  readonly lists: ListStore;
  readonly history: HistoryStore;
  readonly credentials: CredentialStore;
  readonly notices: NoticeStore;
  readonly share: ShareStore;
  readonly #database: DatabaseAccess;

  constructor(database: DatabaseAccess) {
    this.#database = database;
    this.greylist = greylistStoreOn(database);
    this.lists = listStoreOn(database);
    this.history = historyStoreOn(database);
    this.credentials = credentialStoreOn(database);
    this.notices = noticeStoreOn(database);
    this.share = shareStoreOn(database);
  }

  forget(address: string): Forgotten {
    return this.#database.use((connection) => forgetAddress(connection, address));
  }

  check(): void {
    this.#database.write(({ db }) => rewriteRevision(db));
  }

  size(): StoreSize {
    return this.#database.read(({ db }) => {
      const count = (table: string) =>
        db.prepare(`SELECT count(*) FROM ${table}`).value<[number]>()![0];
      return {
        pending: count("pending"),
        relations: count("relation"),
        reputations: count("reputation"),
      };
    });
  }

  close(): void {
    this.#database.close();
  }
}
