/**
 * Harm that clients can do to a policy server, and the latency of another client meanwhile.
 *
 * @module
 */
import { Client, connectTo, letters, pause, request } from "./load.ts";

/** How a bystander fared. */
export interface Fared {
  /** The time that 99 of 100 of its requests took at most, in milliseconds. */
  readonly p99: number;
  /** How often it was answered. */
  readonly count: number;
  /** How often the answer was wrong, or there was none. */
  readonly wrong: number;
}

/** Has harm done while somebody else, in a process of its own, asks one request after the other. */
export async function bystander(path: string, harm: () => Promise<void>): Promise<Fared> {
  const script = new URL("bystander.ts", import.meta.url).pathname;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", script, path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await harm();
  await process.stdin.close();
  const { stdout } = await process.output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Opens connections at once, each with one request; returns them. */
export async function eviction(path: string, count: number): Promise<Client[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => Client.connect(path)));
  await Promise.all(clients.map(async (client, at) => {
    const answer = await client.ask({ sender: `many.${letters(at)}@example.org` });
    if (!answer?.startsWith("action=DEFER")) throw new Error(`answered ${answer}`);
  }));
  return clients;
}

/** Connections that come, sometimes say half a request, and go. */
export async function comeAndGo(path: string, count: number): Promise<void> {
  for (let at = 0; at < count; at += 50) {
    const conns = await Promise.all(Array.from({ length: 50 }, () => connectTo(path)));
    for (const [which, conn] of conns.entries()) {
      if (which % 3 === 1) await conn.write(request({}).subarray(0, 40)).catch(() => {});
      conn.close();
    }
  }
}

/** Half of them send a byte now and then, half of them half a request; waits until they are cut off. */
export async function writeSlowly(path: string, count: number): Promise<void> {
  const bytes = request({});
  const conns = await Promise.all(Array.from({ length: count }, () => connectTo(path)));
  await Promise.all(conns.map(async (conn, at) => {
    const pieces = at % 2 === 0
      ? [...bytes.subarray(0, 12)].map((byte) => new Uint8Array([byte]))
      : [bytes.subarray(0, bytes.length / 2)];
    for (const piece of pieces) {
      await conn.write(piece).catch(() => {});
      if (at % 2 === 0) await pause(200);
    }
    const answer = await conn.read(new Uint8Array(10)).catch(() => null);
    if (answer !== null) throw new Error("it was answered");
    conn.close();
  }));
}

const RUBBISH: readonly ((bytes: Uint8Array<ArrayBuffer>) => void)[] = [
  (bytes) => crypto.getRandomValues(bytes),
  (bytes) => bytes.fill(120),
  (bytes) => bytes.fill(10),
  (bytes) => bytes.fill(61),
  (bytes) => bytes.set(new TextEncoder().encode("name=value\n".repeat(5957)).subarray(0, 65_536)),
];

/** Rubbish of five kinds over eight connections, each until the server hangs up. */
export async function pourRubbish(path: string, megabytes: number): Promise<void> {
  let [sent, turns] = [0, 0];
  await Promise.all(Array.from({ length: 8 }, async () => {
    const bytes = new Uint8Array(65_536);
    while (sent < megabytes * 1e6) {
      RUBBISH[turns++ % RUBBISH.length]!(bytes);
      const conn = await connectTo(path);
      // A client that does not read its answers is another kind of harm.
      const reading = conn.readable.pipeTo(new WritableStream(), { preventCancel: true })
        .catch(() => {});
      try {
        for (let turn = 0; turn < 20; turn++) {
          await conn.write(bytes);
          sent += bytes.length;
        }
      } catch {
        // The server hung up.
      }
      try {
        conn.close();
      } catch {
        // The reader did.
      }
      await reading;
    }
  }));
}
