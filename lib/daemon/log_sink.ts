/**
 * Writes log lines in the background; no request waits for a slow reader.
 *
 * @module
 */
import { SECOND } from "../text/duration.ts";

/** Makes a line, without its newline, once it is written. */
export type Line = () => string;

export interface LogSink {
  write(line: Line): void;
  /** Resolves when all lines so far are written or given up. */
  flush(): Promise<void>;
}

export interface ByteWriter {
  /** Writes some of the bytes, and resolves to their number. */
  write(bytes: Uint8Array): Promise<number>;
}

/** In milliseconds. */
export interface SinkTimes {
  /** A line waits this long for others: a write of its own would cost more than the request. */
  readonly gather: number;
  /** A flush is given up after this time. */
  readonly flush: number;
}

const TIMES: SinkTimes = { gather: 10, flush: 2 * SECOND };

/** Further lines are dropped and counted. */
const MAX_UNWRITTEN = 10_000;

const encoder = new TextEncoder();

export class StreamSink implements LogSink {
  readonly #stream: ByteWriter;
  readonly #times: SinkTimes;
  #unwritten: Line[] = [];
  #dropped = 0;
  #work: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(stream: ByteWriter, times = TIMES) {
    this.#stream = stream;
    this.#times = times;
  }

  write(line: Line): void {
    if (this.#unwritten.length >= MAX_UNWRITTEN) {
      this.#dropped++;
      return;
    }
    this.#unwritten.push(line);
    if (this.#work === undefined && this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#begin(), this.#times.gather);
    }
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#work ??= this.#drain();
  }

  async flush(): Promise<void> {
    this.#begin();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#times.flush);
    await Promise.race([this.#work, promise]);
    clearTimeout(timer);
  }

  async #drain(): Promise<void> {
    try {
      while (this.#unwritten.length > 0) {
        const lines = this.#unwritten.map((line) => line());
        this.#unwritten = [];
        if (this.#dropped > 0) {
          lines.push(`greylag: ${this.#dropped} log lines were lost: the reader is too slow`);
        }
        this.#dropped = 0;
        const bytes = encoder.encode(`${lines.join("\n")}\n`);
        for (let sent = 0; sent < bytes.length;) {
          sent += await this.#stream.write(bytes.subarray(sent));
        }
      }
    } catch {
      // The log is closed: there is no other place to report it.
      this.#unwritten = [];
    } finally {
      this.#work = undefined;
    }
  }
}
