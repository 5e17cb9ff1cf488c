/**
 * The status page's end of its link to the daemon.
 *
 * @module
 */
import type { PageEvent } from "../../daemon/events.ts";
import { SECOND } from "../../text/duration.ts";
import type { Remembered } from "../http/page_memory.ts";
import type { DaemonReport, ToDaemon } from "./messages.ts";

const TIMEOUT_MS = 3 * SECOND;

/** The daemon sent no report in time. */
export class DaemonStuckError extends Error {
  constructor() {
    super("the daemon does not answer");
    this.name = "DaemonStuckError";
  }
}

export class DaemonLink {
  readonly #send: (message: ToDaemon) => void;
  readonly #timeoutMs: number;
  readonly #pending = new Map<number, (report: DaemonReport) => void>();
  #requests = 0;
  #testedReport: Promise<DaemonReport> | undefined;

  constructor(send: (message: ToDaemon) => void, timeoutMs = TIMEOUT_MS) {
    this.#send = send;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws {DaemonStuckError} */
  report(): Promise<DaemonReport> {
    return this.#request(false);
  }

  /**
   * A report after a test write to the database, with obstacles and warnings. Concurrent callers share
   * one test.
   *
   * @throws {DaemonStuckError}
   */
  testedReport(): Promise<DaemonReport> {
    this.#testedReport ??= this.#request(true).finally(() => this.#testedReport = undefined);
    return this.#testedReport;
  }

  /** Sends an event to the daemon's log. */
  tell(event: PageEvent): void {
    this.#send({ kind: "event", event });
  }

  /** Has the daemon keep this for the next thread. */
  remember(remembered: Remembered): void {
    this.#send({ kind: "remember", remembered });
  }

  /** Takes the daemon's answer to a request. */
  receive(request: number, report: DaemonReport): void {
    this.#pending.get(request)?.(report);
  }

  async #request(writeTest: boolean): Promise<DaemonReport> {
    const request = this.#requests++;
    const { promise, resolve, reject } = Promise.withResolvers<DaemonReport>();
    const timer = setTimeout(() => reject(new DaemonStuckError()), this.#timeoutMs);
    this.#pending.set(request, resolve);
    this.#send({ kind: "report-request", request, writeTest });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(request);
    }
  }
}
