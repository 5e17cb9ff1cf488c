/** The attributes of a test's request, unless it gives others. */
const DEFAULTS = {
  request: "smtpd_access_policy",
  protocol_state: "RCPT",
  client_address: "192.0.2.10",
  client_name: "unknown",
  sender: "alice@example.org",
  recipient: "bob@example.net",
};

export type Attributes = Readonly<Record<string, string>>;

/** The lines of a request, without the empty line that ends it. */
export function requestLines(attributes: Attributes = {}): string {
  return Object.entries({ ...DEFAULTS, ...attributes })
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** A request as it is sent. */
export function requestBytes(attributes: Attributes = {}): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${requestLines(attributes)}\n`);
}

/** A connection to a policy server. */
export class PolicyClient {
  readonly #conn: Deno.Conn;
  readonly #buffer = new Uint8Array(4096);

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** @returns undefined if the connection ends before the reply is complete. */
  async ask(attributes: Attributes = {}): Promise<string | undefined> {
    try {
      const bytes = requestBytes(attributes);
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

  close(): void {
    try {
      this.#conn.close();
    } catch {
      // The server closed it.
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
