/**
 * What reaches the person: standard output and standard error. The only place that escapes text for
 * a terminal.
 *
 * @module
 */

import { escapeLines } from "../text/escape.ts";

const encoder = new TextEncoder();

/** How a text looks on a terminal that shows colours; the text must be clear without it. */
export type Style = "bold" | "green" | "yellow" | "red";

/** SGR parameters (ECMA-48, 8.3.117). */
const STYLES: Readonly<Record<Style, number>> = { bold: 1, green: 32, yellow: 33, red: 31 };

/** Where a command writes. */
export interface Output {
  /** Writes text to standard output; coloured only where that is a terminal, and without NO_COLOR. */
  print(text: string, style?: Style): void;
  /** Writes text to standard error. */
  complain(text: string): void;
  /** Shows how far long work is on a line of standard error that each call writes anew. */
  progress(text: string, isLast: boolean): void;
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  try {
    for (let sent = 0; sent < bytes.length;) sent += stream.writeSync(bytes.subarray(sent));
  } catch (error) {
    // `greylag help | head` closes the pipe early, and that is no mistake.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function styled(text: string, style: Style | undefined): string {
  if (style === undefined || Deno.noColor || !Deno.stdout.isTerminal()) return text;
  const [, line, end] = /^(.*?)(\n*)$/s.exec(text)!;
  return `\x1b[${STYLES[style]}m${line}\x1b[0m${end}`;
}

/** The process's own standard output and standard error. */
export const TERMINAL: Output = {
  print: (text, style) => writeAll(Deno.stdout, styled(escapeLines(text), style)),
  complain: (text) => writeAll(Deno.stderr, escapeLines(text)),
  progress: (text, isLast) => writeAll(Deno.stderr, `\r${escapeLines(text)}${isLast ? "\n" : ""}`),
};

/**
 * Breaks a text into lines at its spaces.
 *
 * @param width characters; a longer word gets a line of its own.
 */
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
