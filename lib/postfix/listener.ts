/** The policy server: requests in, replies back in order. */
import type { Endpoint } from "../net/endpoint.ts";
import { type Connection, nextTurn, type ServerEvents, SocketServer } from "../sockets/server.ts";
import { DUNNO } from "./reply.ts";
import {
  type PolicyRequest,
  REQUEST_LIMITS,
  type RequestLimits,
  RequestReader,
} from "./request.ts";

/** Times are in milliseconds. */
export interface ListenerLimits {
  /** Maximum number of connections over all endpoints. */
  readonly connections: number;
  /** Maximum silence between requests. */
  readonly idle: number;
  /** Maximum time from the first byte of a request to its blank line. */
  readonly request: number;
  /** The size of one request. */
  readonly size: RequestLimits;
}

export const LISTENER_LIMITS: ListenerLimits = {
  connections: 2000,
  idle: 15 * 60_000,
  request: 10_000,
  size: REQUEST_LIMITS,
};

/** Replies to one request, with a promise only if something is awaited. An error counts as DUNNO. */
export type Answer = (request: PolicyRequest) => string | Promise<string>;

/** Enough for nearly every request of Postfix in one read, and small with 2,000 connections. */
const READ_BYTES = 4096;

const encoder = new TextEncoder();

/** A policy server on any number of endpoints. */
export class PolicyServer {
  readonly #answer: Answer;
  readonly #events: ServerEvents;
  readonly #limits: ListenerLimits;
  readonly #server: SocketServer;
  readonly #silent: string;
  readonly #unfinished: string;
  readonly #untaken: string;
  #lastText = "";
  #lastBytes = new Uint8Array(0);

  constructor(answer: Answer, events: ServerEvents, limits: ListenerLimits = LISTENER_LIMITS) {
    this.#answer = answer;
    this.#events = events;
    this.#limits = limits;
    const { connections, idle, request } = limits;
    this.#silent = `a client that was silent for ${idle / 1000} s`;
    this.#unfinished = `a request that was not finished within ${request / 1000} s`;
    this.#untaken = `a client that did not take its answer within ${request / 1000} s`;
    this.#server = new SocketServer(
      (connection) => this.#serve(connection),
      events,
      { connections, sweepPeriod: Math.min(1000, idle / 4, request / 4) },
    );
  }

  /** The number of open connections. */
  get connections(): number {
    return this.#server.connections;
  }

  /**
   * Listens on one more endpoint; port 0 takes any free port.
   *
   * @param socketMode the permissions of a Unix socket.
   * @returns the endpoint with its port.
   * @throws {Error} that names the endpoint.
   */
  listen(endpoint: Endpoint, socketMode = 0o666): Promise<Endpoint> {
    return this.#server.listen(endpoint, socketMode);
  }

  /**
   * Accepts nothing more, answers the requests that were received, closes every connection, and
   * removes the Unix sockets.
   *
   * @param grace milliseconds after which the rest is closed unanswered.
   */
  close(grace = 5000): Promise<void> {
    return this.#server.close(grace);
  }

  async #serve(connection: Connection): Promise<void> {
    const { conn } = connection;
    const { idle, request, size } = this.#limits;
    const reader = new RequestReader(size);
    const buffer = new Uint8Array(READ_BYTES);
    connection.setDeadline(idle, this.#silent);
    while (!this.#server.isStopping) {
      const count = await conn.read(buffer);
      if (count === null || connection.isClosed) return;
      const wasBegun = reader.begun;
      const { requests, fault } = reader.push(buffer.subarray(0, count));
      if (requests.length > 0) {
        connection.busy = true;
        connection.setDeadline(request, this.#untaken);
        const reply = requests.length === 1
          ? this.#answerOne(requests[0]!)
          : this.#answerAll(requests);
        const bytes = this.#encode(typeof reply === "string" ? reply : await reply);
        let sent = await conn.write(bytes);
        while (sent < bytes.length) sent += await conn.write(bytes.subarray(sent));
        connection.busy = false;
      }
      if (fault !== undefined) {
        this.#events.limit(connection.endpoint, fault);
        return;
      }
      // Postfix sends a request in one piece; a client that trickles yields to all others.
      if (requests.length === 0) await nextTurn();
      if (!reader.begun) connection.setDeadline(idle, this.#silent);
      else if (!wasBegun || requests.length > 0) {
        connection.setDeadline(request, this.#unfinished);
      }
    }
  }

  /** The replies in order, for one write. */
  async #answerAll(requests: readonly PolicyRequest[]): Promise<string> {
    const replies = await Promise.all(requests.map((request) => this.#answerOne(request)));
    return replies.join("");
  }

  #answerOne(request: PolicyRequest): string | Promise<string> {
    try {
      const reply = this.#answer(request);
      return typeof reply === "string" ? reply : reply.catch(() => DUNNO);
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
}
