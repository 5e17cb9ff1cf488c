import { Buffer } from "node:buffer";
import { createSocket, type Socket } from "node:dgram";
import { freePort } from "../free_port.ts";
// @ts-types="@types/dns-packet"
import packet, { type RecordType } from "dns-packet";
import { pause } from "../eventually.ts";

export type Behaviour =
  /** Responds from its records. */
  | "normal"
  /** Does not respond. */
  | "silent"
  /** Sends random bytes, truncated messages, and responses to other queries. */
  | "garbage"
  /** Responds after ten seconds. */
  | "slow"
  /** Sends a response of almost 64 KiB over TCP. */
  | "oversized"
  /** Sends a response over TCP byte by byte. */
  | "dripping";

/** A response of almost 64 KiB: one SPF record. */
function oversized(id: number, name: string, type: RecordType): Uint8Array {
  const question = { type, name } as const;
  const strings = Array.from({ length: 240 }, () => "ip4:192.0.2.1 ".repeat(18));
  const data = ["v=spf1 ", ...strings, "-all"];
  const longest = { type: "TXT", name, ttl: 300, data } as const;
  return packet.encode({ type: "response", id, questions: [question], answers: [longest] });
}

/** A DNS server that misbehaves on demand, on a port of 127.0.0.1, over UDP and TCP. */
export class HostileDns {
  behaviour: Behaviour = "normal";
  /** Type and name of each query. */
  readonly queries: string[] = [];
  readonly port = freePort();
  readonly #records: (name: string) => string | undefined;
  readonly #socket: Socket = createSocket("udp4");
  readonly #listener: Deno.Listener;
  readonly #conns = new Set<Deno.Conn>();
  #isOver = false;

  private constructor(records: (name: string) => string | undefined) {
    this.#records = records;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: this.port });
  }

  /** @param records the TXT record of a name. */
  static async start(records: (name: string) => string | undefined): Promise<HostileDns> {
    const server = new HostileDns(records);
    server.#socket.on("message", (bytes, { port, address }) => {
      server.#answer(bytes, (reply) => server.#socket.send(reply, port, address));
    });
    await new Promise<void>((resolve) => server.#socket.bind(server.port, "127.0.0.1", resolve));
    server.#accept();
    return server;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    this.#listener.close();
    for (const conn of this.#conns) conn.close();
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  #reply(id: number, name: string, type: RecordType): Uint8Array {
    const record = type === "TXT" ? this.#records(name) : undefined;
    // Without a TTL no response is cached.
    const answers = record === undefined ? [] : [{ type: "TXT", name, ttl: 0, data: [record] }];
    return packet.encode({
      type: "response",
      id,
      questions: [{ type, name }],
      answers: answers as Parameters<typeof packet.encode>[0]["answers"],
    });
  }

  async #answer(bytes: Uint8Array, send: (reply: Uint8Array) => void): Promise<void> {
    const { id = 0, questions: [question] = [] } = packet.decode(Buffer.from(bytes));
    const { name, type } = question!;
    this.queries.push(`${type} ${name}`);
    switch (this.behaviour) {
      case "normal":
        return send(this.#reply(id, name, type));
      case "silent":
        return;
      case "garbage":
        send(new Uint8Array());
        send(crypto.getRandomValues(new Uint8Array(500)));
        send(this.#reply((id + 1) & 0xffff, name, type));
        send(this.#reply(id, "other.example", type));
        send(this.#reply(id, name, type).subarray(0, 20));
        return;
      case "slow":
        await pause(10_000);
        if (!this.#isOver) send(this.#reply(id, name, type));
        return;
      case "oversized":
      case "dripping":
        return send(packet.encode({
          type: "response",
          id,
          flags: packet.TRUNCATED_RESPONSE,
          questions: [{ type, name }],
        }));
    }
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.#conns.add(conn);
      this.#stream(conn).catch(() => {}).finally(() => {
        this.#conns.delete(conn);
        try {
          conn.close();
        } catch {
          // The client closed it.
        }
      });
    }
  }

  async #stream(conn: Deno.Conn): Promise<void> {
    const bytes = new Uint8Array(1000);
    const count = await conn.read(bytes);
    if (count === null) return;
    const { id = 0, questions: [question] = [] } = packet.decode(
      Buffer.from(bytes.subarray(2, count)),
    );
    const message = oversized(id, question!.name, question!.type);
    const framed = new Uint8Array(message.length + 2);
    new DataView(framed.buffer).setUint16(0, message.length);
    framed.set(message, 2);
    if (this.behaviour === "oversized") {
      for (let sent = 0; sent < framed.length;) sent += await conn.write(framed.subarray(sent));
      return;
    }
    for (let at = 0; at < framed.length && !this.#isOver; at++) {
      await conn.write(framed.subarray(at, at + 1));
      await pause(50);
    }
  }
}
