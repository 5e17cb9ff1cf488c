/**
 * The daemon seen from the thread of the status page.
 *
 * @module
 */
import type { PageEvent } from "../../daemon/events.ts";
import type { State, ToDaemon } from "./messages.ts";

/** A daemon that does not answer for so long, in milliseconds, is stuck. */
const TIMEOUT_MS = 3000;

/** The daemon did not answer in time. */
export class DaemonStuckError extends Error {
  /** An error with its message. */
  constructor() {
    super("the daemon does not answer");
    this.name = "DaemonStuckError";
  }
}

/** Asks the daemon, and tells it what happened. */
export class DaemonLink {
  readonly #send: (message: ToDaemon) => void;
  readonly #waiting = new Map<number, (state: State) => void>();
  #questions = 0;
  #trying: Promise<State> | undefined;

  /** A link over which `send` reaches the daemon. */
  constructor(send: (message: ToDaemon) => void) {
    this.#send = send;
  }

  /**
   * How the daemon fares.
   *
   * @throws {DaemonStuckError} if it does not answer.
   */
  state(): Promise<State> {
    return this.#ask(false);
  }

  /**
   * How the daemon fares, and what keeps it from its work. Who asks meanwhile gets the same answer, so
   * that nobody makes the daemon write as often as they ask.
   *
   * @throws {DaemonStuckError} if it does not answer.
   */
  tried(): Promise<State> {
    this.#trying ??= this.#ask(true).finally(() => this.#trying = undefined);
    return this.#trying;
  }

  /** Tells what belongs into the log. */
  tell(event: PageEvent): void {
    this.#send({ kind: "event", event });
  }

  /** Takes an answer. */
  answer(question: number, state: State): void {
    this.#waiting.get(question)?.(state);
  }

  async #ask(tries: boolean): Promise<State> {
    const question = this.#questions++;
    const { promise, resolve, reject } = Promise.withResolvers<State>();
    const timer = setTimeout(() => reject(new DaemonStuckError()), TIMEOUT_MS);
    this.#waiting.set(question, resolve);
    this.#send({ kind: "ask", question, tries });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(question);
    }
  }
}
