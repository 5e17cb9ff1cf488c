/** One DNS query to one server: over UDP, and over TCP if the reply is truncated. */
import { builtin } from "../node/builtin.ts";
import { formatAddress, parseAddress } from "../net/network.ts";
import { decodeReply, type DnsReply, encodeQuestion, type RecordType } from "./message.ts";

export interface DnsServer {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
}

export function formatServer({ address, port }: DnsServer): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Parses `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`; the default port is 53. */
export function parseServer(text: string): DnsServer | undefined {
  if (parseAddress(text) !== undefined) return { address: text, port: 53 };
  const match = /^(?:\[(.+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3] ?? "53");
  return parseAddress(address) === undefined || port < 1 || port > 65_535
    ? undefined
    : { address, port };
}

function questionId(): number {
  return crypto.getRandomValues(new Uint16Array(1))[0]!;
}

function isSameAddress(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => parseAddress(text.replace(/%.*$/, "")));
  return a !== undefined && b !== undefined && formatAddress(a) === formatAddress(b);
}

/** Datagrams that do not answer the query are ignored. */
function askByDatagram(
  server: DnsServer,
  name: string,
  type: RecordType,
  signal: AbortSignal,
): Promise<DnsReply> {
  const id = questionId();
  const { promise, resolve, reject } = Promise.withResolvers<DnsReply>();
  // A socket for each query: the source port must be as hard to guess as the ID (RFC 5452).
  const socket = builtin("node:dgram").createSocket(server.address.includes(":") ? "udp6" : "udp4");
  const abort = () => reject(signal.reason);
  socket.on("error", reject);
  socket.on("message", (bytes, from) => {
    // Deno delivers datagrams of other senders to a connected socket too.
    if (from.port !== server.port || !isSameAddress(from.address, server.address)) return;
    const reply = decodeReply(bytes, id, name, type);
    if (reply.kind !== "unrelated") resolve(reply);
  });
  signal.addEventListener("abort", abort, { once: true });
  socket.connect(server.port, server.address, () => {
    socket.send(encodeQuestion(id, name, type), (error) => error && reject(error));
  });
  return promise.finally(() => {
    signal.removeEventListener("abort", abort);
    socket.close();
  });
}

async function readFully(conn: Deno.Conn, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const count = await conn.read(bytes.subarray(at));
    if (count === null) {
      throw new Error("the server closed the connection before the end of its reply");
    }
    at += count;
  }
  return bytes;
}

async function askByStream(
  server: DnsServer,
  name: string,
  type: RecordType,
  signal: AbortSignal,
): Promise<DnsReply> {
  const id = questionId();
  const conn = await Deno.connect({ hostname: server.address, port: server.port, signal });
  const close = () => conn.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    const question = encodeQuestion(id, name, type);
    const framed = new Uint8Array(question.length + 2);
    new DataView(framed.buffer).setUint16(0, question.length);
    framed.set(question, 2);
    for (let at = 0; at < framed.length;) at += await conn.write(framed.subarray(at));
    const size = await readFully(conn, 2);
    const reply = decodeReply(
      await readFully(conn, new DataView(size.buffer).getUint16(0)),
      id,
      name,
      type,
    );
    const isAnswer = reply.kind !== "unrelated" && reply.kind !== "truncated";
    return isAnswer ? reply : { kind: "failure", why: `${reply.kind} over TCP` };
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", close);
    if (!signal.aborted) conn.close();
  }
}

/**
 * Sends a query to one server and waits for its reply.
 *
 * @throws {Error} if the server cannot be reached.
 * @throws {unknown} the signal's reason, if it is aborted.
 */
export async function askServer(
  server: DnsServer,
  name: string,
  type: RecordType,
  signal: AbortSignal,
): Promise<DnsReply> {
  const reply = await askByDatagram(server, name, type, signal);
  return reply.kind === "truncated" ? await askByStream(server, name, type, signal) : reply;
}
