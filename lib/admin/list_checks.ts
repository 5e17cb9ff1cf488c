/**
 * Checks of the list files, for `doctor`, `config --check`, `list files` and the status page.
 *
 * @module
 */
import {
  keptText,
  type ListFile,
  type ListFilePath,
  type ListFilePaths,
  listFilesOf,
  parseListFile,
  type UnusableList,
} from "../lists/list_file.ts";
import { readRegularText } from "../files/regular_file.ts";
import type { KeptFile } from "../store/store.ts";
import type { Finding } from "../postfix/postconf.ts";
import { reasonOf } from "../text/error_message.ts";

export interface ReadListFile extends ListFilePath, ListFile {
  /** Why the file cannot be read; absent if it can. */
  readonly problem?: string;
}

/** Reads the list files with the permissions of this process. */
export function readListFiles(paths: ListFilePaths): ReadListFile[] {
  return listFilesOf(paths).map(({ path, matchOn }) => {
    try {
      return { path, matchOn, ...parseListFile(path, readRegularText(path), matchOn) };
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

/** The files that the daemon cannot use. */
export function unusableLists(keptFiles: readonly KeptFile[]): UnusableList[] {
  return keptFiles.flatMap(({ path, problem, since, rules }) =>
    problem === undefined ? [] : [{ path, why: problem, since, kept: rules.length }]
  );
}

/** To the minute, so that it stays the same. */
function sinceText(since: number | undefined): string {
  if (since === undefined) return "";
  return ` since ${new Date(since).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

export function unusableListFindings(lists: readonly UnusableList[]): Finding[] {
  return lists.map(({ path, why, since, kept }) => ({
    severity: "error",
    what: `the daemon cannot use the list file ${path}${sinceText(since)}: ${why}`,
    remedy: kept === 0
      ? "Correct the file, or remove it from the settings."
      : `Correct the file. Until then ${keptText(kept)}; a reload (SIGHUP) drops what was kept.`,
  }));
}
