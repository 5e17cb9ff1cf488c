/**
 * List files in force, reread when they change. A file that vanishes, becomes unreadable or loses all
 * its entries keeps the entries read before, also over a restart.
 *
 * @module
 */
import {
  type FileError,
  type FileRule,
  type ListFile,
  parseListFile,
  parseListLine,
} from "../lists/list_file.ts";
import { formatPattern, type MatchOn } from "../lists/pattern.ts";
import type { KeptFile, ListStore } from "../store/store.ts";
import { reasonOf } from "../text/error_message.ts";
import type { ListFileEvent } from "./events.ts";

export interface ListFileSettings {
  /** Paths of files of clients, in a format of `lists/list_file.ts`. */
  readonly whitelistClients: readonly string[];
  /** Paths of files of recipients. */
  readonly whitelistRecipients: readonly string[];
}

/** A list file that cannot be used now. */
export interface ListProblem {
  readonly path: string;
  readonly why: string;
  /** Number of entries read before that stay in force. */
  readonly kept: number;
}

interface WatchedFile {
  readonly path: string;
  readonly matchOn: MatchOn;
  /** Differs after every change of the file. */
  stamp: string;
  rules: readonly FileRule[];
  problem: string | undefined;
  /** Since when the file has no valid entry, while entries are kept; monotonic, in milliseconds. */
  emptySince: number | undefined;
}

function keyOf({ path, matchOn }: Pick<WatchedFile, "path" | "matchOn">): string {
  return `${matchOn} ${path}`;
}

/** @throws {Error} if the file is missing or its directory is unreadable. */
function stampOf(path: string): string {
  // A file may become readable by a change of its mode or owner only.
  const { mtime, size, ino, mode, uid, gid } = Deno.statSync(path);
  return [mtime?.getTime(), size, ino, mode, uid, gid].join(" ");
}

export class ListFiles {
  readonly #store: Pick<ListStore, "keptFiles" | "keepFiles">;
  readonly #publish: (event: ListFileEvent) => void;
  readonly #emptyPeriod: number;
  #settings: ListFileSettings;
  #files = new Map<string, WatchedFile>();
  #isLoaded = false;
  #isStored = false;

  /** @param emptyPeriod time after which a file without entries counts as such, in milliseconds. */
  constructor(
    store: Pick<ListStore, "keptFiles" | "keepFiles">,
    settings: ListFileSettings,
    publish: (event: ListFileEvent) => void,
    emptyPeriod: number,
  ) {
    this.#store = store;
    this.#settings = settings;
    this.#publish = publish;
    this.#emptyPeriod = emptyPeriod;
  }

  get rules(): readonly FileRule[] {
    return [...this.#files.values()].flatMap(({ rules }) => rules);
  }

  get problems(): readonly ListProblem[] {
    return [...this.#files.values()].flatMap(({ path, problem, rules }) =>
      problem === undefined ? [] : [{ path, why: problem, kept: rules.length }]
    );
  }

  /** Takes new settings, and reads every file as it is now: entries of unusable files are dropped. */
  configure(settings: ListFileSettings): void {
    this.#settings = settings;
    this.#files = new Map(this.#wanted().map((file) => [keyOf(file), file]));
    this.#isLoaded = true;
    this.refresh();
    this.#isStored = false;
  }

  /** Reads the files that changed, and returns whether there were any. */
  refresh(): boolean {
    for (const file of this.#wanted()) {
      if (!this.#files.has(keyOf(file))) this.#files.set(keyOf(file), file);
    }
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

  #wanted(): WatchedFile[] {
    const { whitelistClients, whitelistRecipients } = this.#settings;
    const watched = (matchOn: MatchOn) => (path: string): WatchedFile => ({
      path,
      matchOn,
      stamp: "",
      rules: [],
      problem: undefined,
      emptySince: undefined,
    });
    return [
      ...whitelistClients.map(watched("client")),
      ...whitelistRecipients.map(watched("recipient")),
    ];
  }

  /** Takes the entries kept by an earlier run for files that are not read yet, or unusable. */
  #loadKept(): void {
    try {
      for (const kept of this.#store.keptFiles()) {
        const file = this.#files.get(keyOf(kept));
        if (file === undefined || (file.stamp !== "" && file.problem === undefined)) continue;
        file.rules = rulesOf(kept);
        file.stamp = "";
      }
      this.#isLoaded = true;
    } catch {
      // The store reports its own errors.
    }
  }

  /** @returns whether the rules or the problem changed. */
  #read(file: WatchedFile): boolean {
    let stamp: string;
    let failure: unknown;
    try {
      stamp = stampOf(file.path);
    } catch (error) {
      failure = error;
      stamp = "missing";
    }
    const { emptySince } = file;
    const isDue = emptySince !== undefined && performance.now() - emptySince >= this.#emptyPeriod;
    if (file.stamp === stamp && !isDue) return false;
    file.stamp = stamp;
    let found: ListFile | undefined;
    if (failure === undefined) {
      try {
        found = parseListFile(file.path, Deno.readTextFileSync(file.path), file.matchOn);
      } catch (error) {
        failure = error;
      }
    }
    const isEmptied = found?.rules.length === 0 && file.rules.length > 0 && !isDue;
    if (isEmptied) failure = new Error(emptyBecause(found!.errors));
    file.emptySince = isEmptied ? emptySince ?? performance.now() : undefined;
    if (found === undefined || isEmptied) {
      file.problem = reasonOf(failure);
      this.#publish({
        kind: "list-failed",
        path: file.path,
        error: failure,
        kept: file.rules.length,
      });
    } else {
      file.problem = undefined;
      file.rules = found.rules;
      const { rules, errors } = found;
      this.#publish({ kind: "list-read", path: file.path, entries: rules.length, errors });
    }
    return true;
  }
}

function emptyBecause([first]: readonly FileError[]): string {
  const why = "the file has no valid entry";
  return first === undefined ? why : `${why} (line ${first.line}: ${first.why})`;
}

function keptOf({ path, matchOn, rules, problem }: WatchedFile): KeptFile {
  const kept = rules.map(({ line, pattern }) => [line, formatPattern(pattern)] as const);
  return { path, matchOn, rules: kept, ...(problem === undefined ? {} : { problem }) };
}

function rulesOf({ path, matchOn, rules }: KeptFile): readonly FileRule[] {
  return rules.map(([line, pattern]) => parseListLine({ path, line }, pattern, matchOn))
    .filter((parsed) => "pattern" in parsed);
}
