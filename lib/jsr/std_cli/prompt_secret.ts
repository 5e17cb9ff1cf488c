/** How {@linkcode promptSecret} shows what is typed. */
export type PromptSecretOptions = {
  /** What stands for each character; empty for nothing. */
  mask?: string;
  /** Whether the line is cleared afterwards. */
  clear?: boolean;
};

const encoder = new TextEncoder();

function write(text: string): void {
  Deno.stdout.writeSync(encoder.encode(text));
}

/** One byte from the terminal; undefined at its end. */
function readByte(): number | undefined {
  const buffer = new Uint8Array(1);
  return Deno.stdin.readSync(buffer) === null ? undefined : buffer[0];
}

function readLine(shown: (length: number) => void): string | null {
  const bytes: number[] = [];
  const length = () => [...new TextDecoder().decode(new Uint8Array(bytes))].length;
  while (true) {
    const byte = readByte();
    if (byte === undefined) return bytes.length === 0 ? null : decode(bytes);
    if (byte === 10 || byte === 13) return decode(bytes);
    if (byte === 8 || byte === 127) {
      // A character may be several bytes, all but its first of the form 10xxxxxx.
      let last: number | undefined;
      do last = bytes.pop(); while (last !== undefined && (last & 0xc0) === 0x80);
    } else {
      bytes.push(byte);
    }
    shown(length());
  }
}

function decode(bytes: readonly number[]): string {
  return new TextDecoder().decode(new Uint8Array(bytes));
}

/**
 * Asks for a line on the terminal without showing it.
 *
 * @param message what to ask.
 * @returns the line; null if standard input is no terminal, or at its end.
 */
export function promptSecret(
  message = "Secret",
  { mask = "*", clear = false }: PromptSecretOptions = {},
): string | null {
  if (!Deno.stdin.isTerminal()) return null;
  const show = (length: number) => write(`\r\x1b[K${message} ${mask.repeat(length)}`);
  show(0);
  Deno.stdin.setRaw(true, { cbreak: true });
  try {
    return readLine(show);
  } finally {
    Deno.stdin.setRaw(false);
    write(clear ? "\r\x1b[K" : "\n");
  }
}
