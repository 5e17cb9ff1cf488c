/**
 * Starting, reconfiguring and stopping the daemon's parts in the right order.
 *
 * @module
 */
import { type Endpoint, formatEndpoint } from "../net/endpoint.ts";
import { type ListenerLimits, PolicyServer } from "../postfix/listener.ts";
import type { StoreSettings } from "../store/open.ts";
import { RecoveringDatabase } from "../store/recovery.ts";
import { SqliteStore } from "../store/sqlite.ts";
import type { Store } from "../store/store.ts";
import { DnsResolver, type ResolverSettings } from "../dns/resolver.ts";
import type { PendingLimits } from "./pending_limit.ts";
import { Engine, type EngineSettings } from "./engine.ts";
import { EvidenceService, type EvidenceSettings } from "../evidence/service.ts";
import { History, type HistorySettings } from "./history.ts";
import type { EventLog, LogSettings } from "./event_log.ts";
import { Lists, type ListSettings } from "./lists.ts";
import { Maintenance } from "./maintenance.ts";
import type { DaemonStatus } from "./daemon_status.ts";
import { startThread } from "./thread.ts";

/** Everything that the daemon is told. */
export interface ServiceSettings {
  /** Decisions and replies. */
  readonly engine: EngineSettings;
  /** Where to listen. */
  readonly listen: readonly Endpoint[];
  /** The permissions of Unix sockets. */
  readonly socketMode: number;
  /** What clients are held to. */
  readonly limits: ListenerLimits;
  /** Allow and block lists. */
  readonly lists: ListSettings;
  /** How DNS is asked. */
  readonly resolver: ResolverSettings;
  /** What is learnt of strangers. */
  readonly gatherer: EvidenceSettings;
  /** What is remembered where. */
  readonly store: StoreSettings;
  /** What is kept of what happened. */
  readonly history: HistorySettings;
  /** How much may wait at once. */
  readonly evictions: PendingLimits;
  /** The log. */
  readonly journal: LogSettings;
}

/** A daemon that is running. */
export class Service {
  readonly #journal: EventLog;
  readonly #database: RecoveringDatabase;
  readonly #store: Store;
  readonly #lists: Lists;
  readonly #resolver: DnsResolver;
  readonly #gatherer: EvidenceService;
  readonly #engine: Engine;
  readonly #history: History;
  readonly #maintenance: Maintenance;
  readonly #server: PolicyServer;
  readonly #endpoints: Endpoint[] = [];
  readonly #started = Date.now();
  /** Told when the database was opened again, and may be another file. */
  onReopened: () => void = () => {};

  private constructor(settings: ServiceSettings, journal: EventLog) {
    this.#journal = journal;
    this.#database = new RecoveringDatabase(settings.store, {
      failed: (error) => journal.storeIll(error),
      recovered: () => {
        journal.storeRecovered();
        this.onReopened();
      },
      replaced: () => {
        journal.storeReplaced();
        this.onReopened();
      },
      setAside: (path) => journal.storeSetAside(path),
    }, {
      startWorker: (module, files) => startThread(module, { read: files, write: files }),
    });
    this.#store = new SqliteStore(this.#database);
    this.#lists = new Lists(this.#store.lists, settings.lists, {
      fileRead: (path, entries, errors) => journal.listFileRead(path, entries, errors),
      fileFailed: (path, error) => journal.listFileFailed(path, error),
    });
    this.#resolver = new DnsResolver(settings.resolver);
    this.#gatherer = new EvidenceService(this.#resolver, settings.gatherer, {
      listSwitchedOff: (zone, why) => journal.dnsListSwitchedOff(zone, why),
      dropped: () => journal.backgroundLookupsDropped(),
    });
    this.#engine = new Engine(
      this.#store.greylist,
      this.#lists,
      this.#gatherer,
      settings.engine,
      journal,
    );
    const { rules } = settings.engine;
    this.#history = new History(
      this.#store.history,
      settings.history,
      rules,
      () => journal.historyDropped(),
    );
    journal.keepIn(this.#history);
    const lifetimes = { ...rules, ...settings.history, ...settings.evictions };
    this.#maintenance = new Maintenance(this.#store, lifetimes, journal, () => this.#engine.time);
    this.#server = new PolicyServer((request) => this.#engine.answer(request), {
      limit: (endpoint, what) => journal.limit(endpoint, what),
      acceptFailed: (endpoint, error) => journal.acceptFailed(endpoint, error),
    }, settings.limits);
  }

  /**
   * Opens the database, then the sockets. A database that cannot be opened is logged, and the
   * daemon starts all the same.
   *
   * @throws {Error} that names the endpoint that cannot be listened on.
   */
  static async start(
    settings: ServiceSettings,
    version: string,
    journal: EventLog,
  ): Promise<Service> {
    const service = new Service(settings, journal);
    try {
      service.#store.greylist.exchange([], () => []);
    } catch {
      // The store told the journal, and is opened again when it can be.
    }
    journal.started(version, settings.store.database);
    service.#lists.refresh();
    try {
      for (const endpoint of settings.listen) {
        const bound = await service.#server.listen(endpoint, settings.socketMode);
        service.#endpoints.push(bound);
        journal.listening(formatEndpoint(bound));
      }
    } catch (error) {
      await service.stop();
      throw error;
    }
    service.#maintenance.start();
    service.#lists.start();
    return service;
  }

  /** The endpoints that are open, with the ports they got. */
  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** What keeps it from its work, in words; a database that cannot be written is tried. */
  obstacles(): readonly string[] {
    const obstacles: string[] = [];
    if (this.#endpoints.length === 0) obstacles.push("nothing is listened on");
    try {
      this.#store.check();
    } catch (error) {
      obstacles.push(error instanceof Error ? error.message : String(error));
    }
    return obstacles;
  }

  /** How it fares. */
  get daemonStatus(): DaemonStatus {
    const { lastPass } = this.#maintenance;
    return {
      started: this.#started,
      endpoints: this.#endpoints.map(formatEndpoint),
      connections: this.#server.connections,
      counters: this.#journal.counters.snapshot(),
      databaseWorks: this.#database.error === undefined,
      faults: this.#journal.faults,
      dns: this.#resolver.health,
      ...(lastPass === undefined ? {} : { lastPass }),
    };
  }

  /** Takes new settings as far as a running daemon can. */
  configure(settings: ServiceSettings): void {
    this.#resolver.configure(settings.resolver);
    this.#gatherer.configure(settings.gatherer);
    this.#engine.configure(settings.engine);
    this.#lists.configure(settings.lists);
    this.#history.configure(settings.history, settings.engine.rules);
    this.#maintenance.configure({
      ...settings.engine.rules,
      ...settings.history,
      ...settings.evictions,
    });
    this.#journal.configure(settings.journal);
  }

  /** Stops accepting, answers what is in flight, closes the database. */
  async stop(): Promise<void> {
    this.#maintenance.stop();
    await this.#server.close();
    this.#engine.settle();
    this.#lists.stop();
    this.#history.flush();
    this.#store.close();
  }
}
