/**
 * The column `origins` of a relation. Most origins follow from others: `ip:192.0.2.7` and
 * `net:192.0.2.0/24` are one line, `192.0.2.7`, and an `org:` or `spf:` that is the end of the
 * sender's domain is its letter and number of labels, `o2`, or `os2` for both. All others are kept as
 * they are.
 *
 * @module
 */
import type { Database } from "@db/sqlite";
import { formatNetwork, networkOf, parseAddress } from "../net/network.ts";

/** Separates the origins of a record. No attribute of a request contains it, unlike a space. */
export const SEPARATOR = "\n";

/** The origins of a row of the view `relation_text`, each on a line, in SQL. */
export const RELATION_ORIGINS = "relation_origins(origins, sender)";

/** Defines the function of {@linkcode RELATION_ORIGINS}. */
export function defineRelationOrigins(db: Database): void {
  db.function(
    "relation_origins",
    (text, sender) => unpackOrigins(String(text), String(sender)).join(SEPARATOR),
  );
}

/** Kinds of origins that may be the end of the sender's domain, by their letters. */
const KINDS: Readonly<Record<string, string>> = { o: "org:", s: "spf:" };

const MAX_LABELS = 9;

/** @param sender the sender of the relation, as it is stored. */
export function packOrigins(origins: readonly string[], sender: string): string {
  const domain = domainOf(sender);
  let text = "";
  for (let at = 0; at < origins.length; at++) {
    const origin = origins[at]!;
    const next = origins[at + 1];
    const pair = next === undefined ? undefined : packPair(origin, next, domain);
    if (pair !== undefined) at++;
    const line = pair ?? packDomain(origin, domain) ?? origin;
    text += text === "" ? line : SEPARATOR + line;
  }
  return text;
}

/** @param sender the sender of the relation, as it is stored. */
export function unpackOrigins(text: string, sender: string): string[] {
  const origins: string[] = [];
  for (const line of originsOf(text)) {
    if (isHexOrColon(line.charCodeAt(0))) {
      const slash = line.indexOf("/");
      const address = slash === -1 ? line : line.slice(0, slash);
      const prefix = slash === -1 ? usualPrefix(address) : line.slice(slash + 1);
      origins.push(`ip:${address}`, `net:${networkOfText(address, prefix)}`);
    } else if (isDomain(line)) {
      const name = lastLabels(domainOf(sender), Number(line.at(-1)));
      for (const letter of line.slice(0, -1)) origins.push(KINDS[letter] + name);
    } else {
      origins.push(line);
    }
  }
  return origins;
}

/** Splits a text that has one origin a line. */
export function originsOf(text: string): string[] {
  return text === "" ? [] : text.split(SEPARATOR);
}

/**
 * A text that the column `origins` or `sender` of a relation contains if one of its origins contains
 * `text`; a network has to be given in full.
 */
export function packedPart(text: string): string {
  const name = text.replace(/^(?:ip|net|org|spf):/, "");
  const [network = "", prefix = ""] = name.split("/");
  if (prefix === "" || parseAddress(network) === undefined) return name;
  const [separator, bits] = network.includes(":") ? [":", 16] as const : [".", 8] as const;
  const parts = network.split(separator).slice(0, Math.floor(Number(prefix) / bits));
  // A run of zeros may be written in another way.
  const zero = separator === ":" ? parts.findIndex((part) => part === "" || part === "0") : -1;
  return parts.slice(0, zero === -1 ? undefined : zero).join(separator);
}

function domainOf(sender: string): string {
  return sender.slice(sender.lastIndexOf("@") + 1 || sender.length);
}

/** A pseudonym begins with `~` and is no address. */
function isAddress(origin: string): boolean {
  return origin.startsWith("ip:") && isHexOrColon(origin.charCodeAt(3)) && !origin.includes("/");
}

function isHexOrColon(code: number): boolean {
  return code >= 0x30 && code <= 0x3a || code >= 0x61 && code <= 0x66;
}

/** Two origins on one line if they follow from each other, otherwise undefined. */
function packPair(origin: string, next: string, domain: string): string | undefined {
  if (isAddress(origin)) {
    const address = origin.slice(3);
    const prefix = prefixOf(next, address);
    if (prefix === undefined) return undefined;
    return prefix === usualPrefix(address) ? address : `${address}/${prefix}`;
  }
  if (!origin.startsWith("org:") || next !== `spf:${origin.slice(4)}`) return undefined;
  const name = packDomain(origin, domain);
  return name && `os${name.slice(1)}`;
}

/** The prefix length of a `net:` origin if it is the network of the address. */
function prefixOf(origin: string, address: string): string | undefined {
  if (!origin.startsWith("net:")) return undefined;
  const prefix = origin.slice(origin.lastIndexOf("/") + 1);
  return networkOfText(address, prefix) === origin.slice(4) ? prefix : undefined;
}

/** The default prefix length of the network of an address. */
function usualPrefix(address: string): string {
  return address.includes(":") ? "64" : "24";
}

function networkOfText(text: string, prefix: string): string | undefined {
  if (prefix === "24") {
    const dot = text.lastIndexOf(".");
    if (dot !== -1 && !text.includes(":")) return `${text.slice(0, dot)}.0/24`;
  }
  const address = parseAddress(text);
  return address && formatNetwork(networkOf(address, Number(prefix)));
}

/** The letter and number of labels of an origin that is the end of the sender's domain. */
function packDomain(origin: string, domain: string): string | undefined {
  const kind = KINDS[origin[0]!];
  if (domain === "" || kind === undefined || !origin.startsWith(kind)) return undefined;
  const name = origin.slice(kind.length);
  const isEnd = domain.endsWith(name) &&
    (domain.length === name.length || domain[domain.length - name.length - 1] === ".");
  const labels = isEnd ? name.split(".").length : Infinity;
  return labels <= MAX_LABELS ? `${origin[0]}${labels}` : undefined;
}

/** Whether a line is one that {@linkcode packDomain} made, or a pair of them. */
function isDomain(line: string): boolean {
  return line.length <= 3 && /^(?:o|s|os)[1-9]$/.test(line);
}

function lastLabels(domain: string, labels: number): string {
  let at = domain.length;
  for (let left = labels; left > 0 && at !== -1; left--) at = domain.lastIndexOf(".", at - 1);
  return domain.slice(at + 1);
}
