/**
 * Threads with fewer permissions than the process.
 *
 * @module
 */

export interface ThreadPermissions {
  /** Files and directories. */
  readonly read: readonly string[];
  /** Files and directories. */
  readonly write: readonly string[];
  /** Addresses as `host:port`; true for all, which a Unix socket needs. */
  readonly net?: readonly string[] | true;
  readonly sys?: readonly "statfs"[];
}

/**
 * The URL of a thread's first module.
 *
 * @param path in the source. The executable has the bundle at the same path, and the bundle of this
 * module in the root.
 */
export function threadModule(path: `lib/${string}.ts`): URL {
  return Deno.build.standalone
    ? new URL(path.replace(/ts$/, "js"), import.meta.url)
    : new URL(`../../${path}`, import.meta.url);
}

/** Starts a thread. Its permissions are never wider than those of the process. */
export function startThread(
  module: URL,
  { read, write, net = [], sys = [] }: ThreadPermissions,
): Worker {
  const permissions = {
    read: [...read],
    write: [...write],
    net: net === true ? true : net.length === 0 ? false : [...net],
    sys: sys.length === 0 ? false : [...sys],
    env: false,
    run: false,
    ffi: false,
    import: false,
  };
  return new Worker(module, { type: "module", deno: { permissions } } as WorkerOptions);
}
