/**
 * A DNS server that does what no real one does on demand.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createSocket, type Socket } from "node:dgram";
import { getAvailablePort } from "@std/net/get-available-port";
// @ts-types="@types/dns-packet"
import packet, { type RecordType } from "dns-packet";
import { pause } from "./load.ts";

/** What it does with a question. */
export type Mood =
  /** Answers out of its records. */
  | "well"
  /** Says nothing. */
  | "silent"
  /** Sends noise, and what almost is an answer. */
  | "garbage"
  /** Answers after ten seconds. */
  | "slow"
  /** Sends as much as a message can hold, over TCP. */
  | "gigantic"
  /** Announces a message over TCP and sends it byte by byte. */
  | "dripping";

/** An answer of almost 64 KiB: a record of SPF as long as it can be. */
function gigantic(id: number, name: string, type: RecordType): Uint8Array {
  const question = { type, name } as const;
  const strings = Array.from({ length: 240 }, () => "ip4:192.0.2.1 ".repeat(18));
  const data = ["v=spf1 ", ...strings, "-all"];
  const longest = { type: "TXT", name, ttl: 300, data } as const;
  return packet.encode({ type: "response", id, questions: [question], answers: [longest] });
}

/** A server on a port of 127.0.0.1, over UDP and TCP. */
export class HostileDns {
  /** How it behaves. */
  mood: Mood = "well";
  /** What it was asked. */
  readonly asked: string[] = [];
  /** Where it is. */
  readonly port = getAvailablePort();
  readonly #records: (name: string) => string | undefined;
  readonly #socket: Socket = createSocket("udp4");
  readonly #listener: Deno.Listener;
  readonly #conns = new Set<Deno.Conn>();
  #isOver = false;

  private constructor(records: (name: string) => string | undefined) {
    this.#records = records;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: this.port });
  }

  /** Starts one that knows the TXT record of some names. */
  static async start(records: (name: string) => string | undefined): Promise<HostileDns> {
    const server = new HostileDns(records);
    server.#socket.on("message", (bytes, { port, address }) => {
      server.#answer(bytes, (reply) => server.#socket.send(reply, port, address));
    });
    await new Promise<void>((resolve) => server.#socket.bind(server.port, "127.0.0.1", resolve));
    server.#accept();
    return server;
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#listener.close();
    for (const conn of this.#conns) conn.close();
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  #reply(id: number, name: string, type: RecordType): Uint8Array {
    const record = type === "TXT" ? this.#records(name) : undefined;
    // Nothing is kept: what changes is seen at once.
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
    this.asked.push(`${type} ${name}`);
    switch (this.mood) {
      case "well":
        return send(this.#reply(id, name, type));
      case "silent":
        return;
      case "garbage":
        send(new Uint8Array());
        send(crypto.getRandomValues(new Uint8Array(500)));
        send(this.#reply(id + 1, name, type));
        send(this.#reply(id, "other.example", type));
        send(this.#reply(id, name, type).subarray(0, 20));
        return;
      case "slow":
        await pause(10_000);
        if (!this.#isOver) send(this.#reply(id, name, type));
        return;
      case "gigantic":
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
          // The other side gave it up.
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
    const message = gigantic(id, question!.name, question!.type);
    const framed = new Uint8Array(message.length + 2);
    new DataView(framed.buffer).setUint16(0, message.length);
    framed.set(message, 2);
    if (this.mood === "gigantic") {
      for (let sent = 0; sent < framed.length;) sent += await conn.write(framed.subarray(sent));
      return;
    }
    for (let at = 0; at < framed.length && !this.#isOver; at++) {
      await conn.write(framed.subarray(at, at + 1));
      await pause(50);
    }
  }
}
