export type PromptSecretOptions = {
  /** Shown for each character; may be empty. */
  mask?: string;
  /** Clear the line afterwards. */
  clear?: boolean;
};

const encoder = new TextEncoder();

function write(text: string): void {
  Deno.stdout.writeSync(encoder.encode(text));
}

/** Undefined at the end of input. */
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
      // The continuation bytes of a UTF-8 character are 10xxxxxx.
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
 * Reads a line from the terminal without echo.
 *
 * @returns null at the end of input, or if standard input is no terminal.
 */
export function promptSecret(
  message = "Secret",
  { mask = "*", clear = false }: PromptSecretOptions = {},
): string | null {
  if (!Deno.stdin.isTerminal()) return null;
  const show = (length: number) => write(`\r\x1b[K${message} ${mask.repeat(length)}`);
  // Input typed right after the prompt must not be echoed.
  Deno.stdin.setRaw(true, { cbreak: true });
  try {
    show(0);
    return readLine(show);
  } finally {
    Deno.stdin.setRaw(false);
    write(clear ? "\r\x1b[K" : "\n");
  }
}
