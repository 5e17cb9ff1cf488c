/** Starts `checkpoint_worker.ts` in a thread that may read and write the files and nothing else. */
export type StartWorker = (files: readonly string[]) => Worker;

/** Rows written between two checkpoints. */
const ROWS = 1000;

/** Milliseconds without a checkpoint after which the thread ends: it takes some megabytes. */
const IDLE = 10_000;

/** Has a thread copy SQLite's write-ahead log into the database while it grows. */
export class Checkpointer {
  readonly #path: string;
  readonly #startWorker: StartWorker;
  readonly #idle: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #rows = 0;
  #worker: Worker | undefined;
  #busy = false;

  constructor(path: string, startWorker: StartWorker, idle = IDLE) {
    this.#path = path;
    this.#idle = idle;
    this.#startWorker = startWorker;
  }

  /** Counts the rows of a committed transaction and starts a checkpoint when one is due. */
  wrote(rows: number): void {
    this.#rows += rows;
    if (this.#rows < ROWS || this.#busy) return;
    this.#rows = 0;
    this.#busy = true;
    clearTimeout(this.#timer);
    this.#worker ??= this.#start();
    this.#worker.postMessage(this.#path);
  }

  /** Ends the thread; no checkpoint starts afterwards. */
  close(): void {
    this.#end();
    this.#busy = true;
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #start(): Worker {
    const files = [this.#path, `${this.#path}-wal`, `${this.#path}-shm`];
    const worker = this.#startWorker(files);
    worker.onmessage = () => {
      this.#busy = false;
      this.#timer = setTimeout(() => this.#end(), this.#idle);
    };
    // Without the thread the writing connection copies the log, later and in larger pieces.
    worker.onerror = (event) => event.preventDefault();
    return worker;
  }
}
