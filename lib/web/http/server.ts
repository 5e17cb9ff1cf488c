/**
 * The HTTP server of the status page.
 *
 * @module
 */
import { formatEndpoint } from "../../net/endpoint.ts";
import { listenError, openUnixSocket } from "../../sockets/listen.ts";
import type { StatusSettings } from "../settings.ts";
import type { DaemonLink } from "../worker/daemon_link.ts";
import { StatusService } from "../worker/status_service.ts";
import { statusHandler } from "./app.ts";
import { EventStream } from "./event_stream.ts";

/** For a reverse proxy of the same group. */
const SOCKET_MODE = 0o660;

/** Open connections get this time to end. */
const STOP_TIMEOUT_MS = 500;

export class StatusServer {
  readonly #server: Deno.HttpServer;
  readonly #service: StatusService;
  readonly #events: EventStream;
  /** The endpoint, as in the settings. */
  readonly where: string;

  private constructor(
    server: Deno.HttpServer,
    service: StatusService,
    events: EventStream,
    where: string,
  ) {
    this.#server = server;
    this.#service = service;
    this.#events = events;
    this.where = where;
  }

  /** @throws {Error} that names the endpoint if it cannot listen there. */
  static async start(settings: StatusSettings, daemon: DaemonLink): Promise<StatusServer> {
    const { endpoint } = settings;
    const service = new StatusService(settings, daemon);
    const events = new EventStream(service);
    const handle = statusHandler(service, events);
    const where = formatEndpoint(endpoint);
    const onListen = () => {};
    if (endpoint.kind === "unix") {
      // Removes the socket of a dead process and fails for a live one; Deno.serve cannot tell.
      (await openUnixSocket(endpoint.path, SOCKET_MODE)).close();
      const server = Deno.serve(
        { path: endpoint.path, onListen },
        (request) => handle(request, "a Unix socket"),
      );
      await Deno.chmod(endpoint.path, SOCKET_MODE);
      return new StatusServer(server, service, events, where);
    }
    try {
      const { host: hostname, port } = endpoint;
      const server = Deno.serve(
        { hostname, port, onListen },
        (request, { remoteAddr }) => handle(request, remoteAddr.hostname),
      );
      return new StatusServer(server, service, events, where);
    } catch (error) {
      throw listenError(endpoint, error);
    }
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
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, STOP_TIMEOUT_MS);
    await Promise.race([this.#server.shutdown(), promise]);
    clearTimeout(timer);
    this.#service.close();
  }
}
