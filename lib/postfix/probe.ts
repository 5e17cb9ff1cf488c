/** A check that a policy server replies. */
import type { Endpoint } from "../net/endpoint.ts";
import type { PolicyRequest } from "./request.ts";

/** The stage CONNECT is never greylisted: the request leaves no trace. */
const REQUEST = "request=smtpd_access_policy\nprotocol_state=CONNECT\n\n";

/** Whether a request is one of {@linkcode probe}: Postfix always names the client. */
export function isProbe(request: PolicyRequest): boolean {
  return request.get("protocol_state") === "CONNECT" &&
    (request.get("client_address") ?? "") === "";
}

/**
 * Sends one request.
 *
 * @returns whether a valid reply arrives in time.
 * @throws {Error} if the connection fails.
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
    await conn.write(new TextEncoder().encode(REQUEST));
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
