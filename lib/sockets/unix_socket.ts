/**
 * Listening on a Unix socket whose file may be left over from a process that died.
 *
 * @module
 */

async function isLive(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch (error) {
    // Nobody listens: what is there is what a dead process left behind.
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

/**
 * Listens on a Unix socket. A stale socket file is replaced; the file is removed when the listener
 * is closed.
 *
 * @param mode the permissions of the socket file; a client needs to read and write it.
 * @throws {Error} that names the path if a live process holds it, if it is no socket, or if it
 * cannot be made.
 */
export async function openUnixSocket(path: string, mode: number): Promise<Deno.UnixListener> {
  try {
    let info: Deno.FileInfo | undefined;
    try {
      info = await Deno.lstat(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    if (info !== undefined) {
      if (!info.isSocket) throw new Error("the file that is there is no socket; move it away");
      if (await isLive(path)) {
        throw new Error("another process listens there already; stop it first");
      }
      await Deno.remove(path);
    }
    const listener = Deno.listen({ transport: "unix", path });
    await Deno.chmod(path, mode);
    return listener;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot listen on unix:${path}: ${why}`, { cause: error });
  }
}
