/**
 * Where log lines go, without ever making a request wait for a slow reader.
 *
 * @module
 */

/** Makes a line, without its newline, when it is written. */
export type Line = () => string;

/** Takes complete lines. */
export interface LogSink {
  /** Takes one line; making it costs nothing until it is written. */
  write(line: Line): void;
  /** Resolves when everything written so far is out, or given up. */
  flush(): Promise<void>;
}

/** The part of a stream that a sink needs. */
export interface ByteWriter {
  /** Writes some of the bytes and tells how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Lines wait for others this long, in milliseconds: a write for each would cost more than the rest. */
const GATHER = 10;

/** Beyond this many lines that nobody reads, lines are dropped and counted. */
const MAX_PENDING = 10_000;

const encoder = new TextEncoder();

/** A sink that writes to a stream in the background, many lines at once. */
export class StreamSink implements LogSink {
  readonly #stream: ByteWriter;
  #waiting: Line[] = [];
  #lost = 0;
  #work: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A sink for a stream, such as `Deno.stderr`. */
  constructor(stream: ByteWriter) {
    this.#stream = stream;
  }

  /** Takes one line; drops it if the reader of the stream has stopped reading. */
  write(line: Line): void {
    if (this.#waiting.length >= MAX_PENDING) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line);
    if (this.#work === undefined && this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#begin(), GATHER);
    }
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#work ??= this.#drain();
  }

  /** Resolves when everything written so far is out, or given up after two seconds. */
  async flush(): Promise<void> {
    this.#begin();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, 2000);
    await Promise.race([this.#work, promise]);
    clearTimeout(timer);
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const lines = this.#waiting.map((line) => line());
        this.#waiting = [];
        if (this.#lost > 0) {
          lines.push(`greylag: ${this.#lost} log lines were lost: nobody read them`);
        }
        this.#lost = 0;
        const bytes = encoder.encode(`${lines.join("\n")}\n`);
        for (let sent = 0; sent < bytes.length;) {
          sent += await this.#stream.write(bytes.subarray(sent));
        }
      }
    } catch {
      // Nobody can be told that the log is closed.
      this.#waiting = [];
    } finally {
      this.#work = undefined;
    }
  }
}
