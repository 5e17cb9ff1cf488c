/**
 * The schemas of the API: they check what is sent, type the responses and make the OpenAPI document.
 *
 * @module
 */
import * as v from "valibot";
import { DURATION, parseDuration } from "../../text/duration.ts";
import { type Reason, REASON_TEXTS } from "../../greylist/model.ts";
import { PERIODS } from "../../admin/statistics.ts";
import { ZONE_STATES } from "../../dns/dnsbl.ts";
import { LIST_NAMES } from "../../lists/matcher.ts";
import { MATCH_ON } from "../../lists/pattern.ts";
import type {
  AutoWhitelistedJson,
  DecisionJson,
  DeferralJson,
  EntryJson,
  KnownJson,
  SummaryJson,
} from "../../admin/record_json.ts";

export const REASONS = Object.keys(REASON_TEXTS) as [Reason, ...Reason[]];

const about = (description: string) => v.pipe(v.string(), v.description(description));
const time = (description: string) =>
  v.pipe(v.string(), v.isoTimestamp(), v.description(description));
const count = (description: string) =>
  v.pipe(v.number(), v.integer(), v.minValue(0), v.description(description));
const amount = (description: string) =>
  v.pipe(v.number(), v.minValue(0), v.description(description));
const matchOn = v.picklist(MATCH_ON);
const list = v.picklist([...LIST_NAMES, "release"]);

const NO_DURATION = 'must be a duration from 1ms to 3650d, such as "15m" or "30d"';

const duration = v.pipe(
  v.string(NO_DURATION),
  v.regex(DURATION, NO_DURATION),
  v.check(
    (text) => (parseDuration(text) ?? 0) > 0 && parseDuration(text)! <= parseDuration("3650d")!,
    NO_DURATION,
  ),
  v.description("Duration with its unit, from 1ms to 3650d, such as 15m or 30d."),
);

const note = v.pipe(
  v.string("must be a string"),
  v.maxLength(500, "must have at most 500 characters"),
  v.description("Note for other administrators."),
);

const mail = {
  client_address: about("Address of the client."),
  client_name: about("Verified name of the client; `unknown` without one."),
  helo_name: about("Name that the client gave in HELO or EHLO."),
  sender: about("Envelope sender; empty for the null sender."),
  recipient: about("Envelope recipient."),
};

export const ENTRY = v.object({
  id: count("Number of the row, for calls and commands."),
  list: v.pipe(list, v.description("List that the entry belongs to.")),
  match_on: v.pipe(
    v.picklist([...MATCH_ON, "pair"]),
    v.description("Attribute that the pattern is compared with."),
  ),
  pattern: about("Pattern to match."),
  note: about("Note of the administrator."),
  added_by: about("User, token or command that added the entry."),
  created: time("Time of creation."),
  expires: v.nullable(time("Time of expiry; null for never.")),
  hits: count("Number of decisions that the entry made."),
  last_hit: v.nullable(time("Time of the last hit; null for never.")),
}) satisfies v.GenericSchema<unknown, EntryJson>;

const deferralFields = {
  id: count("Number of the row, for calls and commands."),
  ...mail,
  network: about("Network of the last attempt, as an origin."),
  tries: count("Number of deferred attempts."),
  network_changes: count("Number of attempts from another network than the attempt before."),
  first_tried: time("Time of the first deferral."),
  last_tried: time("Time of the last deferral."),
  accepted_from: time("Time from which a retry is accepted."),
};

export const DEFERRAL = v.object(deferralFields) satisfies v.GenericSchema<unknown, DeferralJson>;

/** A deferral that was not retried. */
export const LOST = v.object({
  ...deferralFields,
  legitimacy: v.pipe(
    v.number(),
    v.integer(),
    v.minValue(0),
    v.maxValue(10),
    v.description("Likelihood of legitimate mail, 0 to 10."),
  ),
});

export const DECISION = v.object({
  id: count("Number of the row, for calls and commands."),
  time: time("Time of the event."),
  decision: v.pipe(
    v.picklist(["pass", "defer", "reject"]),
    v.description("Decision on the attempt."),
  ),
  reason: v.pipe(v.picklist(REASONS), v.description("Reason of the decision; see log.md.")),
  shadow: v.nullable(
    v.pipe(
      v.picklist(["defer", "reject"]),
      v.description('Decision that `mode = "shadow"` did not carry out.'),
    ),
  ),
  ...mail,
  deferral_id: v.nullable(count("Number of the deferral that the decision belongs to.")),
  origin: v.nullable(about("Origin that matched.")),
  by: v.nullable(about("List entry that decided.")),
  wait_seconds: v.nullable(count("Seconds left until a retry is accepted.")),
  delay_seconds: v.nullable(amount("Seconds between the first attempt and the accepted retry.")),
}) satisfies v.GenericSchema<unknown, DecisionJson>;

/** A sender and recipient whose mail passes without delay. */
export const KNOWN = v.object({
  sender: about("Folded sender, or `@` and a domain; empty for the null sender."),
  recipient: about("Envelope recipient."),
  origins: v.pipe(v.array(v.string()), v.description("Origins of the mail, the newest last.")),
  since: time("Time of the first accepted attempt."),
  last_used: time("Time of the last accepted attempt."),
}) satisfies v.GenericSchema<unknown, KnownJson>;

export const AUTO_WHITELISTED = v.object({
  origin: about("Name of the origin; a network is followed by the sender's domain."),
  kind: v.pipe(
    v.picklist(["address", "host", "domain", "organisation", "provider"]),
    v.description(
      "Senders that skip greylisting: any (address, organisation, provider), or one domain only (host, domain).",
    ),
  ),
  retried: amount("Retried messages, one an hour at most; halved every 30 days."),
  abandoned: amount("Messages that were not retried; counted and halved in the same way."),
  since: time("Time of the first retried message."),
  last_used: time("Time of the last accepted attempt."),
}) satisfies v.GenericSchema<unknown, AutoWhitelistedJson>;

export const RULE = v.object({
  source: about("Path and line of the list file, or origin of the built-in rule."),
  match_on: v.pipe(matchOn, v.description("Attribute that the pattern is compared with.")),
  pattern: about("Pattern to match."),
  reason: about("Reason for the rule; empty for rules of list files."),
  hits: count("Number of decisions that the rule made."),
});

export const SUMMARY = v.object({
  since: time("Start of the period, at a full hour."),
  requests: count("Number of requests."),
  reasons: v.pipe(
    v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0))),
    v.description("Number of requests by reason; reasons without requests are left out."),
  ),
  shadow: v.object({
    defer: count('Number of deferrals that `mode = "shadow"` did not carry out.'),
    reject: count('Number of rejections that `mode = "shadow"` did not carry out.'),
  }),
  delayed: v.object({
    messages: count("Number of messages accepted after a retry."),
    p50_seconds: v.nullable(amount("Median delay in seconds.")),
    p90_seconds: v.nullable(amount("90th percentile of the delay in seconds.")),
    histogram: v.array(v.object({
      up_to_seconds: v.nullable(amount("Upper bound of the bucket in seconds; null for none.")),
      count: count("Number of messages in the bucket."),
    })),
  }),
  deferred: v.object({
    retried: count("Number of deferrals that were retried and accepted."),
    rejected: count("Number of deferrals that were rejected later."),
    waiting: count("Number of deferrals with an attempt in the last 6 hours."),
    not_retried: count("Number of deferrals without an attempt for 6 hours."),
    listed: count("Number of deferrals whose client a DNS list named when it retried."),
  }),
}) satisfies v.GenericSchema<unknown, SummaryJson>;

const figures = {
  passed_undelayed: amount("Number of attempts passed without delay."),
  deferred: amount("Number of new deferrals."),
  retried: amount("Number of deferrals that were retried."),
  blocked: amount("Number of rejected attempts."),
};

const today = v.object({
  ...figures,
  delayed: amount("Number of messages accepted after a retry."),
  not_retried: amount("Number of deferrals not retried within `retry_window`."),
});

export const TODAY = v.object({
  last: v.pipe(today, v.description("The last 24 hours.")),
  baseline: v.pipe(
    v.nullable(today),
    v.description("Mean of the days before; null before the first full day."),
  ),
});

export const TREND = v.object({
  period: v.pipe(v.picklist(PERIODS), v.description("Period of the trend.")),
  intervals: v.array(v.object({
    from: time("Start of the interval."),
    seconds: count("Length of the interval in seconds."),
    ...figures,
  })),
});

export const HEALTH = v.object({
  version: about("Version of Greylag."),
  ready: v.pipe(v.boolean(), v.description("True if the daemon can greylist.")),
  obstacles: v.pipe(
    v.array(v.string()),
    v.description("Reasons why the daemon is not ready."),
  ),
  warnings: v.array(v.object({
    severity: v.pipe(
      v.picklist(["error", "warning", "advice"]),
      v.description("Severity of the warning."),
    ),
    problem: about("What is wrong."),
    remedy: about("What to do."),
  })),
  started: time("Start of the daemon."),
  uptime_seconds: count("Seconds since the start of the daemon."),
  endpoints: v.pipe(v.array(v.string()), v.description("Endpoints that listen for Postfix.")),
  connections: count("Number of open connections from Postfix."),
  requests: count("Number of requests since the start."),
  database: v.object({
    path: about("Path of the database."),
    works: v.pipe(v.boolean(), v.description("False while the database cannot be used.")),
    bytes: v.nullable(count("Size of the database and its write-ahead log in bytes.")),
    pending: v.nullable(count("Number of pending triplets.")),
    relations: v.nullable(count("Number of known senders and recipients.")),
    reputations: v.nullable(count("Number of origins with a reputation, and of correspondents.")),
  }),
  last_expiry: v.nullable(v.object({
    time: time("End of the last removal of expired rows."),
    removed: count("Number of removed rows."),
  })),
  dns: v.object({
    answered: count("Number of answered DNS queries since the start."),
    failed: count("Number of failed DNS queries since the start."),
    last_failure: v.nullable(v.object({
      time: time("Time of the last failure."),
      cause: about("Cause of the last failure."),
    })),
    lists: v.array(v.object({
      zone: about("Zone of a DNS list that was tested."),
      state: v.pipe(
        v.picklist(ZONE_STATES),
        v.description("Result of the newest test (RFC 5782, 5)."),
      ),
      cause: v.nullable(about("Why the DNS list does not work; null if it does.")),
    })),
  }),
  errors: v.array(v.object({
    level: about("Log level: `error` or `warning`."),
    message: about("Message, as logged."),
    first: time("Time of the first occurrence since the start."),
    last: time("Time of the last occurrence."),
    count: count("Number of occurrences."),
  })),
});

export const PROBLEM = v.object({ error: about("What failed, and what to do.") });

export function pageOf<T extends v.GenericSchema>(row: T): v.GenericSchema {
  const next = v.pipe(
    v.nullable(v.string()),
    v.description("Value of `after` for the next page; null on the last page."),
  );
  return v.object({ items: v.array(row), next });
}

const text = v.optional(
  v.pipe(
    v.string(),
    v.maxLength(320, "must have at most 320 characters"),
    v.description("Part of an address or name, case-insensitive."),
  ),
  "",
);

const limit = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^(?:[1-9]\d?|1\d\d|200)$/, "must be a whole number from 1 to 200"),
    v.description("Maximum number of rows, from 1 to 200."),
    v.transform(Number),
  ),
  "50",
);

const AFTER = "The `next` of the previous page.";

const afterNumber = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^\d{1,15}$/, "must be the `next` of a previous page"),
    v.description(AFTER),
  ),
);

/** Whether a text is a JSON array of strings with this length: the `after` of tables with text keys. */
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
      v.maxLength(4000, "must be the `next` of a previous page"),
      v.check((text) => isKey(text, parts), "must be the `next` of a previous page"),
      v.description(AFTER),
    ),
  );

export const NUMBERED_SEARCH = v.object({ q: text, limit, after: afterNumber });

/** Parameters that are lists with commas, and their values. */
export const COMMA_SEPARATED: Readonly<Record<string, readonly string[]>> = { reason: REASONS };

export const DECISION_SEARCH = v.object({
  q: text,
  reason: v.optional(
    v.pipe(
      v.string(),
      v.description("Comma-separated reasons to select."),
      v.transform((reasons) => reasons.split(",")),
      v.array(v.picklist(REASONS, `must be one or more of: ${REASONS.join(", ")}`)),
    ),
  ),
  limit,
  after: afterNumber,
});

export const RELATION_SEARCH = v.object({ q: text, limit, after: afterKey(2) });

export const REPUTATION_SEARCH = v.object({ q: text, limit, after: afterKey(1) });

export const ENTRY_SEARCH = v.object({
  q: text,
  list: v.optional(
    v.pipe(
      v.picklist(list.options, `must be one of: ${list.options.join(", ")}`),
      v.description("List that the entry belongs to."),
    ),
  ),
  limit,
  after: afterNumber,
});

export const TREND_SEARCH = v.object({
  period: v.optional(
    v.pipe(
      v.picklist(PERIODS, `must be one of: ${PERIODS.join(", ")}`),
      v.description("Period of the trend."),
    ),
    "24h",
  ),
});

export const SUMMARY_SEARCH = v.object({ since: v.optional(duration, "24h") });

export const NO_SEARCH = v.object({});

export const NEW_ENTRY = v.strictObject({
  list: v.pipe(
    v.picklist(
      ["allow", "block", "always-greylist", "trap"],
      "must be allow, block, always-greylist or trap",
    ),
    v.description("List that the entry belongs to."),
  ),
  match_on: v.optional(
    v.pipe(
      matchOn,
      v.description("Attribute that the pattern is compared with; guessed from it if absent."),
    ),
  ),
  pattern: v.pipe(
    v.string("must be a string"),
    v.description("Pattern to match."),
    v.minLength(1, "must not be empty"),
    v.maxLength(1000, "must have at most 1000 characters"),
  ),
  note: v.optional(note, ""),
  for: v.optional(duration),
});

export const CHANGED_ENTRY = v.strictObject({
  note: v.optional(note, ""),
  for: v.optional(duration),
});

export const EXEMPTION = v.strictObject({
  recipient: v.pipe(
    v.string("must be a string"),
    v.minLength(1, "must not be empty"),
    v.description("Recipient whose mail is accepted without delay."),
  ),
  for: v.optional(duration, "15m"),
  note: v.optional(note, ""),
});
