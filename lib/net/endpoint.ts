/** Endpoints to listen on, in Postfix's notation. */
import { isLoopback, parseAddress } from "./network.ts";

export type Endpoint =
  | { readonly kind: "inet"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/**
 * Parses `inet:HOST:PORT`, `inet:PORT`, `inet:[IPv6]:PORT` or `unix:PATH`. The prefix is optional: a
 * text with a slash is a path. HOST is an address or `localhost`, 127.0.0.1 if absent.
 *
 * @returns undefined for an invalid endpoint.
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

/** Whether only this machine can connect: a Unix socket or a loopback address. */
export function isLocal(endpoint: Endpoint): boolean {
  if (endpoint.kind === "unix") return true;
  const address = parseAddress(endpoint.host);
  return address !== undefined && isLoopback(address);
}

export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "unix") return `unix:${endpoint.path}`;
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  return `inet:${host}:${endpoint.port}`;
}
