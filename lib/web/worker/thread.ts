/**
 * The status page seen from the daemon: a thread of its own, so that no page, however long it takes,
 * makes a request of Postfix wait.
 *
 * @module
 */
import { dirname } from "node:path";
import { formatEndpoint } from "../../net/endpoint.ts";
import type { Finding } from "../../postfix/postconf.ts";
import type { DaemonStatus } from "../../daemon/daemon_status.ts";
import { startThread, type ThreadPermissions } from "../../daemon/thread.ts";
import type { PageEvent } from "../../daemon/events.ts";
import type { ToDaemon, ToPage } from "./messages.ts";
import type { StatusSettings } from "../settings.ts";

/** What the status page asks of the daemon. */
export interface Daemon {
  /** How it fares. */
  daemonStatus(): DaemonStatus;
  /** What keeps it from its work, in words; a database that cannot be written is tried. */
  obstacles(): readonly string[];
  /** What is wrong around it that the page's thread may not look at. */
  warnings(): readonly Finding[];
}

/** What the status page tells. */
export interface ThreadEvents {
  /** It can be reached there. */
  listening(where: string): void;
  /** It cannot be started, or it broke and is started again. */
  failed(error: unknown): void;
  /** Something that belongs into the log. */
  event(event: PageEvent): void;
}

/** After it broke, it is started again so much later, in milliseconds. */
const RESTART_PAUSE = 5000;

/** It may take so long to stop, in milliseconds. */
const STOP_TIME = 1500;

/** What the page needs: its socket, the database's directory, the list files. */
export function permissionsFor(
  { endpoint, store, whitelistClients, whitelistRecipients }: StatusSettings,
): ThreadPermissions {
  const directory = dirname(store.database);
  const socket = endpoint.kind === "unix" ? [endpoint.path] : [];
  return {
    read: [directory, ...socket, ...whitelistClients, ...whitelistRecipients],
    write: [directory, ...socket],
    net: endpoint.kind === "unix" ? true : [formatEndpoint(endpoint).replace("inet:", "")],
    sys: ["statfs"],
  };
}

/** A status page in its thread. */
export class StatusThread {
  readonly #daemon: Daemon;
  readonly #events: ThreadEvents;
  #settings: StatusSettings;
  #worker: Worker | undefined;
  #restart: ReturnType<typeof setTimeout> | undefined;
  #stopped: (() => void) | undefined;

  /** Starts one; that it cannot be started is told to `events`, and is no reason not to serve mail. */
  constructor(settings: StatusSettings, daemon: Daemon, events: ThreadEvents) {
    this.#settings = settings;
    this.#daemon = daemon;
    this.#events = events;
    this.#start();
  }

  /** Takes new settings, as far as it can without listening elsewhere. */
  configure(settings: StatusSettings): void {
    const before = JSON.stringify(permissionsFor(this.#settings));
    const { endpoint, store } = this.#settings;
    this.#settings = { ...settings, endpoint, store };
    if (JSON.stringify(permissionsFor(this.#settings)) === before) {
      this.#tell({ kind: "configure", settings: this.#settings });
      return;
    }
    // A thread cannot be given more than it began with.
    this.stop().then(() => {
      this.#stopped = undefined;
      this.#start();
    });
  }

  /** Has it open the database again: it is another file now. */
  reopen(): void {
    this.#tell({ kind: "reopen" });
  }

  /** Stops it, without waiting for whoever is slow. */
  async stop(): Promise<void> {
    clearTimeout(this.#restart);
    if (this.#worker === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stopped = resolve;
    this.#tell({ kind: "stop" });
    const timer = setTimeout(resolve, STOP_TIME);
    await promise;
    clearTimeout(timer);
    this.#end();
  }

  #start(): void {
    const worker = startThread(
      new URL("./worker.ts", import.meta.url),
      permissionsFor(this.#settings),
    );
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<ToDaemon>) => this.#hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#events.failed(event.message);
      this.#end();
      this.#stopped?.();
      if (this.#stopped === undefined) {
        this.#restart = setTimeout(() => this.#start(), RESTART_PAUSE);
      }
    };
    this.#tell({ kind: "start", settings: this.#settings });
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #tell(message: ToPage): void {
    this.#worker?.postMessage(message);
  }

  #hear(message: ToDaemon): void {
    switch (message.kind) {
      case "listening":
        return this.#events.listening(message.where);
      case "failed":
        this.#events.failed(message.why);
        return this.#end();
      case "event":
        return this.#events.event(message.event);
      case "stopped":
        return this.#stopped?.();
      case "ask":
        this.#answer(message.question, message.tries);
    }
  }

  #answer(question: number, tries: boolean): void {
    const obstacles = tries ? this.#daemon.obstacles() : undefined;
    const warnings = tries ? this.#daemon.warnings() : [];
    const state = { daemonStatus: this.#daemon.daemonStatus(), obstacles, warnings };
    this.#tell({ kind: "state", question, state });
  }
}
