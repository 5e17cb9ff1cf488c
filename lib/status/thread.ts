/**
 * The status page seen from the daemon: a thread of its own, so that no page, however long it takes,
 * makes a request of Postfix wait.
 *
 * @module
 */
import type { Vitals } from "../service/vitals.ts";
import type { PageEvent } from "../service/journal.ts";
import type { ToDaemon, ToPage } from "./messages.ts";
import type { StatusSettings } from "./settings.ts";

/** What the status page asks of the daemon. */
export interface Daemon {
  /** How it fares. */
  vitals(): Vitals;
  /** What keeps it from its work, in words; a database that cannot be written is tried. */
  obstacles(): Promise<readonly string[]>;
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
    this.#settings = { ...settings, endpoint: this.#settings.endpoint };
    this.#tell({ kind: "configure", settings: this.#settings });
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
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
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

  async #answer(question: number, tries: boolean): Promise<void> {
    const obstacles = tries ? await this.#daemon.obstacles() : undefined;
    this.#tell({ kind: "state", question, state: { vitals: this.#daemon.vitals(), obstacles } });
  }
}
