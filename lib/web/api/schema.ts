/**
 * What goes into the API and what comes out of it, as schemas: they check what is sent, type the
 * answers, and are what the OpenAPI document is made of.
 *
 * @module
 */
import * as v from "valibot";
import { parseDuration } from "../../config/duration.ts";
import { type Reason, REASON_TEXTS } from "../../greylist/model.ts";
import { PERIODS } from "../../admin/figures.ts";
import type {
  AutoWhitelistedJson,
  DecisionJson,
  DeferralJson,
  EntryJson,
  KnownJson,
  SummaryJson,
} from "../../admin/record_json.ts";

/**
 * The reasons of decisions.
 *
 * @internal its type is what the expression says
 */
export const REASONS = Object.keys(REASON_TEXTS) as [Reason, ...Reason[]];

const time = v.pipe(v.string(), v.isoTimestamp());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const amount = v.pipe(v.number(), v.minValue(0));
const matchOn = v.picklist(["client", "sender", "recipient"]);
const list = v.picklist(["allow", "block", "always-greylist", "opt-in", "opt-out", "release"]);

const duration = v.pipe(
  v.string('must be a duration such as "15m" or "30d"'),
  v.check(
    (text) => (parseDuration(text) ?? 0) > 0 && parseDuration(text)! <= parseDuration("3650d")!,
    'must be a duration from 1ms to 3650d, such as "15m" or "30d"',
  ),
  v.description("A duration with its unit, such as 15m or 30d."),
);

const note = v.pipe(
  v.string("must be a text"),
  v.maxLength(500, "must have 500 characters at most"),
  v.description("Why the entry is there."),
);

/** A mail as the list of an API row shows it. */
const mail = {
  client_address: v.string(),
  client_name: v.string(),
  helo_name: v.string(),
  sender: v.string(),
  recipient: v.string(),
};

/**
 * An entry of a list.
 *
 * @internal its type is what the expression says
 */
export const ENTRY = v.object({
  id: count,
  list,
  match_on: v.picklist(["client", "sender", "recipient", "pair"]),
  pattern: v.string(),
  note: v.string(),
  added_by: v.string(),
  created: time,
  expires: v.nullable(time),
  hits: count,
  last_hit: v.nullable(time),
}) satisfies v.GenericSchema<unknown, EntryJson>;

const deferralFields = {
  id: count,
  ...mail,
  network: v.string(),
  tries: count,
  network_changes: count,
  first_tried: time,
  last_tried: time,
};

/**
 * What was put off.
 *
 * @internal its type is what the expression says
 */
export const DEFERRAL = v.object(deferralFields) satisfies v.GenericSchema<unknown, DeferralJson>;

/**
 * What waits.
 *
 * @internal its type is what the expression says
 */
export const WAITING = v.object({
  ...deferralFields,
  passes_from: v.pipe(time, v.description("A try from this time on passes.")),
});

/**
 * What never came back.
 *
 * @internal its type is what the expression says
 */
export const LOST = v.object({
  ...deferralFields,
  legitimacy: v.pipe(count, v.maxValue(10), v.description("How much it looks like real mail.")),
});

/**
 * A decision.
 *
 * @internal its type is what the expression says
 */
export const DECISION = v.object({
  id: count,
  time,
  decision: v.picklist(["pass", "defer", "reject"]),
  reason: v.picklist(REASONS),
  shadow: v.nullable(v.picklist(["defer", "reject"])),
  ...mail,
  waiting: v.nullable(count),
  origin: v.nullable(v.string()),
  by: v.nullable(v.string()),
  wait_seconds: v.nullable(count),
  delay_seconds: v.nullable(amount),
}) satisfies v.GenericSchema<unknown, DecisionJson>;

/**
 * A triplet that passes at once.
 *
 * @internal its type is what the expression says
 */
export const KNOWN = v.object({
  origin: v.string(),
  sender: v.string(),
  recipient: v.string(),
  since: v.nullable(time),
  last_used: time,
}) satisfies v.GenericSchema<unknown, KnownJson>;

/**
 * A proven origin.
 *
 * @internal its type is what the expression says
 */
export const AUTO_WHITELISTED = v.object({
  origin: v.string(),
  deliveries: count,
  since: time,
  last_used: time,
}) satisfies v.GenericSchema<unknown, AutoWhitelistedJson>;

/**
 * A rule of the built-in list or of a file.
 *
 * @internal its type is what the expression says
 */
export const RULE = v.object({
  source: v.string(),
  match_on: matchOn,
  pattern: v.string(),
  why: v.string(),
  hits: count,
});

/**
 * What happened within a period.
 *
 * @internal its type is what the expression says
 */
export const SUMMARY = v.object({
  since: time,
  requests: count,
  reasons: v.record(v.string(), count),
  shadow: v.object({ defer: count, reject: count }),
  delayed: v.object({
    messages: count,
    p50_seconds: v.nullable(amount),
    p90_seconds: v.nullable(amount),
    histogram: v.array(v.object({ up_to_seconds: v.nullable(amount), count })),
  }),
  deferred: v.object({ returned: count, refused: count, waiting: count, lost: count }),
}) satisfies v.GenericSchema<unknown, SummaryJson>;

const figures = {
  passed_undelayed: amount,
  deferred: amount,
  retried: amount,
  blocked: amount,
};

const today = v.object({ ...figures, delayed: amount, stopped: amount });

/**
 * The last 24 hours and what is usual.
 *
 * @internal its type is what the expression says
 */
export const TODAY = v.object({
  last: today,
  baseline: v.pipe(
    v.nullable(today),
    v.description("The mean of the days before; null while there is no whole day."),
  ),
});

/**
 * The figures of a period, piece by piece.
 *
 * @internal its type is what the expression says
 */
export const TREND = v.object({
  period: v.picklist(PERIODS),
  pieces: v.array(v.object({ from: time, seconds: count, ...figures })),
});

/**
 * How Greylag fares.
 *
 * @internal its type is what the expression says
 */
export const HEALTH = v.object({
  version: v.string(),
  ready: v.boolean(),
  obstacles: v.array(v.string()),
  warnings: v.array(v.object({
    severity: v.picklist(["error", "warning"]),
    what: v.string(),
    remedy: v.string(),
  })),
  started: time,
  uptime_seconds: count,
  endpoints: v.array(v.string()),
  connections: count,
  requests: count,
  database: v.object({
    path: v.string(),
    works: v.boolean(),
    bytes: v.nullable(count),
    triplets: v.nullable(count),
    origins: v.nullable(count),
  }),
  last_expiry: v.nullable(v.object({ time, removed: count })),
  dns: v.object({
    answered: count,
    failed: count,
    last_failure: v.nullable(v.object({ time, why: v.string() })),
  }),
  faults: v.array(v.object({
    level: v.string(),
    text: v.string(),
    first: time,
    last: time,
    times: count,
  })),
});

/**
 * Why something was not done.
 *
 * @internal its type is what the expression says
 */
export const PROBLEM = v.object({ error: v.string() });

/**
 * One page of rows.
 *
 * @internal its type is what the expression says
 */
export function pageOf<T extends v.GenericSchema>(row: T): v.GenericSchema {
  const next = v.pipe(
    v.nullable(v.string()),
    v.description("What `after` has to be for the next page; null after the last."),
  );
  return v.object({ items: v.array(row), next });
}

const text = v.optional(
  v.pipe(
    v.string(),
    v.maxLength(320, "must have 320 characters at most"),
    v.description("Any part of an address or name, in any case."),
  ),
  "",
);

const limit = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^[1-9]\d{0,2}$/, "must be a whole number from 1 to 200"),
    v.transform(Number),
    v.maxValue(200, "must be a whole number from 1 to 200"),
    v.description("So many rows at most."),
  ),
  "50",
);

const BEHIND = "Where an earlier page ended: its `next`.";

const afterNumber = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^\d{1,15}$/, "must be the `next` of an earlier page"),
    v.description(BEHIND),
  ),
);

/** Whether a text is a key of so many parts, as JSON. */
export function isKey(text: string, parts: number): boolean {
  try {
    const key: unknown = JSON.parse(text);
    return Array.isArray(key) && key.length === parts &&
      key.every((part) => typeof part === "string");
  } catch {
    return false;
  }
}

const afterKey = (parts: number) =>
  v.optional(
    v.pipe(
      v.string(),
      v.maxLength(4000, "must be the `next` of an earlier page"),
      v.check((text) => isKey(text, parts), "must be the `next` of an earlier page"),
      v.description(BEHIND),
    ),
  );

/**
 * A search in a table with numbered rows.
 *
 * @internal its type is what the expression says
 */
export const NUMBERED_SEARCH = v.object({ q: text, limit, after: afterNumber });

/**
 * A search for decisions.
 *
 * @internal its type is what the expression says
 */
export const DECISION_SEARCH = v.object({
  q: text,
  reason: v.optional(
    v.pipe(
      v.string(),
      v.transform((words) => words.split(",")),
      v.array(v.picklist(REASONS, `must be of: ${REASONS.join(", ")}`)),
      v.description("Only decisions with these reasons, with commas between them."),
    ),
  ),
  limit,
  after: afterNumber,
});

/**
 * A search for triplets.
 *
 * @internal its type is what the expression says
 */
export const TRIPLET_SEARCH = v.object({ q: text, limit, after: afterKey(3) });

/**
 * A search for origins.
 *
 * @internal its type is what the expression says
 */
export const ORIGIN_SEARCH = v.object({ q: text, limit, after: afterKey(1) });

/**
 * A search for entries.
 *
 * @internal its type is what the expression says
 */
export const ENTRY_SEARCH = v.object({
  q: text,
  list: v.optional(v.picklist(list.options, `must be one of: ${list.options.join(", ")}`)),
  limit,
  after: afterNumber,
});

/**
 * Which trend.
 *
 * @internal its type is what the expression says
 */
export const TREND_SEARCH = v.object({
  period: v.optional(v.picklist(PERIODS, `must be one of: ${PERIODS.join(", ")}`), "24h"),
});

/**
 * How far back a summary goes.
 *
 * @internal its type is what the expression says
 */
export const SUMMARY_SEARCH = v.object({ since: v.optional(duration, "24h") });

/**
 * No search at all.
 *
 * @internal its type is what the expression says
 */
export const NO_SEARCH = v.object({});

/**
 * A new entry.
 *
 * @internal its type is what the expression says
 */
export const NEW_ENTRY = v.strictObject({
  list: v.picklist(
    ["allow", "block", "always-greylist"],
    "must be allow, block or always-greylist",
  ),
  match_on: v.optional(matchOn),
  pattern: v.pipe(
    v.string("must be a text"),
    v.minLength(1, "must not be empty"),
    v.maxLength(1000, "must have 1000 characters at most"),
  ),
  note: v.optional(note, ""),
  for: v.optional(duration),
});

/**
 * What an entry's note and end become.
 *
 * @internal its type is what the expression says
 */
export const CHANGED_ENTRY = v.strictObject({
  note: v.optional(note, ""),
  for: v.optional(duration),
});

/**
 * Whose mail is expected.
 *
 * @internal its type is what the expression says
 */
export const EXPECTED = v.strictObject({
  recipient: v.pipe(v.string("must be a text"), v.minLength(1, "must not be empty")),
  for: v.optional(duration, "15m"),
  note: v.optional(note, ""),
});
