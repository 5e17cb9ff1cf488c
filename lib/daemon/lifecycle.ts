/**
 * Starting, reconfiguring and stopping the parts of the daemon in the right order.
 *
 * @module
 */
import { type DnsHealth, DnsResolver, type ResolverSettings } from "../dns/resolver.ts";
import { ListAuthorisation } from "../evidence/list_authorisation.ts";
import { EvidenceService, type EvidenceSettings } from "../evidence/service.ts";
import { type Endpoint, formatEndpoint } from "../net/endpoint.ts";
import { type ListenerLimits, PolicyServer } from "../postfix/listener.ts";
import type { StoreSettings } from "../store/open.ts";
import { InstanceLock } from "../store/instance_lock.ts";
import { RecoveringDatabase } from "../store/recovery.ts";
import { SqliteStore } from "../store/sqlite.ts";
import type { Store } from "../store/store.ts";
import { messageOf } from "../text/error_message.ts";
import { ClientWatch } from "./client_watch.ts";
import { Counters } from "./counters.ts";
import type { DaemonStatus } from "./daemon_status.ts";
import { Engine, type EngineSettings } from "./engine.ts";
import { ErrorRegistry } from "./error_registry.ts";
import type { LogSettings } from "./event_log.ts";
import type { DaemonEvent, Events } from "./events.ts";
import { History, type HistorySettings } from "./history.ts";
import { Lists, type ListSettings } from "./lists.ts";
import { Maintenance } from "./maintenance.ts";
import { PendingLimit, type PendingLimits } from "./pending_limit.ts";
import { startThread, threadModule } from "./thread.ts";

export interface DaemonSettings {
  readonly engine: EngineSettings;
  readonly listen: readonly Endpoint[];
  /** The mode of Unix sockets. */
  readonly socketMode: number;
  readonly limits: ListenerLimits;
  readonly lists: ListSettings;
  readonly resolver: ResolverSettings;
  readonly evidence: EvidenceSettings;
  readonly store: StoreSettings;
  readonly history: HistorySettings;
  readonly pending: PendingLimits;
  readonly log: LogSettings;
}

/** A running daemon. */
export class Daemon {
  readonly #events: Events;
  readonly #counters = new Counters();
  readonly #errors = new ErrorRegistry();
  readonly #database: RecoveringDatabase;
  #lock: InstanceLock | undefined;
  readonly #store: SqliteStore;
  readonly #lists: Lists;
  readonly #resolver: DnsResolver;
  readonly #evidence: EvidenceService;
  readonly #authorisation: ListAuthorisation;
  readonly #engine: Engine;
  readonly #history: History;
  readonly #pending: PendingLimit;
  readonly #maintenance: Maintenance;
  readonly #server: PolicyServer;
  readonly #endpoints: Endpoint[] = [];
  readonly #started = Date.now();
  /** Called after the database was opened again; it may be another file. */
  onReopened: () => void = () => {};

  private constructor(settings: DaemonSettings, events: Events) {
    const publish = (event: DaemonEvent) => events.publish(event);
    this.#events = events;
    this.#database = new RecoveringDatabase(settings.store, {
      failed: (error) => {
        // The administrator may have to unmount the file system.
        this.#lock?.release();
        publish({ kind: "database-failed", error });
      },
      recovered: () => {
        this.#lock?.take();
        publish({ kind: "database-recovered" });
        this.onReopened();
      },
      replaced: () => {
        publish({ kind: "database-replaced" });
        this.onReopened();
      },
      setAside: (path) => publish({ kind: "database-set-aside", path }),
    }, {
      startWorker: (files) =>
        startThread(threadModule("lib/store/checkpoint_worker.ts"), { read: files, write: files }),
    });
    this.#store = new SqliteStore(this.#database);
    this.#lists = new Lists(this.#store.lists, settings.lists, publish);
    // Where requests bring their own time, the caches go by it as well.
    const monotonic = settings.engine.acceptTestTime
      ? () => Math.max(1, this.#engine.time)
      : () => performance.now();
    this.#resolver = new DnsResolver(settings.resolver, { monotonic, wall: () => Date.now() });
    this.#evidence = new EvidenceService(
      this.#resolver,
      settings.evidence,
      {
        listState: (health) => publish({ kind: "dns-list", health }),
        dropped: () => publish({ kind: "background-lookup-dropped" }),
      },
      (domain) => this.#lists.wellKnownVia(domain),
      monotonic,
    );
    this.#authorisation = new ListAuthorisation(this.#resolver, settings.evidence.dnsWait);
    this.#engine = new Engine(
      this.#store.greylist,
      this.#lists,
      this.#evidence,
      this.#authorisation,
      settings.engine,
      publish,
    );
    const { rules } = settings.engine;
    this.#history = new History(this.#store.history, settings.history, rules, publish);
    this.#pending = new PendingLimit(settings.pending, publish);
    this.#maintenance = new Maintenance(
      this.#store,
      { rules, ...settings.history },
      this.#pending,
      publish,
      () => this.#engine.time,
    );
    this.#server = new PolicyServer((request) => this.#engine.answer(request), {
      limit: (endpoint, why) => publish({ kind: "connection-rejected", endpoint, why }),
      acceptFailed: (endpoint, error) => publish({ kind: "accept-failed", endpoint, error }),
    }, settings.limits);
    const watch = new ClientWatch(publish);
    for (const part of [watch, this.#counters, this.#errors, this.#history, this.#pending]) {
      events.subscribe((event) => part.handle(event));
    }
  }

  /**
   * Opens the database, then the sockets. A database that cannot be opened is an event, and the daemon
   * starts all the same.
   *
   * @throws {Error} with the endpoint on which it cannot listen.
   */
  static async start(settings: DaemonSettings, version: string, events: Events): Promise<Daemon> {
    const daemon = new Daemon(settings, events);
    try {
      daemon.#store.greylist.exchange(() => []);
    } catch {
      // The store reports its own errors, and is opened again when that is possible.
    }
    events.publish({ kind: "started", version, database: settings.store.database });
    daemon.#lock = new InstanceLock(settings.store.database);
    if (daemon.isDatabaseShared) {
      events.publish({ kind: "database-shared", database: settings.store.database });
    }
    daemon.#lists.refresh();
    try {
      for (const endpoint of settings.listen) {
        const bound = await daemon.#server.listen(endpoint, settings.socketMode);
        daemon.#endpoints.push(bound);
        events.publish({ kind: "listening", endpoint: formatEndpoint(bound) });
      }
    } catch (error) {
      await daemon.#close();
      throw error;
    }
    daemon.#maintenance.start();
    daemon.#lists.start();
    return daemon;
  }

  /** The open endpoints, with the ports that the kernel chose. */
  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** Another daemon uses the same database. */
  get isDatabaseShared(): boolean {
    return this.#lock?.isShared ?? false;
  }

  /** Why it cannot do its work, in sentences; writes to the database to find out. */
  obstacles(): readonly string[] {
    const obstacles: string[] = [];
    if (this.#endpoints.length === 0) obstacles.push("no endpoint is open");
    try {
      this.#store.check();
    } catch (error) {
      obstacles.push(messageOf(error));
    }
    return obstacles;
  }

  /** For the notices, which never run on the path of a request. */
  get store(): Pick<Store, "history" | "notices" | "share"> {
    return this.#store;
  }

  get dns(): DnsHealth {
    return this.#resolver.health;
  }

  /** The time of requests, in milliseconds since the epoch. */
  get time(): number {
    return this.#engine.time;
  }

  get status(): DaemonStatus {
    const { lastPass } = this.#maintenance;
    return {
      started: this.#started,
      endpoints: this.#endpoints.map(formatEndpoint),
      connections: this.#server.connections,
      counters: this.#counters.snapshot(),
      databaseWorks: this.#database.error === undefined,
      errors: this.#errors.errors,
      dns: this.#resolver.health,
      dnsLists: this.#evidence.lists,
      lists: this.#lists.problems,
      ...(lastPass === undefined ? {} : { lastPass }),
    };
  }

  /** Takes the settings that can change while it runs. */
  configure(settings: DaemonSettings): void {
    const { rules } = settings.engine;
    this.#resolver.configure(settings.resolver);
    this.#evidence.configure(settings.evidence);
    this.#authorisation.configure(settings.evidence.dnsWait);
    this.#engine.configure(settings.engine);
    this.#lists.configure(settings.lists);
    this.#history.configure(settings.history, rules);
    this.#pending.configure(settings.pending);
    this.#maintenance.configure({ rules, ...settings.history });
  }

  /** Stops accepting, answers open requests, closes the database. */
  async stop(): Promise<void> {
    await this.#close();
    this.#events.publish({ kind: "stopped", counters: this.#counters.snapshot() });
  }

  async #close(): Promise<void> {
    this.#maintenance.stop();
    await this.#server.close();
    this.#engine.settle();
    this.#lists.stop();
    this.#history.flush();
    this.#store.close();
    this.#lock?.release();
  }
}
