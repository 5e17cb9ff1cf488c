/**
 * Opens the files of an import: standard input, decompression, lines.
 *
 * @module
 */
import { ConfigError } from "../config/load.ts";
import { builtin } from "../node/builtin.ts";
import { shellWord } from "../text/shell_word.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const GZIP = [0x1f, 0x8b];

/** Formats that Deno cannot decompress, by their first bytes, with the program that can. */
const COMPRESSED: readonly (readonly [magic: readonly number[], program: string])[] = [
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "xz"],
  [[0x28, 0xb5, 0x2f, 0xfd], "zstd"],
  [[0x42, 0x5a, 0x68], "bzip2"],
];

/** The longest line that is read; longer ones are skipped. */
const MAX_LINE = 1_048_576;

function startsWith(bytes: Bytes, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

/** Closes the stream at the end, also if the reader stops early. */
async function* joined(first: Bytes, rest: AsyncIterator<Bytes>): AsyncGenerator<Bytes> {
  try {
    yield first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** The first bytes, at least `count` unless there are fewer, and all that follow. */
async function peek(
  stream: AsyncIterable<Bytes>,
  count: number,
): Promise<[first: Bytes, all: AsyncIterable<Bytes>]> {
  const iterator = stream[Symbol.asyncIterator]();
  let first: Bytes = new Uint8Array(0);
  while (first.length < count) {
    const { done, value } = await iterator.next();
    if (done) break;
    const longer = new Uint8Array(first.length + value.length);
    longer.set(first);
    longer.set(value, first.length);
    first = longer;
  }
  return [first, joined(first, iterator)];
}

/**
 * The content of a file, decompressed if it is gzip.
 *
 * @param path `-` is standard input.
 * @param command the command that reads the file, to be named behind a pipe.
 * @throws {ConfigError} for a directory or another compression.
 */
export async function openSource(path: string, command: string): Promise<AsyncIterable<Bytes>> {
  if (path !== "-" && (await Deno.stat(path)).isDirectory) {
    throw new ConfigError(`${path} is a directory. Name the files in it`);
  }
  const readable = path === "-" ? Deno.stdin.readable : (await Deno.open(path)).readable;
  const [first, all] = await peek(readable, 64);
  const program = COMPRESSED.find(([magic]) => startsWith(first, magic))?.[1];
  if (program !== undefined) {
    const file = path === "-" ? "FILE" : shellWord(path);
    throw new ConfigError(
      `cannot decompress ${path}. Run: ${program} -dc ${file} | ${command} -`,
    );
  }
  return startsWith(first, GZIP) ? decompressed(all) : all;
}

/** Reads several gzip members one after the other, which DecompressionStream refuses. */
function decompressed(packed: AsyncIterable<Bytes>): AsyncIterable<Bytes> {
  const gunzip = builtin("node:zlib").createGunzip();
  const source = builtin("node:stream").Readable.from(packed);
  source.on("error", (error) => gunzip.destroy(error));
  // The reader may stop early.
  gunzip.on("close", () => source.destroy());
  return source.pipe(gunzip);
}

/** The whole content as text. */
export async function readText(stream: AsyncIterable<Bytes>): Promise<string> {
  return await new Response(ReadableStream.from(stream)).text();
}

/** Splits a stream into lines; bytes that are no UTF-8 become U+FFFD. */
export class LineSplitter {
  readonly #take: (text: string, line: number) => void;
  readonly #decoder = new TextDecoder();
  #rest = "";
  #isTooLong = false;
  #line = 0;

  /** @param take gets each line without its end, and its number, counted from 1. */
  constructor(take: (text: string, line: number) => void) {
    this.#take = take;
  }

  push(bytes: Bytes): void {
    const lines = this.#decoder.decode(bytes, { stream: true }).split("\n");
    lines[0] = this.#rest + lines[0];
    this.#rest = lines.pop()!;
    for (const text of lines) this.#end(text);
    if (this.#rest.length <= MAX_LINE) return;
    this.#isTooLong = true;
    this.#rest = "";
  }

  /** Takes the last line. */
  end(): void {
    this.#rest += this.#decoder.decode();
    if (this.#rest !== "" || this.#isTooLong) this.#end(this.#rest);
  }

  #end(text: string): void {
    this.#line++;
    if (!this.#isTooLong) this.#take(text.endsWith("\r") ? text.slice(0, -1) : text, this.#line);
    this.#isTooLong = false;
  }
}
