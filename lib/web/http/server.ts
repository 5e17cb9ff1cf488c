/**
 * The server of the status page: service, event stream and HTTP listener.
 *
 * @module
 */
import type { StatusSettings } from "../settings.ts";
import type { DaemonLink } from "../worker/daemon_link.ts";
import { StatusService } from "../worker/status_service.ts";
import { statusHandler } from "./app.ts";
import { CONNECTION_LIMITS, type Connections, serveHttp } from "./connections.ts";
import { EventStream } from "./event_stream.ts";
import { PageMemory, type Remembered } from "./page_memory.ts";

/** Open connections get this time to end. */
const STOP_TIMEOUT_MS = 500;

export class StatusServer {
  readonly #connections: Connections;
  readonly #service: StatusService;
  readonly #events: EventStream;

  private constructor(connections: Connections, service: StatusService, events: EventStream) {
    this.#connections = connections;
    this.#service = service;
    this.#events = events;
  }

  /**
   * @param remembered what a thread before this one knew.
   * @throws {Error} that names the endpoint if it cannot listen there.
   */
  static async start(
    settings: StatusSettings,
    daemon: DaemonLink,
    remembered?: Remembered,
  ): Promise<StatusServer> {
    const service = new StatusService(settings, daemon);
    const events = new EventStream(service);
    const elapsed = () => performance.now();
    const memory = new PageMemory((known) => daemon.remember(known), elapsed, remembered);
    const handle = statusHandler(service, events, memory, elapsed);
    const limits = {
      ...CONNECTION_LIMITS,
      connections: Math.min(CONNECTION_LIMITS.connections, settings.maxConnections),
    };
    return new StatusServer(await serveHttp(settings.endpoint, handle, limits), service, events);
  }

  /** The endpoint, as in the settings. */
  get where(): string {
    return this.#connections.where;
  }

  configure(settings: StatusSettings): void {
    this.#service.configure(settings);
  }

  /** Reopens the database, which is another file now. */
  reopen(): void {
    this.#service.reopen();
    this.#events.restart();
  }

  /** Stops within half a second, whatever open connections do. */
  async stop(): Promise<void> {
    this.#events.stop();
    await this.#connections.close(STOP_TIMEOUT_MS);
    this.#service.close();
  }
}
