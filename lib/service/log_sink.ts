/**
 * Where log lines go, without ever making a request wait for a slow reader.
 *
 * @module
 */

/** Takes complete lines. */
export interface LogSink {
  /** Takes one line without its newline. */
  write(line: string): void;
  /** Resolves when everything written so far is out, or given up. */
  flush(): Promise<void>;
}

/** The part of a stream that a sink needs. */
export interface ByteWriter {
  /** Writes some of the bytes and tells how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Lines wait for others this long, in milliseconds: a write for each would cost more than the rest. */
const GATHER = 25;

/** Beyond this many characters that nobody reads, lines are dropped and counted. */
const MAX_WAITING = 4 * 1024 * 1024;

const encoder = new TextEncoder();

/** A sink that writes to a stream in the background, many lines at once. */
export class StreamSink implements LogSink {
  readonly #stream: ByteWriter;
  #waiting: string[] = [];
  #size = 0;
  #lost = 0;
  #work: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A sink for a stream, such as `Deno.stderr`. */
  constructor(stream: ByteWriter) {
    this.#stream = stream;
  }

  /** Takes one line; drops it if the reader of the stream has stopped reading. */
  write(line: string): void {
    if (this.#size + line.length > MAX_WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line, "\n");
    this.#size += line.length + 1;
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
        const bytes = encoder.encode(this.#waiting.join(""));
        this.#waiting = [];
        for (let sent = 0; sent < bytes.length;) {
          sent += await this.#stream.write(bytes.subarray(sent));
        }
        this.#size = 0;
        for (const line of this.#waiting) this.#size += line.length;
        if (this.#lost > 0) {
          this.#waiting.push(`greylag: ${this.#lost} log lines were dropped: nobody read them\n`);
          this.#lost = 0;
        }
      }
    } catch {
      // Nobody can be told that the log is closed.
      this.#waiting = [];
      this.#size = 0;
    } finally {
      this.#work = undefined;
    }
  }
}
