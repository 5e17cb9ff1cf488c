/** List files in postgrey's format, such as `whitelist_clients` and `whitelist_recipients.local`. */
import type { Rule } from "./matcher.ts";
import { type MatchOn, parsePattern } from "./pattern.ts";

export interface FileRule extends Rule {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
}

/** In the log and in counts of hits. */
export function nameFileRule({ path, line }: FileRule): string {
  return `${path}:${line}`;
}

/** An invalid line. */
export interface FileError {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly why: string;
}

export interface ListFile {
  readonly rules: readonly FileRule[];
  readonly errors: readonly FileError[];
}

/** Parses a file with an entry on each line; `#` begins a comment. */
export function parseListFile(path: string, text: string, matchOn: MatchOn): ListFile {
  const rules: FileRule[] = [];
  const errors: FileError[] = [];
  text.split("\n").forEach((content, at) => {
    const entry = content.replace(/#.*$/s, "").trim();
    if (entry === "") return;
    const line = at + 1;
    const parsed = parsePattern(matchOn, entry);
    if (parsed.ok) rules.push({ list: "allow", matchOn, pattern: parsed.pattern, path, line });
    else errors.push({ path, line, why: `${JSON.stringify(entry)}: ${parsed.why}` });
  });
  return { rules, errors };
}
