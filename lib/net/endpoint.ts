/**
 * Where the policy server listens, in Postfix's own notation.
 *
 * @module
 */
import { isLoopback, parseAddress } from "./network.ts";

/** A TCP address or a Unix socket. */
export type Endpoint =
  | { readonly kind: "inet"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/**
 * Reads `inet:HOST:PORT`, `inet:PORT`, `inet:[IPv6]:PORT` or `unix:PATH`; without its first word a
 * text with a slash is a path. HOST is an address or `localhost`, and 127.0.0.1 if it is left out.
 *
 * @returns the endpoint, or undefined if the text is none.
 */
export function parseEndpoint(text: string): Endpoint | undefined {
  const unix = /^(?:unix:(.+)|(.*\/.*))$/s.exec(text);
  const path = unix?.[1] ?? unix?.[2];
  if (path !== undefined && !text.startsWith("inet:")) return { kind: "unix", path };
  const match = /^(?:inet:)?(?:(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  const host = match[1] ?? match[2] ?? "127.0.0.1";
  if (port < 1 || port > 65535) return undefined;
  if (host !== "localhost" && parseAddress(host) === undefined) return undefined;
  return { kind: "inet", host: host === "localhost" ? "127.0.0.1" : host, port };
}

/** Whether only this machine reaches it: a Unix socket or a loopback address. */
export function isLocal(endpoint: Endpoint): boolean {
  if (endpoint.kind === "unix") return true;
  const address = parseAddress(endpoint.host);
  return address !== undefined && isLoopback(address);
}

/** The endpoint in Postfix's notation. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "unix") return `unix:${endpoint.path}`;
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  return `inet:${host}:${endpoint.port}`;
}
