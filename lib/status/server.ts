/**
 * The status server: whether Greylag is alive and ready, and what it counted. It takes no part in any
 * decision, and mail does not notice when it is down.
 *
 * @module
 */
import { Hono } from "hono";
import { type Endpoint, formatEndpoint } from "../policy/endpoint.ts";
import { openUnixSocket } from "../policy/unix_socket.ts";
import { isKnownHost, SECURITY_HEADERS } from "./guard.ts";
import { type Measured, renderMetrics } from "./metrics.ts";

/** What the administrator says about the status server. */
export interface StatusSettings {
  /** Where it listens. */
  readonly endpoint: Endpoint;
  /** The names that it goes by besides the loopback addresses, in lower case. */
  readonly names: readonly string[];
}

/** What keeps the daemon from its work, in words; empty if nothing does. */
export type Obstacles = readonly string[];

/** What the status server shows. */
export interface StatusSource {
  /** What keeps the daemon from its work now. */
  obstacles(): Promise<Obstacles>;
  /** What is measured now. */
  measure(): Promise<Measured>;
}

/** The permissions of a Unix socket: for a reverse proxy of the same group. */
const SOCKET_MODE = 0o660;

/** Answers a request. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** The answers; apart from any listener, so that they can be asked for directly. */
export function statusHandler(names: readonly string[], source: StatusSource): Handler {
  const app = new Hono();
  app.use(async (context, next) => {
    if (isKnownHost(context.req.header("host") ?? null, names)) await next();
    else context.res = context.text("This server goes by another name: see status_names.\n", 421);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      context.res.headers.set(name, value);
    }
  });
  app.get("/healthz", (context) => context.text("alive\n"));
  app.get("/readyz", async (context) => {
    const obstacles = await source.obstacles();
    return obstacles.length === 0
      ? context.text("ready\n")
      : context.text(`not ready, and all mail passes:\n${obstacles.join("\n")}\n`, 503);
  });
  app.get("/metrics", async (context) =>
    context.body(renderMetrics(await source.measure()), 200, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
    }));
  app.notFound((context) =>
    context.text("There is nothing here. See /healthz, /readyz and /metrics.\n", 404)
  );
  app.onError((_error, context) => context.text("This went wrong inside.\n", 500));
  return (request) => app.fetch(request);
}

/** A running status server. */
export class StatusServer {
  readonly #server: Deno.HttpServer;
  /** Where it listens. */
  readonly where: string;

  private constructor(server: Deno.HttpServer, where: string) {
    this.#server = server;
    this.where = where;
  }

  /**
   * Starts one.
   *
   * @throws {Error} that names the endpoint that cannot be listened on.
   */
  static async start(settings: StatusSettings, source: StatusSource): Promise<StatusServer> {
    const { endpoint, names } = settings;
    const handler = statusHandler(names, source);
    const where = formatEndpoint(endpoint);
    const onListen = () => {};
    if (endpoint.kind === "unix") {
      // Makes way for the server: what a dead process left behind is removed, a live one is told of.
      (await openUnixSocket(endpoint.path, SOCKET_MODE)).close();
      const server = Deno.serve({ path: endpoint.path, onListen }, handler);
      await Deno.chmod(endpoint.path, SOCKET_MODE);
      return new StatusServer(server, where);
    }
    try {
      const { host: hostname, port } = endpoint;
      return new StatusServer(
        Deno.serve({ hostname, port, onListen }, handler),
        where,
      );
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`cannot listen on ${where}: ${why}`, { cause: error });
    }
  }

  /** Stops it, without waiting for whoever is slow. */
  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, 500);
    await Promise.race([this.#server.shutdown(), promise]);
    clearTimeout(timer);
  }
}
