/**
 * A closed-loop load generator: each connection has one request in flight.
 *
 * @module
 */

/** What the requests are about: strangers only, the same known triplets again and again, or half and half. */
export type Mix = "new" | "repeat" | "mixed";

/** Times are in milliseconds. */
export interface Measurement {
  /** Replies a second. */
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** Replies. */
  readonly count: number;
}

/** Number of triplets that repeat. */
export const REPEATED = 1000;

const encoder = new TextEncoder();

function word(seed: number): string {
  return (Math.imul(seed + 1, 2654435761) >>> 0).toString(36).replaceAll(/[0-9]/g, "");
}

/** A request as Postfix 3.7 sends it: about the same attributes, about the same size. */
export function requestFor(id: number, isKnown: boolean): Uint8Array {
  const sender = isKnown ? `friend.${word(id)}${word(id * 7)}` : `${word(id)}.${word(id * 31)}`;
  const address = `${1 + id % 99}.${(id >> 3) % 250}.${(id >> 11) % 250}.${1 + id % 250}`;
  return encoder.encode([
    "request=smtpd_access_policy",
    "protocol_state=RCPT",
    "protocol_name=ESMTP",
    `client_address=${address}`,
    id % 2 === 0 ? "client_name=unknown" : `client_name=mail.${word(id % 5000)}.example`,
    "reverse_client_name=unknown",
    "client_port=52718",
    "server_address=192.0.2.25",
    "server_port=25",
    `helo_name=mail.${word(id)}.example`,
    `sender=${sender}@${word(id * 3)}.example`,
    `recipient=user${id % 50}@example.org`,
    "recipient_count=0",
    "queue_id=",
    `instance=${id.toString(16)}.6564d8b5.${isKnown ? 1 : 2}.0`,
    "size=4711",
    "etrn_domain=",
    "stress=",
    "sasl_method=",
    "sasl_username=",
    "sasl_sender=",
    "ccert_subject=",
    "ccert_issuer=",
    "ccert_fingerprint=",
    "ccert_pubkey_fingerprint=",
    "encryption_protocol=TLSv1.3",
    "encryption_cipher=TLS_AES_256_GCM_SHA384",
    "encryption_keysize=256",
    "policy_context=",
    "",
    "",
  ].join("\n"));
}

async function ask(conn: Deno.Conn, request: Uint8Array, buffer: Uint8Array): Promise<void> {
  for (let sent = 0; sent < request.length;) sent += await conn.write(request.subarray(sent));
  const count = await conn.read(buffer);
  if (count === null) throw new Error("the server closed the connection");
  if (buffer[count - 1] !== 10 || buffer[count - 2] !== 10) throw new Error("incomplete reply");
}

/** Sends every request once, over eight connections. */
export async function askAll(port: number, requests: readonly Uint8Array[]): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      using conn = await Deno.connect({ hostname: "127.0.0.1", port });
      const buffer = new Uint8Array(4096);
      while (next < requests.length) await ask(conn, requests[next++]!, buffer);
    }),
  );
}

/**
 * Sends requests for some seconds.
 *
 * @param firstId the first id of new triplets; no id is used twice.
 */
export async function measure(
  port: number,
  connections: number,
  seconds: number,
  mix: Mix,
  firstId: number,
): Promise<Measurement & { nextId: number }> {
  const known = Array.from({ length: REPEATED }, (_, id) => requestFor(id, true));
  const latencies: number[] = [];
  let id = firstId;
  const begin = performance.now();
  const end = begin + seconds * 1000;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      using conn = await Deno.connect({ hostname: "127.0.0.1", port });
      const buffer = new Uint8Array(4096);
      while (true) {
        const turn = id++;
        const isKnown = mix === "repeat" || (mix === "mixed" && turn % 2 === 0);
        const request = isKnown ? known[turn % REPEATED]! : requestFor(turn, false);
        const sent = performance.now();
        if (sent >= end) break;
        await ask(conn, request, buffer);
        latencies.push(performance.now() - sent);
      }
    }),
  );
  const took = (performance.now() - begin) / 1000;
  const sorted = Float64Array.from(latencies).sort();
  return {
    rate: sorted.length / took,
    p50: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    count: sorted.length,
    nextId: id,
  };
}
