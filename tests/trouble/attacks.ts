/**
 * Attacks of policy clients on the server, and the service that another client gets meanwhile.
 *
 * @module
 */
import { pause } from "../eventually.ts";
import { type PolicyClient, requestBytes } from "../policy_client.ts";
import { clientOf, connectTo, letters } from "./load.ts";

export interface BystanderResult {
  /** The 99th percentile of the latency, in milliseconds. */
  readonly p99: number;
  /** Requests. */
  readonly count: number;
  /** Requests with a wrong reply or none. */
  readonly wrong: number;
}

/** Runs an attack while a bystander sends one request after the other. */
export async function withBystander(
  path: string,
  attack: () => Promise<void>,
): Promise<BystanderResult> {
  const script = new URL("bystander.ts", import.meta.url).pathname;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", script, path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const chunks = process.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  // An attack may leave no place for another connection.
  const { value: first } = await chunks.next();
  if (first !== "connected\n") throw new Error(`no bystander: ${first}`);
  await attack();
  await process.stdin.close();
  let result = "";
  for await (const text of chunks) result += text;
  return JSON.parse(result);
}

/** Opens connections at once and sends one request on each. */
export async function openConnections(path: string, count: number): Promise<PolicyClient[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => clientOf(path)));
  await Promise.all(clients.map(async (client, at) => {
    const reply = await client.ask({ sender: `many.${letters(at)}@example.org` });
    if (!reply?.startsWith("action=DEFER")) throw new Error(`unexpected reply: ${reply}`);
  }));
  return clients;
}

/** Opens and closes connections; a third of them sends part of a request. */
export async function openAndClose(path: string, count: number): Promise<void> {
  for (let at = 0; at < count; at += 50) {
    const conns = await Promise.all(Array.from({ length: 50 }, () => connectTo(path)));
    for (const [which, conn] of conns.entries()) {
      if (which % 3 === 1) await conn.write(requestBytes().subarray(0, 40)).catch(() => {});
      conn.close();
    }
  }
}

/** Sends single bytes slowly on half of the connections and half a request on the others, until closed. */
export async function writeSlowly(path: string, count: number): Promise<void> {
  const bytes = requestBytes();
  const conns = await Promise.all(Array.from({ length: count }, () => connectTo(path)));
  await Promise.all(conns.map(async (conn, at) => {
    const pieces = at % 2 === 0
      ? [...bytes.subarray(0, 12)].map((byte) => new Uint8Array([byte]))
      : [bytes.subarray(0, bytes.length / 2)];
    for (const piece of pieces) {
      await conn.write(piece).catch(() => {});
      if (at % 2 === 0) await pause(200);
    }
    const reply = await conn.read(new Uint8Array(10)).catch(() => null);
    if (reply !== null) throw new Error("an incomplete request was answered");
    conn.close();
  }));
}

const GARBAGE: readonly ((bytes: Uint8Array<ArrayBuffer>) => void)[] = [
  (bytes) => crypto.getRandomValues(bytes),
  (bytes) => bytes.fill(120),
  (bytes) => bytes.fill(10),
  (bytes) => bytes.fill(61),
  (bytes) => bytes.set(new TextEncoder().encode("name=value\n".repeat(5957)).subarray(0, 65_536)),
];

/** Sends garbage of each kind over eight connections, on each until the server closes it. */
export async function sendGarbage(path: string, megabytes: number): Promise<void> {
  let [sent, turns] = [0, 0];
  await Promise.all(Array.from({ length: 8 }, async () => {
    const bytes = new Uint8Array(65_536);
    while (sent < megabytes * 1e6) {
      GARBAGE[turns++ % GARBAGE.length]!(bytes);
      const conn = await connectTo(path);
      // A client that does not read its replies is another attack.
      const reading = conn.readable.pipeTo(new WritableStream(), { preventCancel: true })
        .catch(() => {});
      try {
        for (let turn = 0; turn < 20; turn++) {
          await conn.write(bytes);
          sent += bytes.length;
        }
      } catch {
        // The server closed the connection.
      }
      try {
        conn.close();
      } catch {
        // The reader closed it.
      }
      await reading;
    }
  }));
}
