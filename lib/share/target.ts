/**
 * What a site shares its records through: the status pages of other sites, or one PostgreSQL database.
 *
 * @module
 */

export interface PeerTarget {
  readonly kind: "peer";
  /** The URL of the other site's status page, without a final slash. */
  readonly url: string;
  /** `host:port` of the connection. */
  readonly address: string;
}

export interface DatabaseTarget {
  readonly kind: "database";
  /** Without a password. */
  readonly url: string;
  /** `host:port`, or the directory of a Unix socket. */
  readonly address: string;
}

export type Target = PeerTarget | DatabaseTarget;

const PORTS: Readonly<Record<string, string>> = {
  "http:": "80",
  "https:": "443",
  "postgres:": "5432",
  "postgresql:": "5432",
};

/** A password in the URL would be shown by `greylag config`. */
function isPlain({ username, password, search, hash }: URL): boolean {
  return username === "" && password === "" && search === "" && hash === "";
}

/**
 * Parses `https://host/path`, `http://host:port` or `postgres://user@host/database`, where
 * `?host=/directory` names the directory of a Unix socket.
 *
 * @returns undefined if it is none of them.
 */
export function parseTarget(text: string): Target | undefined {
  // `deno compile` would look for workers in all strings if it found `new URL(text)` here.
  const url = URL.parse(text);
  if (url === null) return undefined;
  const port = PORTS[url.protocol];
  if (port === undefined) return undefined;
  const address = `${url.hostname}:${url.port || port}`;
  if (url.protocol.startsWith("http")) {
    if (!isPlain(url)) return undefined;
    return { kind: "peer", url: text.replace(/\/+$/, ""), address };
  }
  const socket = url.searchParams.get("host") ?? undefined;
  const names = [...url.searchParams.keys()];
  const isKnown = names.every((name) => name === "host" || name === "sslmode");
  const isComplete = url.pathname.length > 1 && (url.hostname !== "" || socket !== undefined);
  if (!isKnown || !isComplete || url.password !== "" || url.hash !== "") return undefined;
  if (socket !== undefined && !socket.startsWith("/")) return undefined;
  return { kind: "database", url: text, address: socket ?? address };
}
