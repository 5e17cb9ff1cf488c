/** Client and envelope of a message. */
export interface Message {
  /** Of the client. */
  readonly address: string;
  /** Verified by Postfix; `unknown` by default. */
  readonly name?: string;
  /** `client.example` by default. */
  readonly helo?: string;
  /** The user that has signed in. */
  readonly login?: string | undefined;
  /** Empty for the null sender. */
  readonly sender: string;
  readonly recipients: readonly string[];
}

export interface Outcome {
  /** The reply to each RCPT TO. */
  readonly recipients: readonly string[];
  /** The reply to DATA or to the message itself; undefined if no recipient was accepted. */
  readonly data: string | undefined;
}

class Session {
  readonly #conn: Deno.Conn;
  readonly #buffer = new Uint8Array(4096);
  #text = "";

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** The next reply with all of its lines. */
  async reply(): Promise<string> {
    const complete = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/;
    let match = complete.exec(this.#text);
    while (match === null) {
      const count = await this.#conn.read(this.#buffer);
      if (count === null) throw new Error(`the server closed the connection: ${this.#text}`);
      this.#text += new TextDecoder().decode(this.#buffer.subarray(0, count));
      match = complete.exec(this.#text);
    }
    this.#text = this.#text.slice(match[0].length);
    return match[0].trimEnd();
  }

  async say(line: string): Promise<string> {
    await this.#conn.write(new TextEncoder().encode(`${line}\r\n`));
    return await this.reply();
  }

  async must(line: string, code: string): Promise<void> {
    const reply = await this.say(line);
    if (!reply.startsWith(code)) throw new Error(`${line}: ${reply}`);
  }
}

/** Tries once to deliver a message; the client comes from XCLIENT. */
export async function send(port: number, message: Message): Promise<Outcome> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const session = new Session(conn);
  await session.reply();
  await session.must("EHLO client.example", "250");
  const name = message.name ?? "[UNAVAILABLE]";
  const address = message.address.includes(":") ? `IPV6:${message.address}` : message.address;
  const login = message.login === undefined ? "" : ` LOGIN=${message.login}`;
  await session.must(`XCLIENT NAME=${name} REVERSE_NAME=${name} ADDR=${address}${login}`, "220");
  await session.must(`EHLO ${message.helo ?? "client.example"}`, "250");
  await session.must(`MAIL FROM:<${message.sender}>`, "250");
  const recipients: string[] = [];
  for (const recipient of message.recipients) {
    recipients.push(await session.say(`RCPT TO:<${recipient}>`));
  }
  let data: string | undefined;
  if (recipients.some((reply) => reply.startsWith("250"))) {
    data = await session.say("DATA");
    if (data.startsWith("354")) data = await session.say("Subject: test\r\n\r\nHello.\r\n.");
  }
  await session.say("QUIT");
  return { recipients, data };
}
