/**
 * The status page on its socket.
 *
 * @module
 */
import { formatEndpoint } from "../../net/endpoint.ts";
import { listenError, openUnixSocket } from "../../sockets/listen.ts";
import { statusHandler } from "./app.ts";
import type { DaemonLink } from "../worker/daemon_link.ts";
import { StatusService } from "../worker/status_service.ts";
import { EventStream } from "./event_stream.ts";
import type { StatusSettings } from "../settings.ts";

/** The permissions of a Unix socket: for a reverse proxy of the same group. */
const SOCKET_MODE = 0o660;

/** Whoever is slow is waited for so long at the end, in milliseconds. */
const STOP_TIME = 500;

/** A running status page. */
export class StatusServer {
  readonly #server: Deno.HttpServer;
  readonly #desk: StatusService;
  readonly #feed: EventStream;
  /** Where it listens. */
  readonly where: string;

  private constructor(
    server: Deno.HttpServer,
    desk: StatusService,
    feed: EventStream,
    where: string,
  ) {
    this.#server = server;
    this.#desk = desk;
    this.#feed = feed;
    this.where = where;
  }

  /**
   * Starts one.
   *
   * @throws {Error} that names the endpoint that cannot be listened on.
   */
  static async start(settings: StatusSettings, link: DaemonLink): Promise<StatusServer> {
    const { endpoint } = settings;
    const desk = new StatusService(settings, link);
    const feed = new EventStream(desk);
    const handle = statusHandler(desk, feed);
    const where = formatEndpoint(endpoint);
    const onListen = () => {};
    if (endpoint.kind === "unix") {
      // Makes way for the server: what a dead process left behind is removed, a live one is told of.
      (await openUnixSocket(endpoint.path, SOCKET_MODE)).close();
      const server = Deno.serve(
        { path: endpoint.path, onListen },
        (request) => handle(request, "a Unix socket"),
      );
      await Deno.chmod(endpoint.path, SOCKET_MODE);
      return new StatusServer(server, desk, feed, where);
    }
    try {
      const { host: hostname, port } = endpoint;
      const server = Deno.serve(
        { hostname, port, onListen },
        (request, { remoteAddr }) => handle(request, remoteAddr.hostname),
      );
      return new StatusServer(server, desk, feed, where);
    } catch (error) {
      throw listenError(endpoint, error);
    }
  }

  /** Takes new settings. */
  configure(settings: StatusSettings): void {
    this.#desk.configure(settings);
  }

  /** Opens the database again: it is another file now. */
  reopen(): void {
    this.#desk.reopen();
    this.#feed.beginAnew();
  }

  /** Stops it, without waiting for whoever is slow. */
  async stop(): Promise<void> {
    this.#feed.stop();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, STOP_TIME);
    await Promise.race([this.#server.shutdown(), promise]);
    clearTimeout(timer);
    this.#desk.close();
  }
}
