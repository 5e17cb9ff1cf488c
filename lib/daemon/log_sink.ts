/**
 * Writes log lines in the background; no request waits for a slow reader.
 *
 * @module
 */
import { SECOND } from "../text/duration.ts";

/** Renders a line, without its newline, when it is written. */
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
  readonly #report: (dropped: number) => void;
  #unwritten: Line[] = [];
  #dropped = 0;
  #work: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param report receives the number of lines dropped, once lines can be written again. */
  constructor(stream: ByteWriter, report: (dropped: number) => void, times = TIMES) {
    this.#stream = stream;
    this.#report = report;
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
        const bytes = encoder.encode(`${lines.join("\n")}\n`);
        for (let sent = 0; sent < bytes.length;) {
          sent += await this.#stream.write(bytes.subarray(sent));
        }
        const dropped = this.#dropped;
        this.#dropped = 0;
        if (dropped > 0) this.#report(dropped);
      }
    } catch {
      // The log is closed: there is no other place to report it.
      this.#unwritten = [];
    } finally {
      this.#work = undefined;
    }
  }
}

/** Lines of a log's end that stay in memory. */
const TAIL_LINES = 100;

/** Characters of a line that are shown. */
const TAIL_LENGTH = 500;

/** Passes lines on, and keeps the newest for the status page. */
export class TailSink implements LogSink {
  readonly #sink: LogSink;
  readonly #tail: Line[] = [];
  #written = 0;

  constructor(sink: LogSink) {
    this.#sink = sink;
  }

  /** The oldest first. */
  get tail(): readonly string[] {
    const oldest = this.#written % TAIL_LINES;
    return [...this.#tail.slice(oldest), ...this.#tail.slice(0, oldest)]
      // The priority is for journald.
      .map((line) => line().replace(/^<\d>/, "").slice(0, TAIL_LENGTH));
  }

  write(line: Line): void {
    this.#tail[this.#written % TAIL_LINES] = line;
    this.#written++;
    this.#sink.write(line);
  }

  flush(): Promise<void> {
    return this.#sink.flush();
  }
}
