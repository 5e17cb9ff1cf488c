/**
 * Writes log lines in the background; no request waits for a slow reader.
 *
 * @module
 */
import { SECOND } from "../text/duration.ts";

export interface LogSink {
  /** @param line without its newline. */
  write(line: string): void;
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

/** Bytes that wait to be written; further lines are dropped and counted. */
const MAX_UNWRITTEN = 2 * 1024 * 1024;

/** Size of the buffer while the reader keeps up. */
const BUFFER_BYTES = 16 * 1024;

/** UTF-8 needs at most this many bytes for a UTF-16 code unit. */
const BYTES_PER_UNIT = 3;

const LF = 10;

const encoder = new TextEncoder();

/**
 * A line becomes bytes at once: an object that waits for its write is copied by each garbage collection
 * until then.
 */
export class StreamSink implements LogSink {
  readonly #stream: ByteWriter;
  readonly #times: SinkTimes;
  readonly #report: (dropped: number) => void;
  /** The unwritten lines are its first `#length` bytes. */
  #buffer = new Uint8Array(BUFFER_BYTES);
  #length = 0;
  /** Takes the place of the buffer during a write. */
  #spare = new Uint8Array(BUFFER_BYTES);
  #dropped = 0;
  #work: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param report receives the number of lines dropped, once lines can be written again. */
  constructor(stream: ByteWriter, report: (dropped: number) => void, times = TIMES) {
    this.#stream = stream;
    this.#report = report;
    this.#times = times;
  }

  write(line: string): void {
    if (!this.#hasSpaceFor(BYTES_PER_UNIT * line.length + 1)) {
      this.#dropped++;
      return;
    }
    this.#length += encoder.encodeInto(line, this.#buffer.subarray(this.#length)).written;
    this.#buffer[this.#length++] = LF;
    if (this.#work === undefined && this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#begin(), this.#times.gather);
    }
  }

  #hasSpaceFor(bytes: number): boolean {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return true;
    if (needed > MAX_UNWRITTEN) return false;
    const larger = new Uint8Array(Math.min(MAX_UNWRITTEN, 2 * needed));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
    return true;
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
      while (this.#length > 0) {
        const bytes = this.#buffer.subarray(0, this.#length);
        this.#buffer = this.#spare;
        this.#length = 0;
        for (let sent = 0; sent < bytes.length;) {
          sent += await this.#stream.write(bytes.subarray(sent));
        }
        this.#spare = new Uint8Array(bytes.buffer, 0, BUFFER_BYTES);
        const dropped = this.#dropped;
        this.#dropped = 0;
        if (dropped > 0) this.#report(dropped);
      }
    } catch {
      // The log is closed: there is no other place to report it.
      this.#length = 0;
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
  readonly #tail: string[] = [];
  #written = 0;

  constructor(sink: LogSink) {
    this.#sink = sink;
  }

  /** The oldest first. */
  get tail(): readonly string[] {
    const oldest = this.#written % TAIL_LINES;
    return [...this.#tail.slice(oldest), ...this.#tail.slice(0, oldest)]
      // The priority is for journald.
      .map((line) => line.replace(/^<\d>/, "").slice(0, TAIL_LENGTH));
  }

  write(line: string): void {
    this.#tail[this.#written % TAIL_LINES] = line;
    this.#written++;
    this.#sink.write(line);
  }

  flush(): Promise<void> {
    return this.#sink.flush();
  }
}
