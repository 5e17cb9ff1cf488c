/**
 * Socket activation: the daemon listens in place of the page's thread, which takes 15 MB, until the
 * first request. A socket cannot move between threads. Therefore the thread opens one of its own on the
 * same endpoint, and the connections that came meanwhile are forwarded to it.
 *
 * @module
 */
import type { Endpoint } from "../../net/endpoint.ts";
import { type Acceptor, shareEndpoint } from "../../sockets/listen.ts";
import { SECOND } from "../../text/duration.ts";

/** Permissions of a Unix socket: for a reverse proxy of the same group. */
export const SOCKET_MODE = 0o660;

/**
 * Connections beyond it are closed: each takes a descriptor, and three once it is forwarded, which the
 * policy listener needs.
 */
const MAX_HELD = 256;
const DESCRIPTORS_EACH = 3;

/** A connection without a request is closed after this time. */
const REQUEST_TIMEOUT_MS = 10 * SECOND;

/** A handshake under way when the socket closes is refused: it closes after this time without one. */
const QUIET_MS = 20;
const MAX_QUIET_ROUNDS = 25;

const ACCEPT_RETRY_MS = 100;
const BUFFER_BYTES = 16_384;

export interface ActivationEvents {
  /** A client sent the first bytes of a request. */
  requested(): void;
  /**
   * The thread's client on this port is a forwarded one; undefined when it has ended. Resolves when the
   * thread knows.
   */
  forwarded(port: number, address: string | undefined): Promise<void>;
}

export class ActivationSocket {
  readonly #endpoint: Endpoint;
  readonly #acceptor: Acceptor;
  readonly #events: ActivationEvents;
  readonly #maxHeld: number;
  readonly #held = new Set<Deno.Conn>();
  readonly #handedOver = Promise.withResolvers<void>();
  readonly #accepting: Promise<void>;
  #accepted = 0;
  #isOpen = true;
  #isRequested = false;

  private constructor(
    endpoint: Endpoint,
    acceptor: Acceptor,
    events: ActivationEvents,
    maxDescriptors: number,
  ) {
    this.#endpoint = endpoint;
    this.#maxHeld = Math.min(MAX_HELD, Math.ceil(maxDescriptors / DESCRIPTORS_EACH));
    this.#acceptor = acceptor;
    this.#events = events;
    // There may be no connection that waits for it.
    this.#handedOver.promise.catch(() => {});
    this.#accepting = this.#accept();
  }

  /**
   * @param maxDescriptors of its connections.
   * @throws {Error} that names the endpoint if it cannot listen there.
   */
  static async open(
    endpoint: Endpoint,
    events: ActivationEvents,
    maxDescriptors: number,
  ): Promise<ActivationSocket> {
    const acceptor = await shareEndpoint(endpoint, SOCKET_MODE);
    return new ActivationSocket(endpoint, acceptor, events, maxDescriptors);
  }

  /** True while a request waits for the thread. */
  get isRequested(): boolean {
    return this.#isRequested;
  }

  /** Closes the socket, now that the thread listens, and forwards the connections that wait for it. */
  async handOver(): Promise<void> {
    let before = -1;
    for (let round = 0; before !== this.#accepted && round < MAX_QUIET_ROUNDS; round++) {
      before = this.#accepted;
      await pause(QUIET_MS);
    }
    this.#stopListening();
    // The kernel sends connections here until the pending accept has ended.
    await this.#accepting;
    this.#handedOver.resolve();
  }

  /** Closes the socket and its connections. */
  close(): void {
    this.#stopListening();
    this.#handedOver.reject(new Error("the thread does not start"));
    for (const conn of this.#held) close(conn);
  }

  #stopListening(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#acceptor.close();
  }

  async #accept(): Promise<void> {
    while (this.#isOpen) {
      try {
        const conn = await this.#acceptor.accept();
        this.#accepted++;
        if (this.#held.size < this.#maxHeld) this.#hold(conn);
        else conn.close();
      } catch {
        // Out of descriptors.
        if (this.#isOpen) await pause(ACCEPT_RETRY_MS);
      }
    }
  }

  async #hold(conn: Deno.Conn): Promise<void> {
    this.#held.add(conn);
    const timer = setTimeout(() => close(conn), REQUEST_TIMEOUT_MS);
    try {
      const buffer = new Uint8Array(BUFFER_BYTES);
      const count = await conn.read(buffer);
      clearTimeout(timer);
      if (count === null) return;
      this.#isRequested = true;
      this.#events.requested();
      await this.#handedOver.promise;
      await this.#forward(conn, buffer.subarray(0, count));
    } catch {
      // The client or the thread closed the connection.
    } finally {
      clearTimeout(timer);
      close(conn);
      this.#held.delete(conn);
    }
  }

  async #forward(client: Deno.Conn, begin: Uint8Array): Promise<void> {
    const thread = await connect(this.#endpoint);
    const { localAddr } = thread;
    // Clients of a Unix socket have no address.
    const port = localAddr.transport === "tcp" ? localAddr.port : undefined;
    try {
      if (port !== undefined) await this.#events.forwarded(port, addressOf(client));
      await writeAll(thread, begin);
      copy(client, thread).then(() => thread.closeWrite()).catch(() => close(thread));
      await copy(thread, client);
    } finally {
      close(thread);
      if (port !== undefined) this.#events.forwarded(port, undefined);
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function connect(endpoint: Endpoint): Promise<Deno.Conn> {
  return endpoint.kind === "unix"
    ? Deno.connect({ transport: "unix", path: endpoint.path })
    : Deno.connect({ hostname: endpoint.host, port: endpoint.port });
}

function addressOf({ remoteAddr }: Deno.Conn): string | undefined {
  return remoteAddr.transport === "tcp" ? remoteAddr.hostname : undefined;
}

async function copy(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
    await writeAll(to, buffer.subarray(0, count));
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed.
  }
}
