/**
 * The HTTP listener, with limits on its connections: Node's, since `Deno.serve` has none. A client that
 * sends half a request must not take the descriptors that Postfix needs.
 *
 * @module
 */
import { getRequestListener } from "@hono/node-server";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { type Endpoint, formatEndpoint } from "../../net/endpoint.ts";
import { isLoopback, parseAddress } from "../../net/network.ts";
import { builtin } from "../../node/builtin.ts";
import { listenError, openUnixSocket } from "../../sockets/listen.ts";
import { SECOND } from "../../text/duration.ts";
import type { Handler } from "./app.ts";
import { limitKey } from "./client_address.ts";

/** For a reverse proxy of the same group. */
const SOCKET_MODE = 0o660;

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

/** The error of Deno for an error of Node. */
function asDenoError(error: Error & { readonly code?: string }): Error {
  if (error.code === "EADDRINUSE") return new Deno.errors.AddrInUse(error.message);
  if (error.code === "EACCES") return new Deno.errors.PermissionDenied(error.message);
  return error;
}

async function bind(server: Server, endpoint: Endpoint): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  if (endpoint.kind === "unix") {
    // Removes the socket of a dead process and fails for a live one.
    (await openUnixSocket(endpoint.path, SOCKET_MODE)).close();
    server.listen({ path: endpoint.path }, resolve);
  } else {
    server.listen({ host: endpoint.host, port: endpoint.port }, resolve);
  }
  await promise;
  server.removeListener("error", reject);
  if (endpoint.kind === "unix") await Deno.chmod(endpoint.path, SOCKET_MODE);
}

/** An open HTTP listener. */
export interface Connections {
  /** The endpoint, as in the settings. */
  readonly where: string;
  /** Stops to accept, and closes all connections after a time. */
  close(timeoutMs: number): Promise<void>;
}

/** @throws {Error} that names the endpoint if it cannot listen there. */
export async function serveHttp(
  endpoint: Endpoint,
  handle: Handler,
  limits: ConnectionLimits = CONNECTION_LIMITS,
): Promise<Connections> {
  const answer = getRequestListener(
    (request, { incoming }) => handle(request, incoming.socket.remoteAddress ?? UNIX_SOCKET),
    { overrideGlobalObjects: false },
  );
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
  try {
    await bind(server, endpoint);
  } catch (error) {
    throw listenError(endpoint, error instanceof Error ? asDenoError(error) : error);
  }
  return {
    where: formatEndpoint(endpoint),
    close: async (timeoutMs) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
      const giveUp = setTimeout(resolve, timeoutMs + CHECK_INTERVAL_MS / 10);
      await promise;
      clearTimeout(timer);
      clearTimeout(giveUp);
    },
  };
}
