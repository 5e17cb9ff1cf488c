/**
 * Changes of the lists by the pages and the API. Each change is reported to the daemon's log.
 *
 * @module
 */
import { describePreview, noPreviewBecause, previewEntry } from "../../admin/entry_preview.ts";
import { formatEntry } from "../../admin/format.ts";
import { EXPECTED_FOR, newEntry, releaseOf, type Remarks } from "../../admin/list_entries.ts";
import type { ListName } from "../../lists/matcher.ts";
import { guessMatchOn, type MatchOn } from "../../lists/pattern.ts";
import type { NewEntry, StoredEntry } from "../../store/store.ts";
import type { DaemonLink } from "./daemon_link.ts";
import type { Reader } from "./reader.ts";
import { RefusedError, type StatusQueries } from "./status_queries.ts";

export interface WantedEntry {
  readonly list: ListName;
  /** Guessed from the pattern if absent. */
  readonly matchOn?: MatchOn | undefined;
  readonly pattern: string;
  readonly note: string;
  /** The author knows what a broad pattern covers. */
  readonly isConfirmed?: boolean;
  /** Milliseconds until the entry expires; absent for never. */
  readonly lifetime?: number | undefined;
}

/** The effect of an entry before it is added. Texts may be hostile. */
export interface Preview {
  /** Why it cannot be added. */
  readonly problem?: string | undefined;
  readonly matchOn: MatchOn;
  readonly effect: string;
  /** The breadth of the pattern, if it is likely too much. */
  readonly breadth?: string | undefined;
}

const MAX_NOTE = 500;

/** Time limit of a preview; older decisions are left out. */
const PREVIEW_TIMEOUT_MS = 150;

const NEEDS_TYPE = "a regular expression needs a type: client, sender or recipient";

/** The commands of one status page; `by` names the author of a change. */
export class StatusCommands {
  readonly #reader: Reader;
  readonly #queries: StatusQueries;
  readonly #daemon: DaemonLink;

  constructor(reader: Reader, queries: StatusQueries, daemon: DaemonLink) {
    this.#reader = reader;
    this.#queries = queries;
    this.#daemon = daemon;
  }

  /** Accepts a deferred message at its next retry. */
  release(id: number, by: string): StoredEntry {
    const { store, rules } = this.#queries.settings;
    if (store.privacy) {
      throw new RefusedError(
        409,
        "only hashes are stored (privacy = true); use: greylag release SENDER RECIPIENT",
      );
    }
    const deferral = this.#queries.deferral(id);
    return this.#store(
      releaseOf(deferral, rules.recipientDelimiter, this.#remarks(by, "", rules.retryWindow)),
      by,
    );
  }

  /** @throws {RefusedError} if the pattern is not valid for the list. */
  add(wanted: WantedEntry, by: string): StoredEntry {
    const { list, pattern, note, lifetime } = wanted;
    const matchOn = wanted.matchOn ?? guessMatchOn(pattern);
    if (matchOn === undefined) {
      throw new RefusedError(400, NEEDS_TYPE);
    }
    const entered = newEntry(list, matchOn, pattern, this.#remarks(by, note, lifetime));
    if (!entered.ok) throw new RefusedError(400, entered.why);
    const { entry, breadth } = entered;
    if (breadth !== undefined && wanted.isConfirmed !== true) {
      throw new RefusedError(
        400,
        `${entry.pattern} covers ${breadth}. If that is meant: greylag ${list} --force`,
      );
    }
    return this.#store(entry, by);
  }

  /** The effect that an entry would have had on the mail of the history. */
  preview(
    { list, matchOn: given, pattern }: Pick<WantedEntry, "list" | "matchOn" | "pattern">,
  ): Preview {
    const matchOn = given ?? guessMatchOn(pattern);
    if (matchOn === undefined) {
      return { matchOn: "client", effect: "", problem: NEEDS_TYPE };
    }
    const entered = newEntry(list, matchOn, pattern, this.#remarks("", "", undefined));
    if (!entered.ok) return { matchOn, effect: "", problem: entered.why };
    const { store: { privacy }, rules: { recipientDelimiter } } = this.#queries.settings;
    const preview = privacy
      ? undefined
      : this.#reader.use((store) =>
        previewEntry(store, entered.entry, recipientDelimiter, PREVIEW_TIMEOUT_MS)
      );
    const effect = preview === undefined
      ? noPreviewBecause(entered.entry, privacy)
      : describePreview(preview, list, this.#queries.now);
    return { matchOn, effect, breadth: entered.breadth };
  }

  /** Exempts a recipient from greylisting for a while. */
  exempt(
    recipient: string,
    lifetime = EXPECTED_FOR,
    note: string,
    by: string,
  ): StoredEntry {
    const wanted: WantedEntry = {
      list: "allow",
      matchOn: "recipient",
      pattern: recipient,
      note,
      lifetime,
    };
    return this.add(wanted, by);
  }

  /** Replaces note and expiry of an entry. */
  edit(
    id: number,
    { note, expires }: Pick<NewEntry, "note" | "expires">,
    by: string,
  ): StoredEntry {
    const { list, matchOn, pattern } = this.#queries.entry(id);
    const created = this.#queries.now;
    const entry = { list, matchOn, pattern, note, addedBy: by, created };
    return this.#store(expires === undefined ? entry : { ...entry, expires }, by);
  }

  /** Returns the removed entry. */
  remove(id: number, by: string): StoredEntry {
    const entry = this.#queries.entry(id);
    this.#reader.use((store) => store.lists.remove(id));
    this.#report(by, `removed ${formatEntry(entry)}`);
    return entry;
  }

  /** Restores an entry that was removed or edited. */
  restore(entry: NewEntry, by: string): StoredEntry {
    return this.#store(entry, by);
  }

  /** Marks a recipient's link as used; false if it was used before. */
  useLink(tag: string, expires: number): boolean {
    return this.#reader.use((store) => store.notices.useLink(tag, expires));
  }

  #remarks(addedBy: string, note: string, lifetime: number | undefined): Remarks {
    return { addedBy, note: note.slice(0, MAX_NOTE), now: this.#queries.now, lasts: lifetime };
  }

  #store(entry: NewEntry, by: string): StoredEntry {
    const stored = this.#reader.use((store) => store.lists.add(entry));
    this.#report(by, formatEntry(stored));
    return stored;
  }

  #report(by: string, what: string): void {
    this.#daemon.tell({ kind: "changed", by, what });
  }
}
