/**
 * List files of other programs, line by line:
 *
 * - postgrey: `whitelist_clients`, `whitelist_recipients` and their `.local` files.
 * - sqlgrey: `clients_fqdn_whitelist` (`*.domain`), `clients_ip_whitelist`.
 * - Postfix: CIDR tables (cidr_table(5)) with the result `permit` or `OK`.
 *
 * @module
 */
import { parseNetwork } from "../net/network.ts";
import type { Rule } from "./matcher.ts";
import { type MatchOn, type Parsed, parsePattern } from "./pattern.ts";

/** The list files that the settings name. */
export interface ListFilePaths {
  /** Files of clients. */
  readonly whitelistClients: readonly string[];
  /** Files of recipients. */
  readonly whitelistRecipients: readonly string[];
}

export interface ListFilePath {
  readonly path: string;
  readonly matchOn: MatchOn;
}

/** All list files, those of clients first. */
export function listFilesOf(
  { whitelistClients, whitelistRecipients }: ListFilePaths,
): ListFilePath[] {
  return [
    ...whitelistClients.map((path) => ({ path, matchOn: "client" }) as const),
    ...whitelistRecipients.map((path) => ({ path, matchOn: "recipient" }) as const),
  ];
}

/** A list file that the daemon cannot use now. */
export interface UnusableList {
  readonly path: string;
  readonly why: string;
  /** Since when, in milliseconds since the epoch; absent if unknown. */
  readonly since?: number | undefined;
  /** Number of entries read before that stay in force. */
  readonly kept: number;
}

/** The entries that stay in force of a list that cannot be used, in words. */
export function keptText(kept: number): string {
  return kept === 1 ? "its last entry stays in force" : `its last ${kept} entries stay in force`;
}

export interface FileRule extends Rule {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
}

/** In the log and in counts of hits. */
export function nameFileRule({ path, line }: Pick<FileRule, "path" | "line">): string {
  return `${path}:${line}`;
}

/** An invalid line. */
export interface FileError {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** Never quotes the line: the file may be any file of the host. */
  readonly why: string;
}

export interface ListFile {
  readonly rules: readonly FileRule[];
  readonly errors: readonly FileError[];
}

const no = (why: string): Parsed => ({ ok: false, why });

/** A line of a CIDR table: a network and its result; null for other lines. */
function parseTableLine(text: string): Parsed | null {
  const [, key = "", result = ""] = /^(\S+)\s+(\S+)$/.exec(text) ?? [];
  const network = parseNetwork(key);
  if (network === undefined) return null;
  if (/^(?:permit|ok)$/i.test(result)) {
    return { ok: true, pattern: { kind: "network", network } };
  }
  return no("the result of a network must be permit. To reject a network: greylag block NETWORK");
}

function parseClientLine(text: string): Parsed {
  if (text.toLowerCase() === "unknown") return { ok: true, pattern: { kind: "unverified" } };
  if (text.includes("@") && !text.startsWith("/")) {
    return no("a mail address is no client. To accept mail of a sender: greylag allow ADDRESS");
  }
  return parseTableLine(text) ?? parsePattern("client", text.replace(/^\*\.(?=.)/, ""));
}

/** Parses one entry. Clients: `unknown` and `/expression/` match as in postgrey. */
function parseEntry(matchOn: MatchOn, text: string): Parsed {
  const parsed = matchOn === "client" ? parseClientLine(text) : parsePattern(matchOn, text);
  // RE2's messages quote the expression.
  return parsed.ok ? parsed : no(parsed.why.replace(/: `.*`/s, ""));
}

/** The rule of a line; `entry` is trimmed. */
export function parseListLine(
  { path, line }: { readonly path: string; readonly line: number },
  entry: string,
  matchOn: MatchOn,
): FileRule | FileError {
  const parsed = parseEntry(matchOn, entry);
  if (!parsed.ok) return { path, line, why: parsed.why };
  const { pattern } = parsed;
  const rule = { list: "allow", matchOn, pattern, path, line } as const;
  const isExpression = matchOn === "client" && pattern.kind === "expression";
  return isExpression ? { ...rule, matchesUnverified: true } : rule;
}

/** Parses a file with an entry on each line; `#` begins a comment. */
export function parseListFile(path: string, text: string, matchOn: MatchOn): ListFile {
  const rules: FileRule[] = [];
  const errors: FileError[] = [];
  text.split("\n").forEach((content, at) => {
    const entry = content.replace(/#.*$/s, "").trim();
    if (entry === "") return;
    const parsed = parseListLine({ path, line: at + 1 }, entry, matchOn);
    if ("why" in parsed) errors.push(parsed);
    else rules.push(parsed);
  });
  return { rules, errors };
}
