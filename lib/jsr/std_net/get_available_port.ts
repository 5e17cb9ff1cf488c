/** What {@linkcode getAvailablePort} can be told. */
export interface GetAvailablePortOptions {
  /** The port to take if it is free; 0 leaves the choice to the operating system. */
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
 * A TCP port on which nothing listens at this moment; another process may take it the next.
 *
 * @throws {Error} if the preferred port cannot be tried for another reason than being in use.
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
