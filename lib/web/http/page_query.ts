/**
 * What the address of a page may hold behind the question mark.
 *
 * @module
 */
import * as v from "valibot";
import type { Reason } from "../../greylist/model.ts";
import { type Period, PERIODS } from "../../admin/figures.ts";
import { isKey, REASONS } from "../api/schema.ts";
import { RefusedError } from "../worker/status_service.ts";
import type { AppContext } from "./context.ts";

const NUMBER = v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}$/)));

const SEARCH = v.object({
  q: v.fallback(v.optional(v.pipe(v.string(), v.trim(), v.maxLength(320)), ""), ""),
  after: v.fallback(v.optional(v.pipe(v.string(), v.maxLength(4000))), undefined),
  period: v.fallback(v.optional(v.picklist(PERIODS), "24h"), "24h"),
  list: v.fallback(
    v.optional(v.picklist(["allow", "block", "always-greylist", "release"])),
    undefined,
  ),
  reason: v.fallback(
    v.optional(
      v.pipe(v.string(), v.transform((words) => words.split(",")), v.array(v.picklist(REASONS))),
    ),
    undefined,
  ),
  deferral: v.fallback(NUMBER, undefined),
  decision: v.fallback(NUMBER, undefined),
  then: v.fallback(v.optional(v.string(), "/"), "/"),
});

/** What a page is asked for; what makes no sense is left out. All texts are hostile. */
export interface PageRequest {
  /** Part of an address or a name; empty for everything. */
  readonly q: string;
  /** Where an earlier page ended. */
  readonly after?: string | undefined;
  /** The period of a trend. */
  readonly period: Period;
  /** A list. */
  readonly list?: "allow" | "block" | "always-greylist" | "release" | undefined;
  /** Only decisions with these reasons. */
  readonly reason?: readonly Reason[] | undefined;
  /** The number of what was put off. */
  readonly deferral?: string | undefined;
  /** The number of a decision. */
  readonly decision?: string | undefined;
  /** Where to go after signing in. */
  readonly then: string;
}

/** What a page is asked for. */
export function searchOf(context: AppContext): PageRequest {
  return v.parse(SEARCH, context.req.query());
}

/** Places in tables with a text for a key; all others have a number. */
const KEY_PARTS: Readonly<Record<string, number>> = { "/known": 3, "/auto-whitelisted": 1 };

/**
 * Checks where a page of a list is to begin.
 *
 * @throws {RefusedError} if that is no place in that list.
 */
export function checkPlace(path: string, after: string | undefined): void {
  if (after === undefined) return;
  const parts = KEY_PARTS[path];
  const isPlace = parts === undefined ? /^\d{1,15}$/.test(after) : isKey(after, parts);
  if (!isPlace) throw new RefusedError(400, "this is no place in the list");
}

/** The search of a page without its place in the list, for the way to the next one. */
export function withoutPlace(context: AppContext): string {
  const { after: _, ...kept } = context.req.query();
  const query = new URLSearchParams(kept).toString();
  return query === "" ? "" : `?${query}`;
}
