/**
 * The policy server's sockets: connections in, requests out, replies back in order.
 *
 * @module
 */
import { type Endpoint, formatEndpoint } from "../net/endpoint.ts";
import { DUNNO } from "./reply.ts";
import { type Request, REQUEST_LIMITS, type RequestLimits, RequestReader } from "./request.ts";
import { openUnixSocket } from "../sockets/unix_socket.ts";

/** What a policy server holds its clients to. Times are in milliseconds. */
export interface ListenerLimits {
  /** Connections at once, over all endpoints. */
  readonly connections: number;
  /** How long a connection may be silent between requests. */
  readonly idle: number;
  /** How long a request may take from its first byte to its blank line. */
  readonly request: number;
  /** The size of one request. */
  readonly size: RequestLimits;
}

/** The limits of a server that nobody configured. */
export const LISTENER_LIMITS: ListenerLimits = {
  connections: 2000,
  idle: 15 * 60_000,
  request: 10_000,
  size: REQUEST_LIMITS,
};

/** What a policy server tells its owner. */
export interface ListenerEvents {
  /** A connection was closed because it went past a limit. */
  limit(endpoint: string, what: string): void;
  /** A connection could not be accepted; the server tries again. */
  acceptFailed(endpoint: string, error: unknown): void;
}

/** Answers one request with a reply ready to send; must not reject, and is taken for DUNNO if it does. */
export type Answer = (request: Request) => Promise<string>;

/** A listening socket of either kind. */
export type Acceptor = Deno.Listener<Deno.Conn>;

/** Enough for nearly every request of Postfix in one read, and small with 2,000 connections. */
const READ_BYTES = 4096;

const encoder = new TextEncoder();

class Connection {
  readonly conn: Deno.Conn;
  readonly endpoint: string;
  readonly reader: RequestReader;
  /** By `performance.now()`; nobody may take longer. */
  deadline = 0;
  busy = false;
  closed = false;

  constructor(conn: Deno.Conn, endpoint: string, size: RequestLimits) {
    this.conn = conn;
    this.endpoint = endpoint;
    this.reader = new RequestReader(size);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    try {
      this.conn.close();
    } catch {
      // The other side was faster.
    }
  }
}

/** So many connections are accepted in one turn of the loop. */
const ACCEPTED_AT_ONCE = 16;

/** A policy server on any number of endpoints. */
export class PolicyServer {
  readonly #answer: Answer;
  readonly #events: ListenerEvents;
  readonly #limits: ListenerLimits;
  readonly #acceptors = new Set<Acceptor>();
  readonly #socketFiles = new Set<string>();
  readonly #connections = new Set<Connection>();
  readonly #sweeper: ReturnType<typeof setInterval>;
  #lastText = "";
  #lastBytes = new Uint8Array(0);
  #stopping = false;
  #drained: (() => void) | undefined;

  /** A server that listens nowhere yet. */
  constructor(answer: Answer, events: ListenerEvents, limits: ListenerLimits = LISTENER_LIMITS) {
    this.#answer = answer;
    this.#events = events;
    this.#limits = limits;
    const period = Math.min(1000, limits.idle / 4, limits.request / 4);
    this.#sweeper = setInterval(() => this.#sweep(), period);
  }

  /** The connections that are open now. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Listens on one more endpoint. Port 0 takes any free port.
   *
   * @param socketMode the permissions of a Unix socket.
   * @returns the endpoint with the port it got.
   * @throws {Error} that names the endpoint if it is in use, or cannot be listened on.
   */
  async listen(endpoint: Endpoint, socketMode = 0o666): Promise<Endpoint> {
    if (endpoint.kind === "unix") {
      this.#run(await openUnixSocket(endpoint.path, socketMode), formatEndpoint(endpoint));
      this.#socketFiles.add(endpoint.path);
      return endpoint;
    }
    let acceptor: Deno.TcpListener;
    try {
      acceptor = Deno.listen({ hostname: endpoint.host, port: endpoint.port });
    } catch (error) {
      throw new Error(`cannot listen on ${formatEndpoint(endpoint)}: ${describe(error)}`, {
        cause: error,
      });
    }
    const bound: Endpoint = { ...endpoint, port: acceptor.addr.port };
    this.#run(acceptor, formatEndpoint(bound));
    return bound;
  }

  #run(acceptor: Acceptor, name: string): void {
    this.#acceptors.add(acceptor);
    this.#accept(acceptor, name);
  }

  /**
   * Stops: accepts nothing more, lets the requests that were received be answered, closes every
   * connection, and removes the Unix sockets.
   *
   * @param grace milliseconds after which the rest is closed unanswered.
   */
  async close(grace = 5000): Promise<void> {
    this.#stopping = true;
    for (const acceptor of this.#acceptors) acceptor.close();
    this.#acceptors.clear();
    // Deno removes the file of a socket only where no accept was pending.
    for (const path of this.#socketFiles) await Deno.remove(path).catch(() => {});
    for (const connection of this.#connections) {
      if (!connection.busy) connection.close();
    }
    if ([...this.#connections].some((connection) => connection.busy)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#drained = resolve;
      const timer = setTimeout(resolve, grace);
      await promise;
      clearTimeout(timer);
    }
    for (const connection of this.#connections) connection.close();
    clearInterval(this.#sweeper);
  }

  async #accept(acceptor: Acceptor, name: string): Promise<void> {
    for (let accepted = 1; !this.#stopping; accepted++) {
      try {
        // Connections that pour in must not take the turns of those that are there.
        if (accepted % ACCEPTED_AT_ONCE === 0) await nextTurn();
        const conn = await acceptor.accept();
        if (this.#connections.size >= this.#limits.connections) {
          conn.close();
          this.#events.limit(name, `more than ${this.#limits.connections} connections at once`);
        } else {
          this.#serve(new Connection(conn, name, this.#limits.size));
        }
      } catch (error) {
        if (this.#stopping) return;
        this.#events.acceptFailed(name, error);
        // Out of descriptors, most likely: others need the time to give some back.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async #serve(connection: Connection): Promise<void> {
    this.#connections.add(connection);
    const { conn, reader } = connection;
    const buffer = new Uint8Array(READ_BYTES);
    try {
      this.#restart(connection, this.#limits.idle);
      while (!this.#stopping) {
        const count = await conn.read(buffer);
        if (count === null || connection.closed) break;
        const wasBegun = reader.begun;
        const { requests, fault } = reader.push(buffer.subarray(0, count));
        if (requests.length > 0) {
          connection.busy = true;
          this.#restart(connection, this.#limits.request);
          const bytes = this.#encode(await this.#answerAll(requests));
          let sent = await conn.write(bytes);
          while (sent < bytes.length) sent += await conn.write(bytes.subarray(sent));
          connection.busy = false;
        }
        if (fault !== undefined) {
          this.#events.limit(connection.endpoint, fault);
          break;
        }
        // Postfix sends a request in one piece; whoever pours in pieces waits for all others.
        if (requests.length === 0) await nextTurn();
        if (!reader.begun) this.#restart(connection, this.#limits.idle);
        else if (!wasBegun || requests.length > 0) this.#restart(connection, this.#limits.request);
      }
    } catch {
      // The client went away, or the sweeper closed the connection.
    } finally {
      connection.busy = false;
      connection.close();
      this.#connections.delete(connection);
      if (this.#drained !== undefined && ![...this.#connections].some((other) => other.busy)) {
        this.#drained();
      }
    }
  }

  async #answerAll(requests: readonly Request[]): Promise<string> {
    if (requests.length > 1) {
      const each = requests.map((request) => this.#answerAll([request]));
      return (await Promise.all(each)).join("");
    }
    try {
      return await this.#answer(requests[0]!);
    } catch {
      return DUNNO;
    }
  }

  /** Most replies are the same as the one before. */
  #encode(text: string): Uint8Array {
    if (text !== this.#lastText) {
      this.#lastText = text;
      this.#lastBytes = encoder.encode(text);
    }
    return this.#lastBytes;
  }

  #restart(connection: Connection, time: number): void {
    connection.deadline = performance.now() + time;
  }

  #sweep(): void {
    const now = performance.now();
    for (const connection of this.#connections) {
      if (now < connection.deadline || connection.closed) continue;
      // Postfix closes an idle connection itself; only what it never does is worth a line.
      const { idle, request } = this.#limits;
      const what = connection.busy
        ? `a client that did not take its answer within ${request / 1000} s`
        : connection.reader.begun
        ? `a request that was not finished within ${request / 1000} s`
        : `a client that was silent for ${idle / 1000} s`;
      this.#events.limit(connection.endpoint, what);
      connection.close();
    }
  }
}

/** Lets everything else that is ready go first. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function describe(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) return "another program listens there already";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return error instanceof Error ? error.message : String(error);
}
