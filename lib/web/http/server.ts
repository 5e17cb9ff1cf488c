/**
 * The server of the status page: service, event stream and HTTP listener.
 *
 * @module
 */
import type { StatusSettings } from "../settings.ts";
import type { DaemonLink } from "../worker/daemon_link.ts";
import { StatusService } from "../worker/status_service.ts";
import { statusHandler } from "./app.ts";
import { CONNECTION_LIMITS, type Connections, type Idleness, serveHttp } from "./connections.ts";
import { EventStream } from "./event_stream.ts";
import { PageMemory, type Remembered } from "./page_memory.ts";

/** Open connections get this time to end. */
const STOP_TIMEOUT_MS = 500;

export class StatusServer {
  readonly #connections: Connections;
  readonly #service: StatusService;
  readonly #events: EventStream;
  readonly #memory: PageMemory;

  private constructor(
    connections: Connections,
    service: StatusService,
    events: EventStream,
    memory: PageMemory,
  ) {
    this.#connections = connections;
    this.#service = service;
    this.#events = events;
    this.#memory = memory;
  }

  /**
   * @param idleness when it has nothing to do.
   * @param remembered what a thread before this one knew.
   * @throws {Error} that names the endpoint if it cannot listen there.
   */
  static async start(
    settings: StatusSettings,
    daemon: DaemonLink,
    idleness: Idleness,
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
    const connections = await serveHttp(settings.endpoint, handle, limits, idleness);
    return new StatusServer(connections, service, events, memory);
  }

  /** Names the client behind a connection that the daemon forwards; undefined when it has ended. */
  forwarded(port: number, address: string | undefined): void {
    this.#connections.forwarded(port, address);
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
    this.#memory.save(true);
    this.#service.close();
  }
}
