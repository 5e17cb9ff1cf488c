/**
 * The model of the status page: queries, commands and the daemon's state, for pages and API alike.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import type { ChangePage } from "../../store/shared_change.ts";
import type { StatusSettings } from "../settings.ts";
import type { DaemonLink } from "./daemon_link.ts";
import type { Problem } from "./health.ts";
import { Reader } from "./reader.ts";
import { StatusCommands } from "./status_commands.ts";
import { StatusQueries } from "./status_queries.ts";

/** Far more than sites that share. */
const MAX_READERS = 100;

export class StatusService {
  readonly queries: StatusQueries;
  readonly commands: StatusCommands;
  readonly daemon: DaemonLink;
  /** Problems found by the last page request, the worst first. */
  problems: readonly Problem[] = [];
  /** The positions up to which other sites read the changes, by their names. */
  readonly readers = new LRUCache<string, string>({ max: MAX_READERS });
  readonly #reader: Reader;

  /** @param clock milliseconds since the epoch. */
  constructor(settings: StatusSettings, daemon: DaemonLink, clock: () => number = Date.now) {
    this.#reader = new Reader(settings.store);
    this.queries = new StatusQueries(this.#reader, settings, clock);
    this.commands = new StatusCommands(this.#reader, this.queries, daemon);
    this.daemon = daemon;
  }

  get settings(): StatusSettings {
    return this.queries.settings;
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.queries.now;
  }

  configure(settings: StatusSettings): void {
    this.queries.settings = settings;
    this.#reader.configure(settings.store);
  }

  /** The changes of this site after a position; undefined if it does not share. */
  changes(position: string, limit: number): ChangePage | undefined {
    const page = this.#reader.use(({ share }) => share.changes(position, limit));
    // The database is older than another site knows it.
    if (page?.isAhead) this.#reader.use(({ share }) => share.renew());
    return page;
  }

  /** Changes that each site which reads here has not read yet. */
  unread(): ReadonlyMap<string, number> {
    return this.#reader.use(({ share }) =>
      new Map([...this.readers].map(([site, position]) => [site, share.unreadRows(position)]))
    );
  }

  /** Closes the database, which is another file now; the next query opens it. */
  reopen(): void {
    this.queries.clearCache();
    this.#reader.close();
  }

  close(): void {
    this.#reader.close();
  }
}
