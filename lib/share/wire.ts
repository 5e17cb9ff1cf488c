/**
 * A page of changes as sites send it to each other, in JSON. A site skips kinds of changes and fields
 * that it does not know, so that a newer one does not stop it.
 *
 * @module
 */
import * as v from "valibot";
import { LIST_NAMES } from "../lists/matcher.ts";
import { MATCH_ON } from "../lists/pattern.ts";
import type { ChangePage, SharedChange } from "../store/shared_change.ts";
import type { Agreement } from "./settings.ts";

/** The version of what sites send. A site that sends another is not merged. */
export const FORMAT = 1;

/** Where a site serves its changes, below the URL of its status page. */
export const CHANGES_PATH = "/api/v1/changes";

/** Of the `Authorization` header (RFC 9110, 11.1), before the token. */
export const SCHEME = "Greylag-Share";

/** Rows of a page. */
export const PAGE_ROWS = 1000;

const text = v.pipe(v.string(), v.maxLength(4096));
const time = v.pipe(v.number(), v.integer(), v.minValue(-1e15), v.maxValue(1e15));
const count = v.pipe(v.number(), v.minValue(0), v.maxValue(1e12));
const origins = v.pipe(v.array(text), v.minLength(1), v.maxLength(64));

const PART = v.object({
  site: text,
  retried: count,
  abandoned: count,
  total: v.pipe(count, v.integer()),
  updated: time,
  firstSeen: time,
  lastSeen: time,
  lastRetried: time,
  lastAbandoned: time,
  trappedUntil: v.exactOptional(time),
  domains: v.exactOptional(
    v.pipe(v.array(v.object({ domain: text, since: time })), v.maxLength(64)),
  ),
  cleared: time,
});

const ENTRY = v.object({
  id: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1e12)),
  note: text,
  addedBy: text,
  created: time,
  expires: v.nullable(time),
});

/** The lists that this version knows. */
const list = v.picklist([...LIST_NAMES, "release"]);
const matchOn = v.picklist([...MATCH_ON, "pair"]);

const CHANGES: Readonly<Record<SharedChange[0], v.GenericSchema<unknown, SharedChange>>> = {
  pending: v.tuple([v.literal("pending"), text, text, text, origins, time, time, count, time]),
  ended: v.tuple([v.literal("ended"), text, text, text, time, time, time]),
  relation: v.tuple([v.literal("relation"), text, text, origins, time, time]),
  reputation: v.tuple([v.literal("reputation"), text, PART]),
  entry: v.tuple([v.literal("entry"), list, matchOn, text, time, v.nullable(ENTRY)]),
  forgotten: v.tuple([v.literal("forgotten"), text, time]),
  passed: v.tuple([v.literal("passed"), text, text, time, text]),
};

/** The value of a text from another site; undefined if it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The change that a site sent; undefined for one that this version does not know. */
export function readChange(given: unknown): SharedChange | undefined {
  const kind: unknown = Array.isArray(given) ? given[0] : undefined;
  if (typeof kind !== "string" || !Object.hasOwn(CHANGES, kind)) return undefined;
  const result = v.safeParse(CHANGES[kind as SharedChange[0]], given);
  return result.success ? result.output : undefined;
}

const SITE = {
  format: v.number(),
  site: text,
  incarnation: text,
  version: text,
  /** Milliseconds since the epoch, by the clock of the site. */
  time,
  /** Of the key of its hashes; `clear` where it stores addresses in clear. */
  privacy: text,
  agreement: v.object({
    retryWindow: count,
    lifetime: count,
    ipv4Prefix: count,
    ipv6Prefix: count,
  }),
};

const HEADER = v.object(SITE);

/** A site's description of itself. */
export type SiteHeader = Omit<v.InferOutput<typeof HEADER>, "agreement"> & {
  readonly agreement: Agreement;
};

export interface SitePage extends SiteHeader {
  readonly changes: readonly SharedChange[];
  /** Changes that this version does not know. */
  readonly skipped: number;
  readonly next: string;
  readonly isMore: boolean;
}

const PAGE = v.object({ ...SITE, changes: v.array(v.unknown()), next: text, isMore: v.boolean() });

export function headerOf(given: unknown): SiteHeader | undefined {
  const result = v.safeParse(HEADER, given);
  return result.success ? result.output : undefined;
}

/** @returns undefined if it is no page of changes. */
export function readPage(given: unknown): SitePage | undefined {
  const result = v.safeParse(PAGE, given);
  if (!result.success) return undefined;
  const { changes: all, ...rest } = result.output;
  const changes = all.map(readChange).filter((one) => one !== undefined);
  return { ...rest, changes, skipped: all.length - changes.length };
}

/** The page that a site sends. */
export function writePage(
  header: Omit<SiteHeader, "incarnation" | "privacy">,
  { incarnation, privacy, changes, next, isMore }: ChangePage,
): Record<string, unknown> {
  return { ...header, incarnation, privacy, changes, next, isMore };
}
