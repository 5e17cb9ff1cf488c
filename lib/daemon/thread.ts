/**
 * Starting a thread that may do less than the process.
 *
 * @module
 */

/** What a thread may do; nothing else. */
export interface ThreadPermissions {
  /** Files and directories that it may read. */
  readonly read: readonly string[];
  /** Files and directories that it may write. */
  readonly write: readonly string[];
  /** Where it may listen, as `host:port`; true for anywhere, which a Unix socket takes. */
  readonly net?: readonly string[] | true;
  /** What it may ask of the system. */
  readonly sys?: readonly "statfs"[];
}

/** Starts a thread with its own permissions. They are never wider than those of the process. */
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
