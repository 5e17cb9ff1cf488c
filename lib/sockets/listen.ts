/** Listening on TCP addresses and Unix sockets. */
import { type Endpoint, formatEndpoint } from "../net/endpoint.ts";
import { messageOf } from "../text/error_message.ts";

/** A listening socket of either kind. */
export type Acceptor = Deno.Listener<Deno.Conn>;

/** Maximum bytes of a path: `sun_path` of `struct sockaddr_un`, without the final NUL. */
export const MAX_SOCKET_PATH = Deno.build.os === "linux" ? 107 : 103;

const NEW_SUFFIX = ".new";

/**
 * Checks the length of a Unix socket's path.
 *
 * @param isShared {@linkcode shareEndpoint} listens there, which needs a longer, temporary path.
 * @returns the error, or undefined.
 */
export function socketPathError(path: string, isShared = false): string | undefined {
  const spare = isShared ? NEW_SUFFIX.length : 0;
  const { length } = new TextEncoder().encode(path);
  if (length + spare <= MAX_SOCKET_PATH) return undefined;
  const limit = `at most ${MAX_SOCKET_PATH - spare} are possible on this system` +
    (isShared ? ` (${MAX_SOCKET_PATH}, less ${spare} for a temporary name)` : "");
  return `the path of the socket has ${length} bytes, ${limit}: ${path}. Choose a shorter path`;
}

/** The error of an endpoint that cannot be listened on; its message names the endpoint. */
export function listenError(endpoint: Endpoint, cause: unknown, isShared = false): Error {
  const tooLong = endpoint.kind === "unix" ? socketPathError(endpoint.path, isShared) : undefined;
  if (tooLong !== undefined) return new Error(`cannot listen: ${tooLong}`, { cause });
  const why = cause instanceof Deno.errors.AddrInUse
    ? "another program listens there already"
    : cause instanceof Deno.errors.PermissionDenied
    ? "permission denied"
    : messageOf(cause);
  return new Error(`cannot listen on ${formatEndpoint(endpoint)}: ${why}`, { cause });
}

async function isLive(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

/** Removes the socket file that a dead process left behind. */
async function removeStale(path: string): Promise<void> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (!info.isSocket) throw new Error("the file that is there is no socket; move it away");
  if (await isLive(path)) {
    throw new Error("another process listens there already; stop it first");
  }
  await Deno.remove(path);
}

/**
 * Listens on a Unix socket. A stale socket file is replaced; closing the listener removes the file.
 *
 * @param mode the permissions of the socket file; a client needs to read and write it.
 * @throws {Error} that names the path if a live process holds it, if another kind of file is there,
 * or if the socket cannot be created.
 */
export async function openUnixSocket(path: string, mode: number): Promise<Deno.UnixListener> {
  try {
    await removeStale(path);
    const listener = Deno.listen({ transport: "unix", path });
    await Deno.chmod(path, mode);
    return listener;
  } catch (error) {
    throw listenError({ kind: "unix", path }, error);
  }
}

/** The path at which a socket is made before it takes the place of another. */
export function newSocketPath(path: string): string {
  return path + NEW_SUFFIX;
}

/** Moves the socket file at {@linkcode newSocketPath} to its path; connections to the one there stay. */
async function putInPlace(path: string, mode: number): Promise<void> {
  await Deno.chmod(newSocketPath(path), mode);
  await Deno.rename(newSocketPath(path), path);
}

/**
 * Listens on an endpoint that another thread of this process may share, or take over: on TCP by
 * SO_REUSEPORT, on a Unix socket by replacing its file. Closing the listener leaves the file.
 *
 * @param mode the permissions of a Unix socket.
 * @throws {Error} that names the endpoint.
 */
export async function shareEndpoint(endpoint: Endpoint, mode: number): Promise<Acceptor> {
  try {
    if (endpoint.kind === "inet") {
      const { host: hostname, port } = endpoint;
      return Deno.listen({ hostname, port, reusePort: true });
    }
    const path = newSocketPath(endpoint.path);
    await Deno.remove(path).catch(() => {});
    const listener = Deno.listen({ transport: "unix", path });
    await putInPlace(endpoint.path, mode);
    return listener;
  } catch (error) {
    throw listenError(endpoint, error, true);
  }
}

/** @throws {Error} that names the endpoint if it is not free; removes the socket of a dead process. */
export async function checkFree(endpoint: Endpoint): Promise<void> {
  (await listen(endpoint, 0o600)).acceptor.close();
}

/**
 * Listens on an endpoint; port 0 takes any free port.
 *
 * @param socketMode the permissions of a Unix socket.
 * @returns the socket, and the endpoint with its port.
 * @throws {Error} that names the endpoint.
 */
export async function listen(
  endpoint: Endpoint,
  socketMode: number,
): Promise<{ readonly acceptor: Acceptor; readonly bound: Endpoint }> {
  if (endpoint.kind === "unix") {
    return { acceptor: await openUnixSocket(endpoint.path, socketMode), bound: endpoint };
  }
  try {
    const acceptor = Deno.listen({ hostname: endpoint.host, port: endpoint.port });
    return { acceptor, bound: { ...endpoint, port: acceptor.addr.port } };
  } catch (error) {
    throw listenError(endpoint, error);
  }
}
