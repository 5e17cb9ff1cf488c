/**
 * The model of the status page: queries, commands and the daemon's state, for pages and API alike.
 *
 * @module
 */
import type { StatusSettings } from "../settings.ts";
import type { DaemonLink } from "./daemon_link.ts";
import type { Problem } from "./health.ts";
import { Reader } from "./reader.ts";
import { StatusCommands } from "./status_commands.ts";
import { StatusQueries } from "./status_queries.ts";

export class StatusService {
  readonly queries: StatusQueries;
  readonly commands: StatusCommands;
  readonly daemon: DaemonLink;
  /** Problems found by the last page request, the worst first. */
  problems: readonly Problem[] = [];
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

  /** Closes the database, which is another file now; the next query opens it. */
  reopen(): void {
    this.queries.clearCache();
    this.#reader.close();
  }

  close(): void {
    this.#reader.close();
  }
}
