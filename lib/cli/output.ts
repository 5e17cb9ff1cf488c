/**
 * Standard output and standard error. Text is escaped here and nowhere else in this module.
 *
 * @module
 */

import { reasonOf } from "../text/error_message.ts";
import { escapeLines } from "../text/escape.ts";

const encoder = new TextEncoder();

export type Style = "bold" | "green" | "yellow" | "red";

/** SGR parameters (ECMA-48, 8.3.117). */
const STYLES: Readonly<Record<Style, number>> = { bold: 1, green: 32, yellow: 33, red: 31 };

export interface Output {
  /** Writes to standard output, with colour on a terminal unless NO_COLOR is set. */
  print(text: string, style?: Style): void;
  /** Writes to standard error. */
  complain(text: string): void;
  /** Overwrites one line of standard error. */
  progress(text: string, isLast: boolean): void;
}

/** Standard output cannot be written. */
export class OutputError extends Error {
  constructor(cause: unknown) {
    super(`cannot write to standard output: ${reasonOf(cause)}`, { cause });
    this.name = "OutputError";
  }
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  try {
    for (let sent = 0; sent < bytes.length;) sent += stream.writeSync(bytes.subarray(sent));
  } catch (error) {
    // `greylag help | head` closes the pipe early. An error on standard error cannot be reported.
    const isIgnored = error instanceof Deno.errors.BrokenPipe || stream === Deno.stderr;
    if (!isIgnored) throw new OutputError(error);
  }
}

function styled(text: string, style: Style | undefined): string {
  if (style === undefined || Deno.noColor || !Deno.stdout.isTerminal()) return text;
  const [, line, end] = /^(.*?)(\n*)$/s.exec(text)!;
  return `\x1b[${STYLES[style]}m${line}\x1b[0m${end}`;
}

export const TERMINAL: Output = {
  print: (text, style) => writeAll(Deno.stdout, styled(escapeLines(text), style)),
  complain: (text) => writeAll(Deno.stderr, escapeLines(text)),
  progress: (text, isLast) => writeAll(Deno.stderr, `\r${escapeLines(text)}${isLast ? "\n" : ""}`),
};

/** @param width in characters; a longer word gets a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/ +/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return line === "" ? lines : [...lines, line];
}
