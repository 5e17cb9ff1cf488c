import { type Endpoint, formatEndpoint } from "../net/endpoint.ts";

const messageOf = (error: unknown) => error instanceof Error ? error.message : String(error);

/** The meaning of an action of access(5) for another mail server. */
export interface PolicyResult {
  readonly kind: "accept" | "defer" | "reject";
  /** With an enhanced status code; empty for "accept". */
  readonly text: string;
}

const ACCEPT: PolicyResult = { kind: "accept", text: "" };

/** Reads the action of a reply; a header or an action that is no refusal accepts. */
export function resultOf(action: string): PolicyResult {
  const [, word = "", text = ""] = /^(\S+) ?(.*)$/s.exec(action) ?? [];
  if (/^(?:DEFER(?:_IF_\w+)?|4\d\d)$/i.test(word)) return { kind: "defer", text };
  if (/^(?:REJECT|5\d\d)$/i.test(word)) return { kind: "reject", text };
  return ACCEPT;
}

/** A connection to a policy server that asks one request after the other, as smtpd does. */
export class PolicyClient {
  readonly #endpoint: Endpoint;
  readonly #timeoutMs: number;
  #conn: Deno.Conn | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(endpoint: Endpoint, timeoutMs: number) {
    this.#endpoint = endpoint;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @param attributes without line breaks.
   * @throws {Error} that names the endpoint, if no reply arrives in time. The next request connects anew.
   */
  ask(attributes: Readonly<Record<string, string>>): Promise<PolicyResult> {
    const answer = this.#turn.then(() => this.#askNow(attributes));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  async #askNow(attributes: Readonly<Record<string, string>>): Promise<PolicyResult> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.close();
    }, this.#timeoutMs);
    try {
      const isReused = this.#conn !== undefined;
      return await this.#exchange(attributes).catch((error) => {
        // The server may have closed it in the meantime, such as at its restart.
        if (!isReused || isLate) throw error;
        this.close();
        return this.#exchange(attributes);
      });
    } catch (error) {
      this.close();
      const why = isLate ? `timeout after ${this.#timeoutMs} ms` : messageOf(error);
      throw new Error(`no reply from ${formatEndpoint(this.#endpoint)}: ${why}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  async #exchange(attributes: Readonly<Record<string, string>>): Promise<PolicyResult> {
    const conn = this.#conn ??= await this.#connect();
    const lines = Object.entries(attributes).map(([name, value]) => `${name}=${value}\n`);
    const bytes = new TextEncoder().encode(`${lines.join("")}\n`);
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
    return resultOf(await this.#read(conn));
  }

  #connect(): Promise<Deno.Conn> {
    const endpoint = this.#endpoint;
    return endpoint.kind === "unix"
      ? Deno.connect({ transport: "unix", path: endpoint.path })
      : Deno.connect({ hostname: endpoint.host, port: endpoint.port });
  }

  async #read(conn: Deno.Conn): Promise<string> {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(1024);
    let text = "";
    while (!text.endsWith("\n\n")) {
      const count = await conn.read(buffer);
      if (count === null) throw new Error("the connection was closed");
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
    const action = /^action=(.*)\n\n$/.exec(text)?.[1];
    if (action === undefined) throw new Error("the reply is no action");
    return action;
  }

  close(): void {
    try {
      this.#conn?.close();
    } catch {
      // Closed already.
    }
    this.#conn = undefined;
  }
}
