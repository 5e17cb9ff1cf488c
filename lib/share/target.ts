/**
 * What a site shares its records through: the status pages of other sites, or one PostgreSQL database.
 *
 * @module
 */

import { socketPathError } from "../sockets/listen.ts";

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
 * Parses `https://host/path`, `http://host:port`, `postgres://user@host/database`, or
 * `postgres:///database?host=/directory&user=user` for a Unix socket in a directory.
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
  // The thread may connect to the host and port before the path only.
  if (socket === undefined && url.searchParams.has("port")) return undefined;
  const names = [...url.searchParams.keys()];
  const isKnown = names.every((name) => ["host", "port", "sslmode", "user"].includes(name));
  const isComplete = url.pathname.length > 1 && (url.hostname !== "" || socket !== undefined);
  if (!isKnown || !isComplete || url.password !== "" || url.hash !== "") return undefined;
  if (socket !== undefined && !socket.startsWith("/")) return undefined;
  return { kind: "database", url: text, address: socket ?? address };
}

/** `require` accepts any certificate; only `verify-full` verifies it. */
const SSL_MODES: readonly string[] = ["disable", "prefer", "require", "verify-full"];

export interface DatabaseAddress {
  /** Empty if the URL names none. */
  readonly user: string;
  /** A name or an IP address; not used with a socket. */
  readonly host: string;
  readonly port: number;
  readonly socket: string | undefined;
  /** As in libpq. */
  readonly sslMode: string | undefined;
}

/** Undefined for invalid percent-encoding. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

export function databaseAddress({ url }: DatabaseTarget): DatabaseAddress {
  const { username, hostname, port, searchParams, protocol } = URL.parse(url)!;
  const directory = searchParams.get("host");
  const number = searchParams.get("port") ?? (port || PORTS[protocol]!);
  return {
    user: searchParams.get("user") ?? decoded(username) ?? "",
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(number),
    socket: directory === null ? undefined : `${directory.replace(/\/$/, "")}/.s.PGSQL.${number}`,
    sslMode: searchParams.get("sslmode") ?? undefined,
  };
}

/** @returns why a connection is impossible, or undefined. */
export function databaseError(target: DatabaseTarget): string | undefined {
  const { user, port, socket, sslMode = "disable" } = databaseAddress(target);
  if (user === "") {
    return socket === undefined
      ? "must name a user: postgres://USER@HOST/DATABASE"
      : "must name a user: postgres:///DATABASE?host=DIRECTORY&user=USER";
  }
  if (!SSL_MODES.includes(sslMode)) {
    return `sslmode must be one of ${SSL_MODES.join(", ")}, not "${sslMode}"`;
  }
  if (!(port > 0 && port <= 65_535)) return "port must be a number from 1 to 65535";
  if (socket === undefined) return undefined;
  if (sslMode !== "disable") return "a Unix socket has no TLS: remove sslmode";
  return socketPathError(socket);
}
