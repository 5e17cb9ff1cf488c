/**
 * Checks of the list files, for `doctor`, `config --check`, `list files` and the status page.
 *
 * @module
 */
import {
  type ListFile,
  type ListFilePath,
  type ListFilePaths,
  listFilesOf,
  parseListFile,
  type UnusableList,
} from "../lists/list_file.ts";
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
