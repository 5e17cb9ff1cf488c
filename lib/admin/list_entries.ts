/**
 * Makes list entries for the command line and the status page.
 *
 * @module
 */
import { foldSender, normaliseRecipient } from "../greylist/normalise.ts";
import type { ListName } from "../lists/matcher.ts";
import { formatPair, formatPattern, type MatchOn, parsePattern } from "../lists/pattern.ts";
import type { Deferral } from "../store/history.ts";
import type { NewEntry } from "../store/store.ts";
import { MINUTE } from "../text/duration.ts";
import { breadthOf } from "./broad_pattern.ts";

export interface Remarks {
  readonly note: string;
  readonly addedBy: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Time until it expires, in milliseconds; absent for never. */
  readonly lasts?: number | undefined;
}

export type Entered =
  | {
    readonly ok: true;
    readonly entry: NewEntry;
    /** The breadth of the pattern, if its list decides on mail and it is likely too broad. */
    readonly breadth: string | undefined;
  }
  | { readonly ok: false; readonly why: string };

/** The lists whose entries all match on the same attribute. */
export const FIXED_MATCH_ON: Readonly<Partial<Record<ListName, MatchOn>>> = {
  "always-greylist": "client",
  "trap": "recipient",
};

/** Default lifetime of an exemption, in milliseconds. */
export const EXPECTED_FOR = 15 * MINUTE;

function remarked({ note, addedBy, now, lasts }: Remarks) {
  return { note, addedBy, created: now, ...(lasts === undefined ? {} : { expires: now + lasts }) };
}

export function newEntry(
  list: ListName,
  matchOn: MatchOn,
  text: string,
  remarks: Remarks,
): Entered {
  const fixed = FIXED_MATCH_ON[list] ?? matchOn;
  if (matchOn !== fixed) return { ok: false, why: `${list} takes ${fixed}s only` };
  const parsed = parsePattern(matchOn, text);
  if (!parsed.ok) return { ok: false, why: `${JSON.stringify(text)}: ${parsed.why}` };
  const { pattern } = parsed;
  const breadth = list === "allow" || list === "block" ? breadthOf(matchOn, pattern) : undefined;
  const entry = { list, matchOn, pattern: formatPattern(pattern), ...remarked(remarks) };
  return { ok: true, entry, breadth };
}

/**
 * The pattern of the entry that releases a pair, as given or normalised.
 *
 * @param delimiter the setting `recipient_delimiter`.
 */
export function releasePattern(
  { sender, recipient }: Pick<Deferral, "sender" | "recipient">,
  delimiter: string,
): string {
  return formatPair(foldSender(sender, recipient), normaliseRecipient(recipient, delimiter));
}

/** An entry that accepts mail of a pair from any client. */
export function releaseOf(
  pair: Pick<Deferral, "sender" | "recipient">,
  delimiter: string,
  remarks: Remarks,
): NewEntry {
  return {
    list: "release",
    matchOn: "pair",
    pattern: releasePattern(pair, delimiter),
    ...remarked(remarks),
  };
}
