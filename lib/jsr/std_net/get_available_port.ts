export interface GetAvailablePortOptions {
  /** Returned if it is free; 0 lets the operating system choose. */
  preferredPort?: number;
}

function probe(port: number): number {
  const listener = Deno.listen({ port });
  try {
    return listener.addr.port;
  } finally {
    listener.close();
  }
}

/**
 * Returns a TCP port that is free now; another process may take it at any time.
 *
 * @throws {Error} if the preferred port fails for another reason than being in use.
 */
export function getAvailablePort(options?: GetAvailablePortOptions): number {
  if (options?.preferredPort) {
    try {
      return probe(options.preferredPort);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  return probe(0);
}
