/**
 * A load that keeps its own account of what it was answered.
 *
 * @module
 */

/** In `task torture` everything takes longer and harms more. */
export const TORTURE = Deno.env.get("GREYLAG_TORTURE") !== undefined;

/** A number for every change, and one for torture. */
export function scale(short: number, long: number): number {
  return TORTURE ? long : short;
}

/** Waits. */
export const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Tells a figure, without judging it. */
export function tell(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`    ${text}\n`));
}

/** A request for a policy server. */
export function request(attributes: Readonly<Record<string, string>>): Uint8Array {
  const all = {
    request: "smtpd_access_policy",
    protocol_state: "RCPT",
    client_address: "192.0.2.10",
    client_name: "unknown",
    sender: "alice@example.org",
    recipient: "bob@example.net",
    ...attributes,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}=${value}\n`);
  return new TextEncoder().encode(`${lines.join("")}\n`);
}

/** A number in letters: digits of a sender are not compared (VERP). */
export function letters(number: number): string {
  return [...number.toString(26)].map((digit) => String.fromCharCode(97 + parseInt(digit, 26)))
    .join("");
}

/** Connects, and waits where the server's queue is full, as Postfix does. */
export async function connectTo(path: string): Promise<Deno.UnixConn> {
  while (true) {
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await pause(5);
    }
  }
}

/** A connection to a policy server. */
export class Client {
  readonly #conn: Deno.Conn;
  readonly #buffer = new Uint8Array(4096);

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Connects. */
  static async connect(path: string): Promise<Client> {
    return new Client(await connectTo(path));
  }

  /** Asks, and returns the answer; undefined if the connection ended before it was there. */
  async ask(attributes: Readonly<Record<string, string>>): Promise<string | undefined> {
    try {
      const bytes = request(attributes);
      for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
      let text = "";
      while (!text.endsWith("\n\n")) {
        const count = await this.#conn.read(this.#buffer);
        if (count === null) return undefined;
        text += new TextDecoder().decode(this.#buffer.subarray(0, count));
      }
      return text;
    } catch {
      return undefined;
    }
  }

  /** Ends it. */
  close(): void {
    try {
      this.#conn.close();
    } catch {
      // The server ended it.
    }
  }
}

/**
 * Strangers, one after the other over each connection, until the server is gone or it is said to stop.
 *
 * @param answered is told each sender whose answer arrived, and the answer.
 */
export async function strangers(
  path: string,
  connections: number,
  prefix: string,
  answered: (sender: string, answer: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    Array.from({ length: connections }, async (_, which) => {
      const client = await Client.connect(path);
      for (let at = 0; !signal.aborted; at++) {
        const sender = `${prefix}.${letters(which)}.${letters(at)}@example.org`;
        const answer = await client.ask({ sender });
        if (answer === undefined) break;
        answered(sender, answer);
      }
      client.close();
    }),
  );
}
