/**
 * The query parameters of pages.
 *
 * @module
 */
import * as v from "valibot";
import { PERIODS } from "../../admin/statistics.ts";
import { MATCH_ON } from "../../lists/pattern.ts";
import { isKey, REASONS } from "../api/schema.ts";
import { RefusedError } from "../worker/status_queries.ts";
import type { AppContext } from "./context.tsx";

const number = v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}$/)));

const text = v.pipe(v.string(), v.trim(), v.maxLength(320));

/** An empty field of a form is no filter. */
const filled = v.optional(v.pipe(text, v.minLength(1)));

/** ISO 8601. */
const time = v.optional(
  v.pipe(v.string(), v.transform((text) => Date.parse(text)), v.number(), v.minValue(0)),
);

const SCHEMA = v.object({
  q: v.fallback(v.optional(text, ""), ""),
  after: v.fallback(v.optional(v.pipe(v.string(), v.maxLength(4000))), undefined),
  period: v.fallback(v.optional(v.picklist(PERIODS), "7d"), "7d"),
  list: v.fallback(
    v.optional(v.picklist(["allow", "block", "always-greylist", "release"])),
    undefined,
  ),
  reason: v.fallback(
    v.optional(
      v.pipe(v.string(), v.transform((text) => text.split(",")), v.array(v.picklist(REASONS))),
    ),
    undefined,
  ),
  deferral: v.fallback(number, undefined),
  decision: v.fallback(number, undefined),
  verdict: v.fallback(v.optional(v.picklist(["pass", "defer", "reject"])), undefined),
  state: v.fallback(
    v.optional(v.picklist(["retried", "rejected", "waiting", "not-retried"])),
    undefined,
  ),
  /** `<>` for the null sender. */
  domain: v.fallback(filled, undefined),
  recipient: v.fallback(filled, undefined),
  client: v.fallback(filled, undefined),
  since: v.fallback(v.optional(v.picklist(["1h", ...PERIODS])), undefined),
  from: v.fallback(time, undefined),
  until: v.fallback(time, undefined),
  pattern: v.fallback(v.optional(v.pipe(v.string(), v.trim(), v.maxLength(1000)), ""), ""),
  match_on: v.fallback(v.optional(v.picklist(MATCH_ON)), undefined),
  for: v.fallback(v.optional(v.string(), ""), ""),
  note: v.fallback(v.optional(v.pipe(v.string(), v.maxLength(500)), ""), ""),
  then: v.fallback(v.optional(v.string(), "/"), "/"),
});

/** Parameters of a page; all texts are hostile. */
export type PageParameters = Readonly<v.InferOutput<typeof SCHEMA>>;

/** Ignores invalid parameters. */
export function parametersOf(context: AppContext): PageParameters {
  return v.parse(SCHEMA, context.req.query());
}

/** The parts of `after` in tables whose key is a text; other tables have a number. */
const KEY_PARTS: Readonly<Record<string, number>> = { "/known": 2, "/auto-whitelisted": 1 };

/** @throws {RefusedError} if `after` is no key of the table at this path. */
export function checkAfter(path: string, after: string | undefined): void {
  if (after === undefined) return;
  const parts = KEY_PARTS[path];
  const isValid = parts === undefined ? /^\d{1,15}$/.test(after) : isKey(after, parts);
  if (!isValid) throw new RefusedError(400, "the parameter after is not valid for this list");
}

/** The query string without `after`, for links to the next page. */
export function queryWithoutAfter(context: AppContext): string {
  const { after: _, ...kept } = context.req.query();
  const query = new URLSearchParams(kept).toString();
  return query === "" ? "" : `?${query}`;
}
