/**
 * Asking a policy server whether it is there, as Postfix would.
 *
 * @module
 */
import type { Endpoint } from "../net/endpoint.ts";

/** A stage that is never greylisted, so that nothing is remembered of the question. */
const QUESTION = "request=smtpd_access_policy\nprotocol_state=CONNECT\n\n";

/**
 * Asks once and waits for the answer.
 *
 * @param timeoutMs milliseconds.
 * @returns whether what answers speaks the protocol.
 * @throws {Error} if nobody listens there.
 */
export async function probe(endpoint: Endpoint, timeoutMs: number): Promise<boolean> {
  const conn = endpoint.kind === "unix"
    ? await Deno.connect({ transport: "unix", path: endpoint.path })
    : await Deno.connect({ hostname: endpoint.host, port: endpoint.port });
  let isOpen = true;
  const close = () => {
    if (isOpen) conn.close();
    isOpen = false;
  };
  const timer = setTimeout(close, timeoutMs);
  try {
    await conn.write(new TextEncoder().encode(QUESTION));
    const buffer = new Uint8Array(512);
    const count = await conn.read(buffer);
    return /^action=\S.*\n\n$/.test(new TextDecoder().decode(buffer.subarray(0, count ?? 0)));
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    close();
  }
}
