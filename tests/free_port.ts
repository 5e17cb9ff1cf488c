/** Below the ports that Linux gives to clients and to `port: 0` (ip_local_port_range). */
const FIRST = 24_000;
const COUNT = 8000;

/** Has the latest port; locked while the next is chosen. */
const COUNTER = `${Deno.env.get("TMPDIR") ?? "/tmp"}/greylag-test-port.${Deno.uid()}`;

function isFree(port: number): boolean {
  try {
    Deno.listen({ port }).close();
    Deno.listenDatagram({ port, transport: "udp", hostname: "0.0.0.0" }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/**
 * A free TCP and UDP port that no other test on this machine gets for a long time. A port that the
 * system chooses could be taken before a daemon listens on it.
 */
export function freePort(): number {
  using file = Deno.openSync(COUNTER, { read: true, write: true, create: true });
  // Test files run side by side.
  file.lockSync(true);
  const newest = Number(Deno.readTextFileSync(COUNTER)) || FIRST;
  for (let more = 1; more <= COUNT; more++) {
    const port = FIRST + (newest - FIRST + more) % COUNT;
    if (!isFree(port)) continue;
    Deno.writeTextFileSync(COUNTER, String(port));
    return port;
  }
  throw new Error(`no port from ${FIRST} to ${FIRST + COUNT - 1} is free`);
}
