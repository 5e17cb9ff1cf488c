/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * The entry point of the replicator's thread.
 *
 * @module
 */
import { openConnection } from "../store/open.ts";
import { SqliteStore } from "../store/sqlite.ts";
import { DatabaseReplicator } from "./database_replicator.ts";
import { fetchPage } from "./http_transport.ts";
import type { OwnSite } from "./judge_site.ts";
import type { ReceivedPage, ToDaemon, ToReplicator } from "./messages.ts";
import { follow } from "./replicator.ts";
import type { ShareSettings } from "./settings.ts";

const send = (message: ToDaemon) => self.postMessage(message);

class Thread {
  readonly #settings: ShareSettings;
  #store: SqliteStore;
  #positions: Map<string, string>;
  readonly #merging = new Map<string, (ok: boolean) => void>();
  #incarnation: string | undefined;
  #databaseReplicator: DatabaseReplicator | undefined;

  constructor(settings: ShareSettings, positions: Readonly<Record<string, string>>) {
    this.#settings = settings;
    this.#positions = new Map(Object.entries(positions));
    this.#store = this.#open();
  }

  #open(): SqliteStore {
    const { database, privacy } = this.#settings.store;
    return new SqliteStore(openConnection({ database, privacy }));
  }

  start(): void {
    const replication = {
      own: () => this.#own(),
      merge: (page: ReceivedPage) => this.#merge(page),
      report: (state: Extract<ToDaemon, { kind: "state" }>["state"]) =>
        send({ kind: "state", state }),
      position: (id: string) => this.#positions.get(id) ?? "",
      wait: (milliseconds: number) =>
        new Promise<void>((resolve) => setTimeout(resolve, milliseconds)),
      gone: (id: string) => send({ kind: "gone", id }),
      store: () => this.#store.share,
    };
    const { targets, secret, name, certificates } = this.#settings;
    const client = Deno.createHttpClient({ caCerts: [...certificates] });
    for (const target of targets) {
      if (target.kind === "peer") {
        follow(
          target.url,
          (position) => fetchPage(target, secret.token, name, position, client),
          replication,
        );
      } else {
        this.#databaseReplicator = new DatabaseReplicator(target, this.#settings, replication);
        this.#databaseReplicator.run();
      }
    }
  }

  #own(): OwnSite {
    const { share } = this.#store;
    const site = share.site();
    if (site === undefined) throw new Error("the database of this site is not ready");
    // A database that turned out to be older reads everything again.
    if (site.incarnation !== (this.#incarnation ?? site.incarnation)) this.#positions.clear();
    this.#incarnation = site.incarnation;
    return { ...site, privacy: share.privacyMark() };
  }

  #merge(page: ReceivedPage): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#merging.set(page.id, (ok) => {
      if (ok) this.#positions.set(page.id, page.position);
      resolve(ok);
    });
    send({ kind: "page", page });
    return promise;
  }

  merged(id: string, ok: boolean): void {
    const resolve = this.#merging.get(id);
    this.#merging.delete(id);
    resolve?.(ok);
  }

  carryOutOrders(): void {
    this.#store.share.carryOutOrders();
  }

  reopen(positions: Readonly<Record<string, string>>): void {
    this.#positions = new Map(Object.entries(positions));
    this.#store.close();
    this.#store = this.#open();
  }

  remove(incarnation: string): void {
    this.#databaseReplicator?.remove(incarnation);
  }
}

let thread: Thread | undefined;

self.onmessage = ({ data }: MessageEvent<ToReplicator>) => {
  switch (data.kind) {
    case "start":
      thread = new Thread(data.settings, data.positions);
      return thread.start();
    case "merged":
      return thread?.merged(data.id, data.ok);
    case "carry-out-orders":
      return thread?.carryOutOrders();
    case "reopen":
      return thread?.reopen(data.positions);
    case "remove":
      return thread?.remove(data.incarnation);
  }
};
