/**
 * Policy services of Postfix's configuration on which no program listens.
 *
 * @module
 */
import { type Endpoint, parseEndpoint } from "../net/endpoint.ts";
import type { Finding } from "../postfix/postconf.ts";
import { reaches } from "../postfix/restrictions.ts";
import { socketPathError } from "../sockets/listen.ts";
import { reasonOf } from "../text/error_message.ts";
import { SECOND } from "../text/duration.ts";

export interface CheckedEndpoints {
  /** Endpoints as written on which no program listens. */
  readonly dead: ReadonlySet<string>;
  /** Why others could not be checked, by endpoint as written. */
  readonly unchecked: ReadonlyMap<string, string>;
}

type State = "alive" | "dead" | { readonly why: string };

const TIMEOUT_MS = 3 * SECOND;

/** Postfix's own socket that always exists while it runs, below its queue directory. */
const CLEANUP = "public/cleanup";

/** @returns the error of a connection, or undefined. */
async function connectError(
  options: Deno.UnixConnectOptions | Deno.ConnectOptions,
): Promise<unknown> {
  try {
    const conn = "path" in options
      ? await Deno.connect(options)
      : await Deno.connect({ ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
    conn.close();
    return undefined;
  } catch (error) {
    return error;
  }
}

function stateOf(error: unknown): State {
  if (error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.NotFound) {
    return "dead";
  }
  // A busy program is alive.
  return error instanceof Deno.errors.PermissionDenied ? { why: reasonOf(error) } : "alive";
}

async function stateOfSocket(path: string): Promise<State> {
  if (socketPathError(path) !== undefined) return "dead";
  return stateOf(await connectError({ transport: "unix", path }));
}

/** The state of a Unix socket as Postfix finds it: a chrooted smtpd looks below the queue directory. */
async function unixState(path: string, queueDirectory: string): Promise<State> {
  const inQueue = `${queueDirectory}/${path.replace(/^\//, "")}`;
  if (/^\/?(?:private|public)\//.test(path)) return await masterState(inQueue, queueDirectory);
  const states = await Promise.all(
    (path.startsWith("/") ? [path, inQueue] : [inQueue]).map(stateOfSocket),
  );
  return states.find((state) => state === "alive") ??
    states.find((state) => state !== "dead") ?? "dead";
}

/** Postfix listens on these sockets itself, as long as it runs. */
async function masterState(path: string, queueDirectory: string): Promise<State> {
  const state = await stateOfSocket(path);
  if (state !== "dead") return state;
  const postfix = await stateOfSocket(`${queueDirectory}/${CLEANUP}`);
  return postfix === "dead"
    ? { why: "Postfix does not run" }
    : postfix === "alive"
    ? "dead"
    : postfix;
}

async function endpointState(endpoint: Endpoint, queueDirectory: string): Promise<State> {
  if (endpoint.kind === "unix") return await unixState(endpoint.path, queueDirectory);
  const error = await connectError({ hostname: endpoint.host, port: endpoint.port });
  // A host that does not answer may be down for a moment.
  return error instanceof Deno.errors.ConnectionRefused ? "dead" : "alive";
}

/**
 * Connects to the endpoints of policy services.
 *
 * @param written endpoints as Postfix's configuration contains them.
 * @param own endpoints of Greylag, which are checked on their own.
 */
export async function checkEndpoints(
  written: readonly string[],
  own: readonly Endpoint[],
  queueDirectory: string,
): Promise<CheckedEndpoints> {
  const dead = new Set<string>();
  const unchecked = new Map<string, string>();
  for (const text of written) {
    const endpoint = parseEndpoint(text);
    if (endpoint === undefined || own.some((one) => reaches(text, one, queueDirectory))) continue;
    const state = await endpointState(endpoint, queueDirectory);
    if (state === "dead") dead.add(text);
    else if (state !== "alive") unchecked.set(text, state.why);
  }
  return { dead, unchecked };
}

export function uncheckedFindings({ unchecked }: CheckedEndpoints): Finding[] {
  return [...unchecked].map(([endpoint, why]) => ({
    severity: "advice",
    what:
      `cannot check whether a program listens on ${endpoint} of Postfix's configuration: ${why}`,
    remedy: why === "Postfix does not run" ? "Start Postfix." : "Run the command as root.",
  }));
}
