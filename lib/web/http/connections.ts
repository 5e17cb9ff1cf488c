/**
 * The HTTP listener, with limits on its connections: Node's, since `Deno.serve` has none. A client that
 * sends half a request must not take the descriptors that Postfix needs.
 *
 * @module
 */
import { getRequestListener } from "@hono/node-server";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Endpoint } from "../../net/endpoint.ts";
import { isLoopback, parseAddress } from "../../net/network.ts";
import { builtin } from "../../node/builtin.ts";
import { listenError } from "../../sockets/listen.ts";
import { SECOND } from "../../text/duration.ts";
import type { Handler } from "./app.ts";
import { limitKey } from "./client_address.ts";
import { UnixListener } from "./unix_listener.ts";

export interface ConnectionLimits {
  /** Maximum open connections. */
  readonly connections: number;
  /** Maximum of one client that is not on this host. */
  readonly perClient: number;
  /** Time for the headers of a request to arrive. */
  readonly headersMs: number;
  /** Time for a whole request, and without one, until a connection is closed. */
  readonly idleMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  connections: 256,
  perClient: 64,
  headersMs: 10 * SECOND,
  idleMs: 30 * SECOND,
};

/** Interval at which deadlines of requests are checked. */
const CHECK_INTERVAL_MS = SECOND;

const UNIX_SOCKET = "a Unix socket";

/** Closes connections of a client beyond its share. */
function limitClients(server: Server, perClient: number): void {
  const open = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = parseAddress(socket.remoteAddress ?? "");
    // A reverse proxy connects for all its clients.
    if (address === undefined || isLoopback(address)) return;
    const key = limitKey(socket.remoteAddress!);
    const count = open.get(key) ?? 0;
    if (count >= perClient) return void socket.destroy();
    open.set(key, count + 1);
    socket.once("close", () => {
      const rest = (open.get(key) ?? 1) - 1;
      if (rest === 0) open.delete(key);
      else open.set(key, rest);
    });
  });
}

/** Calls back when no request was open for a time. */
function watchIdleness(server: Server, { afterMs, onIdle }: Idleness): void {
  let open = 0;
  let timer = setTimeout(onIdle, afterMs);
  server.on("request", (_request, response) => {
    open++;
    clearTimeout(timer);
    response.once("close", () => {
      open--;
      clearTimeout(timer);
      if (open === 0) timer = setTimeout(onIdle, afterMs);
    });
  });
  server.once("close", () => clearTimeout(timer));
}

/** The error of Deno for an error of Node. */
function asDenoError(error: Error & { readonly code?: string }): Error {
  if (error.code === "EADDRINUSE") return new Deno.errors.AddrInUse(error.message);
  if (error.code === "EACCES") return new Deno.errors.PermissionDenied(error.message);
  return error;
}

/** Listens beside the daemon's socket, or in its place. */
async function bind(server: Server, endpoint: Endpoint): Promise<UnixListener | undefined> {
  if (endpoint.kind === "unix") return await UnixListener.listen(server, endpoint);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host: endpoint.host, port: endpoint.port, reusePort: true }, resolve);
  try {
    await promise;
  } catch (error) {
    throw listenError(endpoint, error instanceof Error ? asDenoError(error) : error);
  }
  server.removeListener("error", reject);
}

/** An open HTTP listener. */
export interface Connections {
  /** The client behind a connection that the daemon forwards; undefined when it has ended. */
  forwarded(port: number, address: string | undefined): void;
  /** Stops to accept, and closes all connections after a time. */
  close(timeoutMs: number): Promise<void>;
}

/** When the page's thread has nothing to do. */
export interface Idleness {
  /** Time without a request. */
  readonly afterMs: number;
  readonly onIdle: () => void;
}

/**
 * A body of unknown length is read and wrapped anew by hono, which takes requests of Deno's own class
 * only.
 */
function withKnownClass(request: Request): Request {
  const { url, method, headers, body } = request;
  if (body === null || headers.has("content-length")) return request;
  return new Request(url, { method, headers, body });
}

/** @throws {Error} that names the endpoint if it cannot listen there. */
export async function serveHttp(
  endpoint: Endpoint,
  handle: Handler,
  limits: ConnectionLimits = CONNECTION_LIMITS,
  idleness?: Idleness,
): Promise<Connections> {
  const forwarded = new Map<number, string>();
  const answer = getRequestListener((request, { incoming: { socket } }) => {
    const address = forwarded.get(socket.remotePort ?? 0) ?? socket.remoteAddress;
    return handle(withKnownClass(request), address ?? UNIX_SOCKET);
  }, { overrideGlobalObjects: false });
  const server = builtin("node:http").createServer({
    headersTimeout: limits.headersMs,
    requestTimeout: limits.idleMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
  }, answer);
  server.maxConnections = limits.connections;
  // Also for a client that does not read its response.
  server.setTimeout(limits.idleMs, (socket) => socket.destroy());
  limitClients(server, limits.perClient);
  if (idleness !== undefined) watchIdleness(server, idleness);
  const unixListener = await bind(server, endpoint);
  return {
    forwarded: (port, address) => {
      if (address === undefined) forwarded.delete(port);
      else forwarded.set(port, address);
    },
    close: async (timeoutMs) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      // On a Unix socket the server itself does not listen.
      const closing = unixListener?.close();
      server.close(() => closing === undefined ? resolve() : closing.then(resolve));
      server.closeIdleConnections();
      const timer = setTimeout(() => {
        server.closeAllConnections();
        unixListener?.closeAllConnections();
      }, timeoutMs);
      const giveUp = setTimeout(resolve, timeoutMs + CHECK_INTERVAL_MS / 10);
      await promise;
      clearTimeout(timer);
      clearTimeout(giveUp);
    },
  };
}
