/**
 * The daemon's end of the status page. The page runs in a thread of its own, so that no page can
 * delay a request of Postfix. The thread starts with the first request and ends when nobody looks.
 *
 * @module
 */
import type { DaemonStatus } from "../../daemon/daemon_status.ts";
import type { PageEvent } from "../../daemon/events.ts";
import { startThread, threadModule, type ThreadPermissions } from "../../daemon/thread.ts";
import { formatEndpoint } from "../../net/endpoint.ts";
import type { Finding } from "../../postfix/postconf.ts";
import { MINUTE, SECOND } from "../../text/duration.ts";
import { checkFree, newSocketPath } from "../../sockets/listen.ts";
import { messageOf } from "../../text/error_message.ts";
import type { ShareStatus } from "../../share/status.ts";
import { directoryOf } from "../../text/path.ts";
import type { Remembered } from "../http/page_memory.ts";
import type { StatusSettings } from "../settings.ts";
import { ActivationSocket } from "./activation_socket.ts";
import type { ToDaemon, ToPage } from "./messages.ts";

/** The daemon as the status page sees it. */
export interface Daemon {
  daemonStatus(): DaemonStatus;
  /** The state of sharing; undefined if it does not share. */
  share?(): ShareStatus | undefined;
  /** Reasons why mail passes ungreylisted, after a test write to a database that failed. */
  obstacles(): readonly string[];
  /** The end of the log, the oldest line first. Lines are hostile. */
  log(): readonly string[];
  /** Problems that the permissions of the page's thread hide from it. */
  warnings(): readonly Finding[];
}

export interface ThreadEvents {
  /** Called once. */
  listening(where: string): void;
  /** The page cannot listen at the start of the daemon. */
  failed(error: unknown): void;
  /** The thread crashed or cannot listen again; the page restarts soon. */
  crashed(error: unknown): void;
  event(event: PageEvent): void;
}

const IDLE_MS = 10 * MINUTE;

const RESTART_DELAY_MS = 5 * SECOND;
const STOP_TIMEOUT_MS = 1.5 * SECOND;

/** The socket, the database's directory and the list files; nothing else. */
export function permissionsFor(
  { endpoint, store, whitelistClients, whitelistRecipients }: StatusSettings,
): ThreadPermissions {
  const directory = directoryOf(store.database);
  const socket = endpoint.kind === "unix" ? [endpoint.path, newSocketPath(endpoint.path)] : [];
  return {
    read: [directory, ...socket, ...whitelistClients, ...whitelistRecipients],
    write: [directory, ...socket],
    net: endpoint.kind === "unix" ? true : [formatEndpoint(endpoint).replace("inet:", "")],
    sys: ["statfs"],
  };
}

/** The page's socket, and its thread while somebody looks at the page. */
export class StatusThread {
  readonly #daemon: Daemon;
  readonly #events: ThreadEvents;
  readonly #idleMs: number;
  #settings: StatusSettings;
  /** Listens while no thread does. */
  #socket: ActivationSocket | undefined;
  #worker: Worker | undefined;
  /** The memory for the next thread, and the time of its report on the monotonic clock. */
  #memory: { readonly remembered: Remembered; readonly at: number } | undefined;
  /** Clients of forwarded connections that the thread is told of, by port. */
  readonly #named = new Map<number, () => void>();
  #restartTimer: ReturnType<typeof setTimeout> | undefined;
  #ended: (() => void) | undefined;
  #isStopping = false;

  /**
   * Listens. A failure goes to `events`; the daemon serves mail without the page.
   *
   * @param idleMs time without a request after which the thread ends.
   */
  constructor(
    settings: StatusSettings,
    daemon: Daemon,
    events: ThreadEvents,
    idleMs = IDLE_MS,
  ) {
    this.#settings = settings;
    this.#daemon = daemon;
    this.#events = events;
    this.#idleMs = idleMs;
    this.#begin();
  }

  /** Applies new settings, apart from the endpoint and the database. */
  configure(settings: StatusSettings): void {
    const before = JSON.stringify(permissionsFor(this.#settings));
    const { endpoint, store } = this.#settings;
    this.#settings = { ...settings, endpoint, store };
    if (JSON.stringify(permissionsFor(this.#settings)) === before) {
      this.#send({ kind: "configure", settings: this.#settings });
    } else {
      // A running thread cannot get more permissions.
      this.#endThread();
    }
  }

  /** Reopens the database, which is another file now. */
  reopen(): void {
    this.#send({ kind: "reopen" });
  }

  /** Stops within 1.5 seconds, whatever its connections do. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restartTimer);
    this.#socket?.close();
    await this.#stopThread();
    const { endpoint } = this.#settings;
    if (endpoint.kind === "unix") await Deno.remove(endpoint.path).catch(() => {});
  }

  async #begin(): Promise<void> {
    const { endpoint } = this.#settings;
    try {
      await checkFree(endpoint);
      await this.#listen();
      this.#events.listening(formatEndpoint(endpoint));
    } catch (error) {
      this.#events.failed(messageOf(error));
    }
  }

  async #listen(): Promise<void> {
    const { endpoint, maxConnections } = this.#settings;
    this.#socket = await ActivationSocket.open(endpoint, {
      requested: () => this.#startThread(),
      forwarded: (port, address) => this.#nameClient(port, address),
    }, maxConnections);
    if (this.#isStopping) this.#socket.close();
  }

  #nameClient(port: number, address: string | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#named.set(port, resolve);
    this.#send({ kind: "forwarded", port, address });
    return promise;
  }

  #startThread(): void {
    if (this.#worker !== undefined || this.#isStopping) return;
    const worker = startThread(
      threadModule("lib/web/worker/worker.ts"),
      permissionsFor(this.#settings),
    );
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<ToDaemon>) => this.#receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message);
    };
    this.#send({
      kind: "start",
      settings: this.#settings,
      remembered: this.#remembered(),
      idleMs: this.#idleMs,
    });
  }

  /** The memory of the last thread, as old as it is now. */
  #remembered(): Remembered | undefined {
    if (this.#memory === undefined) return undefined;
    const { remembered, at } = this.#memory;
    const age = performance.now() - at;
    const sessions = remembered.sessions.map((one) => ({ ...one, idleMs: one.idleMs + age }));
    return { ...remembered, sessions };
  }

  #fail(error: unknown): void {
    this.#events.crashed(error);
    this.#socket?.close();
    this.#terminate();
    if (this.#isStopping) return;
    this.#restartTimer = setTimeout(
      () => this.#listen().catch((error) => this.#fail(error)),
      RESTART_DELAY_MS,
    );
  }

  /** Ends the thread; the next request starts another. */
  async #endThread(): Promise<void> {
    if (this.#worker === undefined) return;
    try {
      await this.#listen();
      await this.#stopThread();
      if (this.#socket?.isRequested === true) this.#startThread();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #stopThread(): Promise<void> {
    if (this.#worker === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = resolve;
    this.#send({ kind: "stop" });
    const timer = setTimeout(resolve, STOP_TIMEOUT_MS);
    await promise;
    clearTimeout(timer);
    this.#terminate();
  }

  #terminate(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#ended?.();
  }

  #send(message: ToPage): void {
    this.#worker?.postMessage(message);
  }

  #receive(message: ToDaemon): void {
    switch (message.kind) {
      case "listening":
        this.#socket?.handOver();
        return;
      case "forwarded":
        this.#named.get(message.port)?.();
        this.#named.delete(message.port);
        return;
      case "idle":
        this.#endThread();
        return;
      case "failed":
        return this.#fail(message.why);
      case "event":
        return this.#events.event(message.event);
      case "stopped":
        return this.#ended?.();
      case "remember":
        this.#memory = { remembered: message.remembered, at: performance.now() };
        return;
      case "report-request":
        this.#report(message.request, message.writeTest);
    }
  }

  #report(request: number, writeTest: boolean): void {
    const obstacles = writeTest ? this.#daemon.obstacles() : undefined;
    const warnings = writeTest ? this.#daemon.warnings() : [];
    const log = writeTest ? this.#daemon.log() : [];
    const share = this.#daemon.share?.();
    const report = { daemonStatus: this.#daemon.daemonStatus(), share, obstacles, warnings, log };
    this.#send({ kind: "report", request, report });
  }
}
