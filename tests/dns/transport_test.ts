import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
// @ts-types="@types/dns-packet"
import packet from "dns-packet";
import { askServer, type DnsServer, formatServer, parseServer } from "../../lib/dns/transport.ts";

/** The reply to a query, with TXT records of some strings. */
function reply(query: Uint8Array, flags: number, strings: readonly string[] = []): Uint8Array {
  const { id = 0, questions = [] } = packet.decode(Buffer.from(query));
  const { name } = questions[0]!;
  const answers = strings.map((data) => ({ type: "TXT", name, ttl: 60, data }) as const);
  return packet.encode({ type: "response", id, flags, questions, answers });
}

interface Behaviour {
  readonly overUdp: (query: Uint8Array) => Uint8Array | undefined;
  /** The bytes of the TCP connection, length prefix included. */
  readonly overTcp: (query: Uint8Array) => Uint8Array;
}

function framed(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(message.length + 2);
  new DataView(bytes.buffer).setUint16(0, message.length);
  bytes.set(message, 2);
  return bytes;
}

async function withServer(
  { overUdp, overTcp }: Behaviour,
  body: (server: DnsServer) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const socket = createSocket("udp4");
  socket.on("message", (bytes, from) => {
    const answer = overUdp(bytes);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(port, "127.0.0.1", resolve));
  const serving = (async () => {
    for await (const conn of listener) {
      const buffer = new Uint8Array(1000);
      const count = await conn.read(buffer) ?? 0;
      await conn.write(overTcp(buffer.subarray(2, count)));
      conn.close();
    }
  })();
  try {
    await body({ address: "127.0.0.1", port });
  } finally {
    listener.close();
    await new Promise<void>((resolve) => socket.close(resolve));
    await serving;
  }
}

const ask = (server: DnsServer, signal = AbortSignal.timeout(2000)) =>
  askServer(server, "example.com", "TXT", signal);

const truncated = (query: Uint8Array) => reply(query, packet.TRUNCATED_RESPONSE);

Deno.test("a server is parsed with or without its port", () => {
  const table: [text: string, server: DnsServer | undefined, formatted?: string][] = [
    ["192.0.2.53", { address: "192.0.2.53", port: 53 }, "192.0.2.53:53"],
    ["192.0.2.53:5353", { address: "192.0.2.53", port: 5353 }, "192.0.2.53:5353"],
    ["2001:db8::53", { address: "2001:db8::53", port: 53 }, "[2001:db8::53]:53"],
    ["[2001:db8::53]:5353", { address: "2001:db8::53", port: 5353 }, "[2001:db8::53]:5353"],
    ["192.0.2.53:0", undefined],
    ["192.0.2.53:65536", undefined],
    ["dns.example", undefined],
    ["", undefined],
  ];
  for (const [text, server, formatted] of table) {
    assertEquals(parseServer(text), server, text);
    if (server !== undefined) assertEquals(formatServer(server), formatted);
  }
});

Deno.test("a truncated reply is queried again over TCP", async () => {
  await withServer({
    overUdp: truncated,
    overTcp: (query) => framed(reply(query, 0, ["long"])),
  }, async (server) => {
    assertEquals(await ask(server), { kind: "records", records: ["long"], ttl: 60 });
  });
});

Deno.test("a reply over UDP needs no TCP", async () => {
  await withServer({
    overUdp: (query) => reply(query, 0, ["short"]),
    overTcp: () => assert(false) as never,
  }, async (server) => {
    assertEquals(await ask(server), { kind: "records", records: ["short"], ttl: 60 });
  });
});

Deno.test("a truncated or unrelated reply over TCP is a failure", async () => {
  const unrelated = (query: Uint8Array) => {
    const bytes = reply(query, 0);
    bytes[0]! ^= 1;
    return bytes;
  };
  for (const [over, why] of [[truncated, "truncated"], [unrelated, "unrelated"]] as const) {
    await withServer({ overUdp: truncated, overTcp: (query) => framed(over(query)) }, async (
      server,
    ) => {
      assertEquals(await ask(server), { kind: "failure", why: `${why} over TCP` });
    });
  }
});

Deno.test("a connection closed early is an error", async () => {
  await withServer({
    overUdp: truncated,
    overTcp: (query) => framed(reply(query, 0, ["long"])).subarray(0, 20),
  }, async (server) => {
    await assertRejects(() => ask(server), Error, "before the end of its reply");
  });
});

Deno.test("a signal ends the wait with its reason", async () => {
  await withServer({ overUdp: () => undefined, overTcp: () => new Uint8Array() }, async (
    server,
  ) => {
    const controller = new AbortController();
    const waiting = ask(server, controller.signal);
    controller.abort(new Error("enough"));
    await assertRejects(() => waiting, Error, "enough");
  });
});
