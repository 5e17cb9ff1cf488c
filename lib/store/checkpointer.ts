/** Starts a thread that may read and write the files and nothing else. */
export type StartWorker = (module: URL, files: readonly string[]) => Worker;

/** Rows written between two checkpoints. */
const ROWS = 1000;

/** Has a thread copy SQLite's write-ahead log into the database while it grows. */
export class Checkpointer {
  readonly #path: string;
  readonly #startWorker: StartWorker;
  #rows = 0;
  #worker: Worker | undefined;
  #busy = false;

  constructor(path: string, startWorker: StartWorker) {
    this.#path = path;
    this.#startWorker = startWorker;
  }

  /** Counts the rows of a committed transaction and starts a checkpoint when one is due. */
  wrote(rows: number): void {
    this.#rows += rows;
    if (this.#rows < ROWS || this.#busy) return;
    this.#rows = 0;
    this.#busy = true;
    this.#worker ??= this.#start();
    this.#worker.postMessage(this.#path);
  }

  /** Ends the thread; no checkpoint starts afterwards. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#busy = true;
  }

  #start(): Worker {
    const files = [this.#path, `${this.#path}-wal`, `${this.#path}-shm`];
    const worker = this.#startWorker(new URL("./checkpoint_worker.ts", import.meta.url), files);
    worker.onmessage = () => this.#busy = false;
    // Without the thread the writing connection copies the log, later and in larger pieces.
    worker.onerror = (event) => event.preventDefault();
    return worker;
  }
}
