/**
 * The daemon's end of the status page. The page runs in a thread of its own, so that no page can
 * delay a request of Postfix.
 *
 * @module
 */
import type { DaemonStatus } from "../../daemon/daemon_status.ts";
import type { PageEvent } from "../../daemon/events.ts";
import { startThread, type ThreadPermissions } from "../../daemon/thread.ts";
import { formatEndpoint } from "../../net/endpoint.ts";
import type { Finding } from "../../postfix/postconf.ts";
import { SECOND } from "../../text/duration.ts";
import { directoryOf } from "../../text/path.ts";
import type { Remembered } from "../http/page_memory.ts";
import type { StatusSettings } from "../settings.ts";
import type { ToDaemon, ToPage } from "./messages.ts";

/** The daemon as the status page sees it. */
export interface Daemon {
  daemonStatus(): DaemonStatus;
  /** Reasons why mail passes ungreylisted, after a test write to a database that failed. */
  obstacles(): readonly string[];
  /** The end of the log, the oldest line first. Lines are hostile. */
  log(): readonly string[];
  /** Problems that the permissions of the page's thread hide from it. */
  warnings(): readonly Finding[];
}

export interface ThreadEvents {
  listening(where: string): void;
  /** The page cannot start, or crashed and restarts. */
  failed(error: unknown): void;
  event(event: PageEvent): void;
}

const RESTART_DELAY_MS = 5 * SECOND;
const STOP_TIMEOUT_MS = 1.5 * SECOND;

/** The socket, the database's directory and the list files; nothing else. */
export function permissionsFor(
  { endpoint, store, whitelistClients, whitelistRecipients }: StatusSettings,
): ThreadPermissions {
  const directory = directoryOf(store.database);
  const socket = endpoint.kind === "unix" ? [endpoint.path] : [];
  return {
    read: [directory, ...socket, ...whitelistClients, ...whitelistRecipients],
    write: [directory, ...socket],
    net: endpoint.kind === "unix" ? true : [formatEndpoint(endpoint).replace("inet:", "")],
    sys: ["statfs"],
  };
}

export class StatusThread {
  readonly #daemon: Daemon;
  readonly #events: ThreadEvents;
  #settings: StatusSettings;
  #worker: Worker | undefined;
  #restartTimer: ReturnType<typeof setTimeout> | undefined;
  #stopped: (() => void) | undefined;
  /** What the next thread has to know, and when it was reported on the monotonic clock. */
  #memory: { readonly remembered: Remembered; readonly at: number } | undefined;

  /** Starts the thread. A failure goes to `events`; the daemon serves mail without the page. */
  constructor(settings: StatusSettings, daemon: Daemon, events: ThreadEvents) {
    this.#settings = settings;
    this.#daemon = daemon;
    this.#events = events;
    this.#start();
  }

  /** Applies new settings, apart from the endpoint and the database. */
  configure(settings: StatusSettings): void {
    const before = JSON.stringify(permissionsFor(this.#settings));
    const { endpoint, store } = this.#settings;
    this.#settings = { ...settings, endpoint, store };
    if (JSON.stringify(permissionsFor(this.#settings)) === before) {
      this.#send({ kind: "configure", settings: this.#settings });
      return;
    }
    // A running thread cannot get more permissions.
    this.stop().then(() => {
      this.#stopped = undefined;
      this.#start();
    });
  }

  /** Reopens the database, which is another file now. */
  reopen(): void {
    this.#send({ kind: "reopen" });
  }

  /** Stops within 1.5 seconds, whatever its connections do. */
  async stop(): Promise<void> {
    clearTimeout(this.#restartTimer);
    if (this.#worker === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stopped = resolve;
    this.#send({ kind: "stop" });
    const timer = setTimeout(resolve, STOP_TIMEOUT_MS);
    await promise;
    clearTimeout(timer);
    this.#terminate();
  }

  #start(): void {
    const worker = startThread(
      new URL("./worker.ts", import.meta.url),
      permissionsFor(this.#settings),
    );
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<ToDaemon>) => this.#receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#events.failed(event.message);
      this.#terminate();
      this.#stopped?.();
      if (this.#stopped === undefined) {
        this.#restartTimer = setTimeout(() => this.#start(), RESTART_DELAY_MS);
      }
    };
    this.#send({ kind: "start", settings: this.#settings, remembered: this.#remembered() });
  }

  /** What the last thread knew, as old as it is now. */
  #remembered(): Remembered | undefined {
    if (this.#memory === undefined) return undefined;
    const { remembered, at } = this.#memory;
    const age = performance.now() - at;
    const sessions = remembered.sessions.map((one) => ({ ...one, idleMs: one.idleMs + age }));
    return { ...remembered, sessions };
  }

  #terminate(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #send(message: ToPage): void {
    this.#worker?.postMessage(message);
  }

  #receive(message: ToDaemon): void {
    switch (message.kind) {
      case "listening":
        return this.#events.listening(message.where);
      case "failed":
        this.#events.failed(message.why);
        return this.#terminate();
      case "event":
        return this.#events.event(message.event);
      case "remember":
        this.#memory = { remembered: message.remembered, at: performance.now() };
        return;
      case "stopped":
        return this.#stopped?.();
      case "report-request":
        this.#report(message.request, message.writeTest);
    }
  }

  #report(request: number, writeTest: boolean): void {
    const obstacles = writeTest ? this.#daemon.obstacles() : undefined;
    const warnings = writeTest ? this.#daemon.warnings() : [];
    const log = writeTest ? this.#daemon.log() : [];
    const report = { daemonStatus: this.#daemon.daemonStatus(), obstacles, warnings, log };
    this.#send({ kind: "report", request, report });
  }
}
