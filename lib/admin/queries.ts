/**
 * What the store holds of somebody, each kind page by page: what waits, who is known, which origins are
 * proven, what never came back.
 *
 * @module
 */
import { originsOf } from "../greylist/origin.ts";
import type { Rules } from "../greylist/rules.ts";
import { isAutoWhitelisted, tripletState } from "../greylist/triplet_state.ts";
import { parseAddress } from "../net/network.ts";
import type { Deferral, HistoryStore, Page } from "../store/history.ts";
import type { GreylistStore, StoredOrigin, StoredTriplet } from "../store/store.ts";
import { collectPage } from "../store/pages.ts";
import { HOUR } from "../text/duration.ts";
import { type Lost, rankLost } from "./possibly_lost.ts";

/** What is looked for, and how much of it. */
export interface PageQuery {
  /** Part of an address or a name; empty for everything. */
  readonly text: string;
  /** So many rows at most. */
  readonly limit: number;
  /** Where an earlier page ended; absent for the first. */
  readonly after?: string | undefined;
  /** After so many milliseconds a page ends where it has come to; absent for never. */
  readonly timeoutMs?: number;
}

/** Of so many that never came back, the newest, the most likely are told. */
export const RANKED = 20_000;

/** What was not tried again for so long counts as lost where nobody says otherwise, in milliseconds. */
export const LOST_AFTER = 6 * HOUR;

/** Networks are stored, and not the addresses in them. */
function originText(text: string, rules: Rules): string {
  const address = parseAddress(text);
  return address === undefined ? text : originsOf(address, undefined, rules)[0]!.name;
}

/** What was put off, is not over, and may still come back; the newest first. */
export function findWaiting(
  store: HistoryStore,
  query: PageQuery,
  rules: Rules,
  now: number,
): Page<Deferral> {
  const { text } = query;
  const lastSeenFrom = now - rules.retryWindow;
  return collectPage(
    (after, limit) => store.findDeferrals({ text, limit, after, open: true, lastSeenFrom }),
    query,
  );
}

/** Triplets that pass at once. */
export function findKnown(
  store: GreylistStore,
  query: PageQuery,
  rules: Rules,
  now: number,
): Page<StoredTriplet> {
  const text = originText(query.text, rules);
  return collectPage((after, limit) => store.findTriplets({ text, limit, after }), {
    ...query,
    fits: (triplet) => tripletState(triplet, rules, now).kind === "known",
  });
}

/** Origins whose mail passes at once. */
export function findAutoWhitelisted(
  store: GreylistStore,
  query: PageQuery,
  rules: Rules,
  now: number,
): Page<StoredOrigin> {
  const text = originText(query.text, rules);
  return collectPage((after, limit) => store.findOrigins({ text, limit, after }), {
    ...query,
    fits: (record) => isAutoWhitelisted(record, rules, now),
  });
}

/**
 * What never came back, the most likely real mail first: the best of a window of {@linkcode RANKED},
 * so that the next page is of older mail.
 *
 * @param before what was last put off before this, in milliseconds since the epoch, counts as lost.
 */
export function findLost(
  store: HistoryStore,
  query: PageQuery,
  before: number,
): Page<Lost> {
  const { text } = query;
  const { rows, next } = collectPage(
    (after, limit) =>
      store.findDeferrals({ text, limit, after, open: true, lastSeenBefore: before }),
    { ...query, limit: RANKED },
  );
  return { rows: rankLost(rows).slice(0, query.limit), next };
}

/** What was put off under a number; undefined if nothing was, or if it is too long ago. */
export function deferralNumbered(store: HistoryStore, id: number): Deferral | undefined {
  const { rows } = store.findDeferrals({ text: "", limit: 1, after: String(id + 1) });
  return rows.find((row) => row.id === id);
}
