/**
 * postgrey's list files, read as they are: `whitelist_clients`, `whitelist_recipients` and their
 * `.local` kin.
 *
 * @module
 */
import type { Rule } from "./matcher.ts";
import { type MatchOn, parsePattern } from "./pattern.ts";

/** An entry of a file. */
export interface FileRule extends Rule {
  /** The path of the file. */
  readonly path: string;
  /** The line that it stands on, counted from 1. */
  readonly line: number;
}

/** In the log and in counts of hits. */
export function nameFileRule({ path, line }: FileRule): string {
  return `${path}:${line}`;
}

/** A line that cannot be understood. */
export interface FileError {
  /** The path of the file. */
  readonly path: string;
  /** The line, counted from 1. */
  readonly line: number;
  /** What is wrong with it. */
  readonly why: string;
}

/** What a file holds. */
export interface ListFile {
  /** The entries that were understood. */
  readonly rules: readonly FileRule[];
  /** The lines that were not; nothing is skipped in silence. */
  readonly errors: readonly FileError[];
}

/**
 * Reads a file of one entry a line; `#` begins a comment.
 *
 * @param matchOn whether it lists clients or recipients.
 */
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
