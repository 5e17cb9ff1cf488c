/**
 * The targets of notices, as the settings name them.
 *
 * @module
 */
import { splitAddress } from "../net/email_address.ts";
import { contains, parseAddress, parseNetwork } from "../net/network.ts";

export type Target =
  | { readonly kind: "mail"; readonly address: string }
  /** The URL of a topic; user and password, or a token as the password, may stand in it. */
  | { readonly kind: "ntfy" | "webhook"; readonly url: string };

/** The notation of targets, for messages about settings. */
export const TARGET_NOTATION = '"mail:ADDRESS", "ntfy:https://HOST/TOPIC" or "webhook:https://…"';

/** A plain address, so that it needs no quoting in a header or an SMTP command (RFC 5321, 4.1.2). */
export function isMailAddress(text: string): boolean {
  const { local, domain } = splitAddress(text);
  return /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/.test(local) &&
    local.length <= 64 &&
    /^(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*$/.test(domain);
}

/** Loopback, private, link-local and unique local addresses (RFC 6890). */
const LOCAL_NETWORKS = [
  "127.0.0.0/8",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "169.254.0.0/16",
  "::1",
  "fc00::/7",
  "fe80::/10",
].map((text) => parseNetwork(text)!);

/** True for a URL that is encrypted, or stays on this host or in the local network. */
export function isSafeUrl(url: URL): boolean {
  if (url.protocol === "https:") return true;
  if (url.protocol !== "http:") return false;
  if (url.hostname === "localhost") return true;
  const address = parseAddress(url.hostname.replace(/^\[(.*)\]$/, "$1"));
  return address !== undefined && LOCAL_NETWORKS.some((network) => contains(network, address));
}

/** @returns undefined if it is not in {@linkcode TARGET_NOTATION}. */
export function parseTarget(text: string): Target | undefined {
  const [, kind, rest = ""] = /^(mail|ntfy|webhook):(.*)$/s.exec(text) ?? [];
  if (kind === "mail") {
    return isMailAddress(rest) ? { kind, address: rest } : undefined;
  }
  if (kind !== "ntfy" && kind !== "webhook") return undefined;
  const url = /^https?:\/\/[!-~]+$/.test(rest) ? URL.parse(rest) : null;
  if (url === null || !isSafeUrl(url) || url.hash !== "") return undefined;
  if (kind === "ntfy" && (topicOf(url) === undefined || url.search !== "")) return undefined;
  return { kind, url: rest };
}

/** The topic of a URL of ntfy: the last part of its path. */
export function topicOf({ pathname }: URL): string | undefined {
  return /^(?:\/[A-Za-z0-9_.~-]+)*\/([A-Za-z0-9_-]{1,64})$/.exec(pathname)?.[1];
}

export function formatTarget(target: Target): string {
  return target.kind === "mail" ? `mail:${target.address}` : `${target.kind}:${target.url}`;
}

/** A target without its secrets: a topic, a path and a password let others read or send notices. */
export function describeTarget(target: Target): string {
  return target.kind === "mail"
    ? formatTarget(target)
    : `${target.kind}:${new URL(target.url).host}`;
}

/**
 * A text without the passwords, topics and paths of its URLs, which let others read or send notices.
 * A password may contain an `@`, and a query may follow the host at once.
 */
export function withoutUrlSecrets(text: string): string {
  return text.replaceAll(
    /(https?:\/\/)(?:[^/?\\"\s]*@)?([^/?\\"\s]+)[^"\s]*/g,
    "$1$2/…",
  );
}
