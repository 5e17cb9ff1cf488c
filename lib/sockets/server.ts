/** Connections of any number of listening sockets, limited in number and in time. */
import { type Endpoint, formatEndpoint } from "../net/endpoint.ts";
import { type Acceptor, listen } from "./listen.ts";

export interface ServerEvents {
  /** A connection was closed because it exceeded a limit. */
  limit(endpoint: string, what: string): void;
  /** Accepting failed; it is tried again after {@linkcode RETRY_PAUSE}. */
  acceptFailed(endpoint: string, error: unknown): void;
}

/** Times are in milliseconds. */
export interface ServerLimits {
  /** Maximum number of connections over all endpoints. */
  readonly connections: number;
  /** Milliseconds between checks of the deadlines. */
  readonly sweepPeriod: number;
}

/** Connections accepted in one turn of the event loop; a flood must not stop those that are open. */
const ACCEPTED_PER_TURN = 16;

/** Milliseconds after a failed accept: a process out of descriptors takes time to get some back. */
const RETRY_PAUSE = 100;

export class Connection {
  readonly conn: Deno.Conn;
  readonly endpoint: string;
  /** While true, {@linkcode SocketServer.close} waits for the connection. */
  busy = false;
  /** Milliseconds until the deadline, as of the last sweep: reading the clock costs more than the rest. */
  #left = Infinity;
  #overrun = "";
  #isClosed = false;

  constructor(conn: Deno.Conn, endpoint: string) {
    this.conn = conn;
    this.endpoint = endpoint;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Replaces the deadline. The connection is closed up to one sweep later.
   *
   * @param within milliseconds from now.
   * @param overrun describes the client that misses it.
   */
  setDeadline(within: number, overrun: string): void {
    this.#left = within;
    this.#overrun = overrun;
  }

  /** Lets time pass; returns the description of the missed deadline, if it is missed. */
  pass(milliseconds: number): string | undefined {
    const isMissed = this.#left <= 0 && !this.#isClosed;
    this.#left -= milliseconds;
    return isMissed ? this.#overrun : undefined;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.conn.close();
    } catch {
      // The peer closed it first.
    }
  }
}

/** Serves each connection by a function; the connection is closed when its promise settles. */
export class SocketServer {
  readonly #serve: (connection: Connection) => Promise<void>;
  readonly #events: ServerEvents;
  readonly #limits: ServerLimits;
  readonly #acceptors = new Set<Acceptor>();
  readonly #socketFiles = new Set<string>();
  readonly #connections = new Set<Connection>();
  readonly #sweeper: ReturnType<typeof setInterval>;
  #sweptAt = performance.now();
  #isStopping = false;
  #drained: (() => void) | undefined;

  constructor(
    serve: (connection: Connection) => Promise<void>,
    events: ServerEvents,
    limits: ServerLimits,
  ) {
    this.#serve = serve;
    this.#events = events;
    this.#limits = limits;
    this.#sweeper = setInterval(() => this.#sweep(), limits.sweepPeriod);
  }

  /** The number of open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /**
   * Listens on one more endpoint; port 0 takes any free port.
   *
   * @param socketMode the permissions of a Unix socket.
   * @returns the endpoint with its port.
   * @throws {Error} that names the endpoint.
   */
  async listen(endpoint: Endpoint, socketMode: number): Promise<Endpoint> {
    const { acceptor, bound } = await listen(endpoint, socketMode);
    if (bound.kind === "unix") this.#socketFiles.add(bound.path);
    this.#acceptors.add(acceptor);
    this.#accept(acceptor, formatEndpoint(bound));
    return bound;
  }

  /**
   * Accepts nothing more, waits for busy connections, closes all, and removes the Unix sockets.
   *
   * @param grace milliseconds after which busy connections are closed too.
   */
  async close(grace: number): Promise<void> {
    this.#isStopping = true;
    for (const acceptor of this.#acceptors) acceptor.close();
    this.#acceptors.clear();
    // Deno removes the file of a socket only where no accept was pending.
    for (const path of this.#socketFiles) await Deno.remove(path).catch(() => {});
    for (const connection of this.#connections) {
      if (!connection.busy) connection.close();
    }
    if (this.#isBusy()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#drained = resolve;
      const timer = setTimeout(resolve, grace);
      await promise;
      clearTimeout(timer);
    }
    for (const connection of this.#connections) connection.close();
    clearInterval(this.#sweeper);
  }

  #isBusy(): boolean {
    for (const { busy } of this.#connections) {
      if (busy) return true;
    }
    return false;
  }

  async #accept(acceptor: Acceptor, endpoint: string): Promise<void> {
    for (let accepted = 1; !this.#isStopping; accepted++) {
      try {
        if (accepted % ACCEPTED_PER_TURN === 0) await nextTurn();
        const conn = await acceptor.accept();
        if (this.#connections.size >= this.#limits.connections) {
          conn.close();
          this.#events.limit(endpoint, `more than ${this.#limits.connections} connections at once`);
        } else {
          this.#run(new Connection(conn, endpoint));
        }
      } catch (error) {
        if (this.#isStopping) return;
        this.#events.acceptFailed(endpoint, error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE));
      }
    }
  }

  async #run(connection: Connection): Promise<void> {
    this.#connections.add(connection);
    try {
      await this.#serve(connection);
    } catch {
      // The peer closed the connection, or the sweeper did.
    } finally {
      connection.busy = false;
      connection.close();
      this.#connections.delete(connection);
      if (this.#drained !== undefined && !this.#isBusy()) this.#drained();
    }
  }

  #sweep(): void {
    const elapsed = performance.now() - this.#sweptAt;
    this.#sweptAt += elapsed;
    for (const connection of this.#connections) {
      const overrun = connection.pass(elapsed);
      if (overrun === undefined) continue;
      this.#events.limit(connection.endpoint, overrun);
      connection.close();
    }
  }
}

/** Resolves after everything else that is ready. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
