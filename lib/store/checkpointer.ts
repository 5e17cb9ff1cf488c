/**
 * Has SQLite's write-ahead log copied into the database by a thread of its own.
 *
 * @module
 */

import { startThread } from "./thread.ts";

/** The rows written after which the log is worth copying. */
const ROWS = 1000;

/** Counts what is written to one database and starts the copying in time. */
export class Checkpointer {
  readonly #path: string;
  #rows = 0;
  #worker: Worker | undefined;
  #busy = false;

  /** A checkpointer that has no thread yet. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Tells that a transaction wrote so many rows. */
  wrote(rows: number): void {
    this.#rows += rows;
    if (this.#rows < ROWS || this.#busy) return;
    this.#rows = 0;
    this.#busy = true;
    this.#start().postMessage(this.#path);
  }

  /** Ends the thread. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    // Nothing is started any more.
    this.#busy = true;
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const files = [this.#path, `${this.#path}-wal`, `${this.#path}-shm`];
    const worker = startThread(new URL("./checkpoint_worker.ts", import.meta.url), {
      read: files,
      write: files,
    });
    worker.onmessage = () => this.#busy = false;
    // Without its thread the connection that writes copies the log itself, later and in larger pieces.
    worker.onerror = (event) => event.preventDefault();
    this.#worker = worker;
    return worker;
  }
}
