/**
 * List files in force, reread when they change. A file that vanishes, becomes unreadable or loses all
 * its entries keeps the entries read before, also over a restart.
 *
 * @module
 */
import { readRegularText } from "../files/regular_file.ts";
import {
  type FileError,
  type FileRule,
  type ListFile,
  type ListFilePath,
  type ListFilePaths,
  listFilesOf,
  parseListFile,
  parseListLine,
  type UnusableList,
} from "../lists/list_file.ts";
import { formatPattern } from "../lists/pattern.ts";
import type { KeptFile, ListStore } from "../store/store.ts";
import { reasonOf } from "../text/error_message.ts";
import type { ListFileEvent } from "./events.ts";

interface WatchedFile extends ListFilePath {
  /** Differs after every change of the file. */
  stamp: string;
  rules: readonly FileRule[];
  problem: string | undefined;
  /** Since when there is a problem, in milliseconds since the epoch. */
  since: number | undefined;
  /** Since when the file has no valid entry, while entries are kept; monotonic, in milliseconds. */
  emptySince: number | undefined;
}

function keyOf({ path, matchOn }: ListFilePath): string {
  return `${matchOn} ${path}`;
}

function watch(paths: ListFilePaths): Map<string, WatchedFile> {
  return new Map(
    listFilesOf(paths).map((file) => [
      keyOf(file),
      {
        ...file,
        stamp: "",
        rules: [],
        problem: undefined,
        since: undefined,
        emptySince: undefined,
      },
    ]),
  );
}

function stampOf(path: string): string {
  try {
    // A file may become readable by a change of its mode or owner only.
    const { mtime, size, ino, mode, uid, gid } = Deno.statSync(path);
    return [mtime?.getTime(), size, ino, mode, uid, gid].join(" ");
  } catch {
    return "missing";
  }
}

/** @returns the reason if the file cannot be read. */
function readFile({ path, matchOn }: ListFilePath): ListFile | string {
  try {
    return parseListFile(path, readRegularText(path), matchOn);
  } catch (error) {
    return reasonOf(error);
  }
}

export class ListFiles {
  readonly #store: Pick<ListStore, "keptFiles" | "keepFiles">;
  readonly #publish: (event: ListFileEvent) => void;
  readonly #emptyPeriod: number;
  readonly #clock: () => number;
  #files: Map<string, WatchedFile>;
  #isLoaded = false;
  #isStored = false;

  /**
   * @param emptyPeriod time after which a file without entries counts as such, in milliseconds.
   * @param clock milliseconds since the epoch.
   */
  constructor(
    store: Pick<ListStore, "keptFiles" | "keepFiles">,
    paths: ListFilePaths,
    publish: (event: ListFileEvent) => void,
    emptyPeriod: number,
    clock: () => number = Date.now,
  ) {
    this.#store = store;
    this.#files = watch(paths);
    this.#publish = publish;
    this.#emptyPeriod = emptyPeriod;
    this.#clock = clock;
  }

  get rules(): readonly FileRule[] {
    return [...this.#files.values()].flatMap(({ rules }) => rules);
  }

  get problems(): readonly UnusableList[] {
    return [...this.#files.values()].flatMap(({ path, problem, since, rules }) =>
      problem === undefined ? [] : [{ path, why: problem, since, kept: rules.length }]
    );
  }

  /** Takes new paths, and reads every file as it is now: entries of unusable files are dropped. */
  configure(paths: ListFilePaths): void {
    this.#files = watch(paths);
    this.#isLoaded = true;
    this.refresh();
    this.#isStored = false;
  }

  /** Reads the files that changed, and returns whether there were any. */
  refresh(): boolean {
    if (!this.#isLoaded) this.#loadKept();
    let isChanged = false;
    for (const file of this.#files.values()) {
      if (this.#read(file)) isChanged = true;
    }
    if (isChanged) this.#isStored = false;
    return isChanged;
  }

  /** Stores the entries to keep. While the database fails, they wait for the next call. */
  store(): void {
    if (this.#isStored || !this.#isLoaded) return;
    try {
      const files = [...this.#files.values()].map(keptOf);
      if (files.length > 0 || this.#store.keptFiles().length > 0) this.#store.keepFiles(files);
      this.#isStored = true;
    } catch {
      // The store reports its own errors.
    }
  }

  /** Takes the entries kept by an earlier run for files that are not read yet, or unusable. */
  #loadKept(): void {
    try {
      for (const kept of this.#store.keptFiles()) {
        const file = this.#files.get(keyOf(kept));
        if (file === undefined || (file.stamp !== "" && file.problem === undefined)) continue;
        file.rules = rulesOf(kept);
        file.since = kept.since;
        file.stamp = "";
      }
      this.#isLoaded = true;
    } catch {
      // The store reports its own errors.
    }
  }

  /** @returns whether the rules or the problem changed. */
  #read(file: WatchedFile): boolean {
    const { path, emptySince } = file;
    const stamp = stampOf(path);
    const isDue = emptySince !== undefined && performance.now() - emptySince >= this.#emptyPeriod;
    if (file.stamp === stamp && !isDue) return false;
    file.stamp = stamp;
    const found = readFile(file);
    const isUnreadable = typeof found === "string";
    const isEmptied = !isUnreadable && found.rules.length === 0 && file.rules.length > 0 && !isDue;
    file.emptySince = isEmptied ? emptySince ?? performance.now() : undefined;
    if (isUnreadable || isEmptied) {
      const why = isUnreadable ? found : emptyBecause(found.errors);
      file.problem = why;
      file.since ??= this.#clock();
      this.#publish({ kind: "list-failed", path, why, kept: file.rules.length });
    } else {
      const { rules, errors } = found;
      file.problem = undefined;
      file.since = undefined;
      file.rules = rules;
      this.#publish({ kind: "list-read", path, entries: rules.length, errors });
    }
    return true;
  }
}

function emptyBecause([first]: readonly FileError[]): string {
  const why = "the file has no valid entry";
  return first === undefined ? why : `${why} (line ${first.line}: ${first.why})`;
}

function keptOf({ path, matchOn, rules, problem, since }: WatchedFile): KeptFile {
  const kept = rules.map(({ line, pattern }) => [line, formatPattern(pattern)] as const);
  return {
    path,
    matchOn,
    rules: kept,
    ...(problem === undefined ? {} : { problem }),
    ...(since === undefined ? {} : { since }),
  };
}

function rulesOf({ path, matchOn, rules }: KeptFile): readonly FileRule[] {
  return rules.map(([line, pattern]) => parseListLine({ path, line }, pattern, matchOn))
    .filter((parsed) => "pattern" in parsed);
}
