/**
 * An SMTP client that can appear as anybody (Postfix's XCLIENT) and tells every reply.
 *
 * @module
 */

/** Client and envelope of a message. */
export interface Message {
  /** The client's address. */
  readonly address: string;
  /** The client's verified name; unknown if it is left out. */
  readonly name?: string;
  /** What it calls itself; client.example if it is left out. */
  readonly helo?: string;
  /** The envelope sender; empty for the null sender. */
  readonly sender: string;
  /** The envelope recipients. */
  readonly recipients: readonly string[];
}

/** What became of it. */
export interface Outcome {
  /** The reply to each RCPT TO. */
  readonly recipients: readonly string[];
  /** The reply to DATA or to the message itself; undefined if no recipient was accepted. */
  readonly data: string | undefined;
}

class Dialog {
  readonly #conn: Deno.Conn;
  readonly #buffer = new Uint8Array(4096);
  #text = "";

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** The next reply, all of its lines. */
  async reply(): Promise<string> {
    const complete = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/;
    let match = complete.exec(this.#text);
    while (match === null) {
      const count = await this.#conn.read(this.#buffer);
      if (count === null) throw new Error(`the server hung up: ${this.#text}`);
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

/** Tries once to deliver a message. */
export async function send(port: number, message: Message): Promise<Outcome> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const dialog = new Dialog(conn);
  await dialog.reply();
  await dialog.must("EHLO client.example", "250");
  const name = message.name ?? "[UNAVAILABLE]";
  const address = message.address.includes(":") ? `IPV6:${message.address}` : message.address;
  await dialog.must(`XCLIENT NAME=${name} REVERSE_NAME=${name} ADDR=${address}`, "220");
  await dialog.must(`EHLO ${message.helo ?? "client.example"}`, "250");
  await dialog.must(`MAIL FROM:<${message.sender}>`, "250");
  const recipients: string[] = [];
  for (const recipient of message.recipients) {
    recipients.push(await dialog.say(`RCPT TO:<${recipient}>`));
  }
  let data: string | undefined;
  if (recipients.some((reply) => reply.startsWith("250"))) {
    data = await dialog.say("DATA");
    if (data.startsWith("354")) data = await dialog.say("Subject: test\r\n\r\nHello.\r\n.");
  }
  await dialog.say("QUIT");
  return { recipients, data };
}
