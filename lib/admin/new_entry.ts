/**
 * Entries of the lists as a person asks for them, on the command line and on the status page alike.
 *
 * @module
 */
import type { ListName } from "../lists/matcher.ts";
import { formatPair, formatPattern, type MatchOn, parsePattern } from "../lists/pattern.ts";
import type { Deferral } from "../store/history.ts";
import type { NewEntry } from "../store/store.ts";
import { MINUTE } from "../text/duration.ts";

/** What is said of an entry besides what it matches. */
export interface Remarks {
  /** Why it is there; may be empty. */
  readonly note: string;
  /** Who adds it. */
  readonly addedBy: string;
  /** The moment, in milliseconds since the epoch. */
  readonly now: number;
  /** After so many milliseconds it ends; absent for never. */
  readonly lasts?: number | undefined;
}

/** An entry, or why there can be none. */
export type Entered =
  | { readonly ok: true; readonly entry: NewEntry }
  | { readonly ok: false; readonly why: string };

/** How long `expect` lasts where nobody says it, in milliseconds. */
export const EXPECTED_FOR = 15 * MINUTE;

function remarked({ note, addedBy, now, lasts }: Remarks) {
  return { note, addedBy, created: now, ...(lasts === undefined ? {} : { expires: now + lasts }) };
}

/**
 * An entry for a pattern that somebody wrote.
 *
 * @returns why not, if the text is no pattern for that matchOn.
 */
export function newEntry(
  list: ListName,
  matchOn: MatchOn,
  text: string,
  remarks: Remarks,
): Entered {
  const parsed = parsePattern(matchOn, text);
  if (!parsed.ok) return { ok: false, why: `${JSON.stringify(text)}: ${parsed.why}` };
  const pattern = formatPattern(parsed.pattern);
  return { ok: true, entry: { list, matchOn, pattern, ...remarked(remarks) } };
}

/** An entry that lets in what a sender writes to a recipient, wherever it comes from. */
export function releaseOf(
  { sender, recipient }: Pick<Deferral, "sender" | "recipient">,
  remarks: Remarks,
): NewEntry {
  const pattern = formatPair(sender, recipient);
  return { list: "release", matchOn: "pair", pattern, ...remarked(remarks) };
}
