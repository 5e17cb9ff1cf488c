/**
 * Connections of a Unix socket for Node's HTTP server, in place of Node's own listener: some versions
 * of Deno close the descriptor of its connections twice, and the second time it may belong to a
 * connection of Postfix or to the database.
 *
 * @module
 */
import type { Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Endpoint } from "../../net/endpoint.ts";
import { builtin } from "../../node/builtin.ts";
import { type Acceptor, shareEndpoint } from "../../sockets/listen.ts";
import { SOCKET_MODE } from "../worker/activation_socket.ts";

const BUFFER_BYTES = 16_384;

/** Milliseconds until the next attempt after a failed accept, such as for lack of descriptors. */
const RETRY_PAUSE = 100;

function closeConn(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Already closed.
  }
}

/** A stream that emits `timeout` after a time without a read or write, as Node's sockets do. */
function streamOf(conn: Deno.Conn): Duplex {
  const { Duplex } = builtin("node:stream");
  const { Buffer } = builtin("node:buffer");
  let timeoutMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const restart = () => {
    clearTimeout(timer);
    timer = timeoutMs > 0 ? setTimeout(() => stream.emit("timeout"), timeoutMs) : undefined;
  };
  const write = async (bytes: Uint8Array) => {
    for (let sent = 0; sent < bytes.length; restart()) {
      sent += await conn.write(bytes.subarray(sent));
    }
  };
  const stream = new Duplex({
    read() {
      const bytes = new Uint8Array(BUFFER_BYTES);
      conn.read(bytes).then((count) => {
        if (!stream.destroyed) restart();
        stream.push(count === null ? null : Buffer.from(bytes.buffer, 0, count));
      }).catch((error) => stream.destroy(error));
    },
    write: (bytes, _encoding, done) => void write(bytes).then(() => done(), done),
    final: (done) => void conn.closeWrite().then(() => done(), done),
    destroy(error, done) {
      timeoutMs = 0;
      clearTimeout(timer);
      closeConn(conn);
      done(error);
    },
  });
  const setTimeoutOf = (milliseconds: number, listener?: () => void) => {
    timeoutMs = milliseconds;
    if (!stream.destroyed) restart();
    if (listener !== undefined) stream.once("timeout", listener);
    return stream;
  };
  return Object.assign(stream, { setTimeout: setTimeoutOf });
}

/** Accepts the connections of a Unix socket for an HTTP server that does not listen itself. */
export class UnixListener {
  readonly #server: Server;
  readonly #acceptor: Acceptor;
  readonly #open = new Set<Duplex>();
  #isOpen = true;
  #drained: (() => void) | undefined;

  private constructor(server: Server, acceptor: Acceptor) {
    this.#server = server;
    this.#acceptor = acceptor;
  }

  /** @throws {Error} that names the endpoint. */
  static async listen(server: Server, endpoint: Endpoint): Promise<UnixListener> {
    const listener = new UnixListener(server, await shareEndpoint(endpoint, SOCKET_MODE));
    // Otherwise Node closes each connection after one response.
    Object.defineProperty(server, "listening", { get: () => listener.#isOpen });
    // Starts Node's checks of request timeouts.
    server.emit("listening");
    listener.#accept();
    return listener;
  }

  async #accept(): Promise<void> {
    while (this.#isOpen) {
      try {
        const conn = await this.#acceptor.accept();
        if (this.#open.size < this.#server.maxConnections) this.#serve(conn);
        else conn.close();
      } catch {
        if (this.#isOpen) await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE));
      }
    }
  }

  #serve(conn: Deno.Conn): void {
    const stream = streamOf(conn);
    this.#open.add(stream);
    stream.once("close", () => {
      this.#open.delete(stream);
      if (this.#open.size === 0) this.#drained?.();
    });
    this.#server.emit("connection", stream);
  }

  /** Accepts nothing more, and resolves when all connections are closed. */
  async close(): Promise<void> {
    this.#isOpen = false;
    this.#acceptor.close();
    if (this.#open.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#drained = resolve;
    await promise;
  }

  closeAllConnections(): void {
    for (const stream of this.#open) stream.destroy();
  }
}
