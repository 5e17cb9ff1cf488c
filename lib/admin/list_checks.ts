/**
 * Checks of the list files, for `doctor`, `config --check`, `list files` and the status page.
 *
 * @module
 */
import { type ListFile, parseListFile } from "../lists/list_file.ts";
import type { MatchOn } from "../lists/pattern.ts";
import type { Finding } from "../postfix/postconf.ts";
import { reasonOf } from "../text/error_message.ts";

export interface ListFilePaths {
  readonly whitelistClients: readonly string[];
  readonly whitelistRecipients: readonly string[];
}

export interface ReadListFile extends ListFile {
  readonly path: string;
  readonly matchOn: MatchOn;
  /** Why the file cannot be read; absent if it can. */
  readonly problem?: string;
}

/** Reads the list files with the permissions of this process. */
export function readListFiles(
  { whitelistClients, whitelistRecipients }: ListFilePaths,
): ReadListFile[] {
  const files = [
    ...whitelistClients.map((path) => ({ path, matchOn: "client" }) as const),
    ...whitelistRecipients.map((path) => ({ path, matchOn: "recipient" }) as const),
  ];
  return files.map(({ path, matchOn }) => {
    try {
      return { path, matchOn, ...parseListFile(path, Deno.readTextFileSync(path), matchOn) };
    } catch (error) {
      return { path, matchOn, rules: [], errors: [], problem: reasonOf(error) };
    }
  });
}

/** The errors of list files, a line each. */
export function listFileErrors(files: readonly ReadListFile[]): string[] {
  return files.flatMap(({ path, problem, errors }) => [
    ...(problem === undefined ? [] : [`cannot read the list file ${path}: ${problem}`]),
    ...errors.map(({ line, why }) => `${path}:${line}: ${why}`),
  ]);
}

/** A list file that the daemon cannot use, and the number of entries that it kept. */
export interface UnusableList {
  readonly path: string;
  readonly why: string;
  readonly kept: number;
}

export function unusableListFindings(lists: readonly UnusableList[]): Finding[] {
  return lists.map(({ path, why, kept }) => ({
    severity: "error",
    what: `the daemon cannot use the list file ${path}: ${why}`,
    remedy: kept === 0
      ? "Correct the file, or remove it from the settings."
      : `Correct the file. Its last ${kept} entries stay in force until then; a reload (SIGHUP) ` +
        "drops them.",
  }));
}
