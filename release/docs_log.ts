/** The rows of `docs/log.md`: fields with their meaning, and a sample of every event's line. */
import { Counters } from "../lib/daemon/counters.ts";
import type { DaemonEvent, PageEvent } from "../lib/daemon/events.ts";
import { messagesOf } from "../lib/daemon/event_text.ts";
import { DatabaseError } from "../lib/store/database_error.ts";

/** The fields of a decision's line, and of a JSON line. */
export const LOG_FIELDS: Readonly<Record<string, string>> = {
  action: "`pass`, `greylist` or `reject`.",
  reason: "Reason of the decision; see above.",
  delay: "Seconds between the first attempt and the accepted retry.",
  client_name: "Verified name of the client; `unknown` without one.",
  client_address: "Address of the client.",
  sender: "Envelope sender; `<>` for the null sender.",
  recipient: "Envelope recipient.",
  wait: "Seconds left until a retry is accepted.",
  origin: "Origin that matched, such as `net:192.0.2.0/24` or `org:example.org`.",
  by: "List entry that decided.",
  shadow: 'Action that `mode = "shadow"` did not carry out.',
  queue_id: "Queue ID in Postfix, where it is known.",
  time: "JSON only: time of the event.",
  level: "JSON only: `error`, `warning`, `info` or `debug`.",
  event: "JSON only: kind of the event; `decision` for a decision.",
  message: "JSON only: text of an event other than a decision.",
};

/** Errors stand for the words of their cause. */
const CAUSE = "CAUSE";

type Samples<Event extends { readonly kind: string }> = {
  readonly [Kind in Event["kind"]]: Event & { readonly kind: Kind };
};

const EVENTS: Samples<Exclude<DaemonEvent, { kind: "decision" | "page" }>> = {
  "started": { kind: "started", version: "VERSION", database: "FILE" },
  "listening": { kind: "listening", endpoint: "ENDPOINT" },
  "page-listening": { kind: "page-listening", where: "ENDPOINT", isLocal: false },
  "page-failed": { kind: "page-failed", error: CAUSE },
  "page-crashed": { kind: "page-crashed", error: CAUSE },
  "reloaded": { kind: "reloaded", needRestart: ["SETTING"] },
  "reload-failed": { kind: "reload-failed", why: CAUSE },
  "stopping": { kind: "stopping", signal: "SIGNAL" },
  "stopped": { kind: "stopped", counters: new Counters().snapshot() },
  "warning": { kind: "warning", text: "TEXT" },
  "site-reached": { kind: "site-reached", site: "SITE" },
  "site-failed": { kind: "site-failed", site: "SITE", why: CAUSE },
  "share-failed": { kind: "share-failed", why: CAUSE },
  "list-read": {
    kind: "list-read",
    path: "FILE",
    entries: 0,
    errors: [{ path: "FILE", line: 1, why: CAUSE }],
  },
  "list-failed": { kind: "list-failed", path: "FILE", why: CAUSE, kept: 7 },
  "connection-rejected": { kind: "connection-rejected", endpoint: "ENDPOINT", why: CAUSE },
  "background-lookup-dropped": { kind: "background-lookup-dropped" },
  "history-dropped": { kind: "history-dropped", count: 7 },
  "log-lines-dropped": { kind: "log-lines-dropped", count: 1 },
  "database-shared": { kind: "database-shared", database: "FILE" },
  "shared-client": { kind: "shared-client", clientAddress: "ADDRESS" },
  "stage-assumed": { kind: "stage-assumed" },
  "pending-limit": { kind: "pending-limit", maxPending: 2_000_000, maxPendingPerOrigin: 50_000 },
  "database-failed": {
    kind: "database-failed",
    error: new DatabaseError("full", "FILE", "database or disk is full"),
  },
  "database-recovered": { kind: "database-recovered" },
  "database-replaced": { kind: "database-replaced" },
  "database-set-aside": { kind: "database-set-aside", path: "FILE.corrupt-DATE" },
  "accept-failed": { kind: "accept-failed", endpoint: "ENDPOINT", error: CAUSE },
  "dns-list": { kind: "dns-list", health: { zone: "ZONE", state: "disabled", why: CAUSE } },
  "bug": { kind: "bug", error: CAUSE },
  "notice-sent": { kind: "notice-sent", notice: "KIND", where: "TARGET" },
  "notice-failed": { kind: "notice-failed", notice: "KIND", where: "TARGET", why: CAUSE },
  "notice-dropped": { kind: "notice-dropped", count: 7, why: CAUSE },
};

const PAGE_EVENTS: Samples<PageEvent> = {
  "signed-in": { kind: "signed-in", address: "ADDRESS" },
  "sign-in-failed": { kind: "sign-in-failed", address: "ADDRESS" },
  "changed": { kind: "changed", by: "USER", what: "CHANGE" },
  "link-used": { kind: "link-used", recipient: "RECIPIENT", what: "CHANGE" },
  "link-refused": { kind: "link-refused", address: "ADDRESS", why: CAUSE },
  "bug": { kind: "bug", what: CAUSE },
};

/** Events whose line differs with their state. */
const STATES: readonly DaemonEvent[] = [
  { kind: "dns-list", health: { zone: "ZONE", state: "works" } },
  { kind: "dns-list", health: { zone: "ZONE", state: "unproven", why: CAUSE } },
];

/** Event, level and text of every line that is not a decision. */
export function lineRows(): string[][] {
  const events: DaemonEvent[] = [
    ...Object.values(EVENTS),
    ...STATES,
    ...Object.values(PAGE_EVENTS).map((event) => ({ kind: "page" as const, event })),
  ];
  return events.flatMap(messagesOf).map(({ event, level, text }) => [
    `\`${event}\``,
    level,
    `\`${text}\``,
  ]);
}
