/**
 * The calls of the API under `/api/v1/`, in one table. Routes, OpenAPI document and documentation come
 * from it.
 *
 * @module
 */
import * as v from "valibot";
import { parseDuration } from "../../text/duration.ts";
import { round } from "../../admin/format.ts";
import type { Figures, TodayFigures } from "../../admin/statistics.ts";
import {
  autoWhitelistedAsJson,
  decisionAsJson,
  deferralAsJson,
  entryAsJson,
  knownAsJson,
  summaryAsJson,
} from "../../admin/record_json.ts";
import type { Page } from "../../store/history.ts";
import * as schema from "./schema.ts";
import type { StatusService } from "../worker/status_service.ts";
import { type Health, healthOf } from "../worker/health.ts";

/** The validated input of a call. */
export interface Input<Query, Body> {
  readonly query: Query;
  readonly body: Body;
  /** The `{id}` of the path. */
  readonly id: number;
  /** The author of a change. */
  readonly by: string;
}

export interface Call {
  /** All but GET change something. */
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below `/api/v1`; a number in it is `{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly query: v.GenericSchema;
  /** Absent for a call without a body. */
  readonly body?: v.GenericSchema;
  readonly answer: v.GenericSchema;
  readonly status: 200 | 201;
  run(service: StatusService, input: Input<unknown, unknown>): unknown;
}

type Shape<Q extends v.GenericSchema, B extends v.GenericSchema, A extends v.GenericSchema> =
  & Omit<Call, "query" | "body" | "answer" | "run" | "status">
  & {
    readonly query?: Q;
    readonly body?: B;
    readonly answer: A;
    run(
      service: StatusService,
      input: Input<v.InferOutput<Q>, v.InferOutput<B>>,
    ): v.InferOutput<A> | Promise<v.InferOutput<A>>;
  };

/** Checks the types of one call before the table erases them. */
function call<
  Q extends v.GenericSchema = typeof schema.NO_SEARCH,
  B extends v.GenericSchema = v.GenericSchema<undefined>,
  A extends v.GenericSchema = v.GenericSchema,
>(shape: Shape<Q, B, A>): Call {
  const run = shape.run as Call["run"];
  const status = shape.method === "POST" ? 201 : 200;
  return { ...shape, query: shape.query ?? schema.NO_SEARCH, status, run };
}

function pageAsJson<Row, Json>(
  { rows, next }: Page<Row>,
  asJson: (row: Row) => Json,
): { items: Json[]; next: string | null } {
  return { items: rows.map(asJson), next: next ?? null };
}

function figuresAsJson({ passedUndelayed, deferred, retried, blocked }: Figures) {
  return {
    passed_undelayed: round(passedUndelayed),
    deferred: round(deferred),
    retried: round(retried),
    blocked: round(blocked),
  };
}

function todayAsJson(figures: TodayFigures) {
  const { delayed, notRetried } = figures;
  return { ...figuresAsJson(figures), delayed: round(delayed), not_retried: round(notRetried) };
}

function healthAsJson(service: StatusService, health: Health): v.InferOutput<typeof schema.HEALTH> {
  const { obstacles, warnings, daemonStatus, databaseBytes, stored } = health;
  const { dns, dnsLists, lastPass, errors } = daemonStatus;
  const date = (time: number) => new Date(time).toISOString();
  return {
    version: service.settings.version,
    ready: obstacles.length === 0,
    obstacles: [...obstacles],
    warnings: warnings.map(({ severity, what, remedy }) => ({ severity, problem: what, remedy })),
    started: date(daemonStatus.started),
    uptime_seconds: Math.max(0, Math.floor((service.now - daemonStatus.started) / 1000)),
    endpoints: [...daemonStatus.endpoints],
    connections: daemonStatus.connections,
    requests: daemonStatus.counters.requests,
    database: {
      path: service.settings.store.database,
      works: daemonStatus.databaseWorks,
      bytes: databaseBytes ?? null,
      pending: stored?.pending ?? null,
      relations: stored?.relations ?? null,
      reputations: stored?.reputations ?? null,
    },
    last_expiry: lastPass === undefined
      ? null
      : { time: date(lastPass.ended), removed: lastPass.removed },
    dns: {
      answered: dns.answered,
      failed: dns.failed,
      last_failure: dns.lastFailure === undefined
        ? null
        : { time: date(dns.lastFailure.time), cause: dns.lastFailure.why },
      lists: dnsLists.map(({ zone, state, why }) => ({ zone, state, cause: why ?? null })),
    },
    errors: errors.map(({ level, text, first, last, times }) => ({
      level,
      message: text,
      first: date(first),
      last: date(last),
      count: times,
    })),
  };
}

const milliseconds = (duration: string | undefined) =>
  duration === undefined ? undefined : parseDuration(duration);

/** All calls except `/events` and `/openapi.json`. */
export const CALLS: readonly Call[] = [
  call({
    method: "GET",
    path: "/stats/today",
    summary: "The figures of the last 24 hours and their baseline.",
    answer: schema.TODAY,
    run(service) {
      const { last, baseline } = service.queries.today();
      return {
        last: todayAsJson(last),
        baseline: baseline === undefined ? null : todayAsJson(baseline),
      };
    },
  }),
  call({
    method: "GET",
    path: "/trend",
    summary: "The figures of a period by interval.",
    query: schema.TREND_SEARCH,
    answer: schema.TREND,
    run(service, { query: { period } }) {
      const intervals = service.queries.trend(period).map((bucket) => ({
        from: new Date(bucket.from).toISOString(),
        seconds: bucket.length / 1000,
        ...figuresAsJson(bucket),
      }));
      return { period, intervals };
    },
  }),
  call({
    method: "GET",
    path: "/summary",
    summary: "Requests by reason, delays and deferrals of a period.",
    query: schema.SUMMARY_SEARCH,
    answer: schema.SUMMARY,
    run(service, { query: { since } }) {
      return summaryAsJson(service.queries.summary(parseDuration(since)!)) as v.InferOutput<
        typeof schema.SUMMARY
      >;
    },
  }),
  call({
    method: "GET",
    path: "/waiting",
    summary: "Deferred mail that may still be retried, newest first.",
    query: schema.NUMBERED_SEARCH,
    answer: schema.pageOf(schema.DEFERRAL),
    run(service, { query: { q: text, limit, after } }) {
      return pageAsJson(service.queries.waiting({ text, limit, after }), deferralAsJson);
    },
  }),
  call({
    method: "GET",
    path: "/waiting/{id}",
    summary: "One deferral, in any state.",
    answer: schema.DEFERRAL,
    run(service, { id }) {
      return deferralAsJson(service.queries.deferral(id));
    },
  }),
  call({
    method: "POST",
    path: "/waiting/{id}/release",
    summary: "Accept deferred mail at its next retry.",
    answer: schema.ENTRY,
    run(service, { id, by }) {
      return entryAsJson(service.commands.release(id, by));
    },
  }),
  call({
    method: "GET",
    path: "/decisions",
    summary: "Decisions, newest first.",
    query: schema.DECISION_SEARCH,
    answer: schema.pageOf(schema.DECISION),
    run(service, { query: { q: text, reason, limit, after } }) {
      return pageAsJson(
        service.queries.decisions({ text, limit, after, reasons: reason }),
        decisionAsJson,
      );
    },
  }),
  call({
    method: "GET",
    path: "/lost",
    summary: "Deferred mail that was not retried, most likely legitimate first.",
    query: schema.NUMBERED_SEARCH,
    answer: schema.pageOf(schema.LOST),
    run(service, { query: { q: text, limit, after } }) {
      return pageAsJson(
        service.queries.lost({ text, limit, after }),
        ({ deferral, legitimacy }) => ({ ...deferralAsJson(deferral), legitimacy }),
      );
    },
  }),
  call({
    method: "GET",
    path: "/known",
    summary: "Senders and recipients whose mail passes without delay.",
    query: schema.RELATION_SEARCH,
    answer: schema.pageOf(schema.KNOWN),
    run(service, { query: { q: text, limit, after } }) {
      return pageAsJson(service.queries.known({ text, limit, after }), knownAsJson);
    },
  }),
  call({
    method: "GET",
    path: "/auto-whitelisted",
    summary: "Auto-whitelisted origins.",
    query: schema.REPUTATION_SEARCH,
    answer: schema.pageOf(schema.AUTO_WHITELISTED),
    run(service, { query: { q: text, limit, after } }) {
      return pageAsJson(
        service.queries.autoWhitelisted({ text, limit, after }),
        autoWhitelistedAsJson,
      );
    },
  }),
  call({
    method: "GET",
    path: "/entries",
    summary: "List entries, newest first.",
    query: schema.ENTRY_SEARCH,
    answer: schema.pageOf(schema.ENTRY),
    run(service, { query: { q: text, list, limit, after } }) {
      return pageAsJson(service.queries.entries({ text, list, limit, after }), entryAsJson);
    },
  }),
  call({
    method: "POST",
    path: "/entries",
    summary: "Add an entry; replaces one with the same list, match_on and pattern.",
    body: schema.NEW_ENTRY,
    answer: schema.ENTRY,
    run(service, { body: { for: duration, match_on: matchOn, ...wanted }, by }) {
      return entryAsJson(
        service.commands.add({ ...wanted, matchOn, lifetime: milliseconds(duration) }, by),
      );
    },
  }),
  call({
    method: "GET",
    path: "/entries/{id}",
    summary: "One list entry.",
    answer: schema.ENTRY,
    run(service, { id }) {
      return entryAsJson(service.queries.entry(id));
    },
  }),
  call({
    method: "PUT",
    path: "/entries/{id}",
    summary: "Replace the note and the expiry of an entry.",
    body: schema.CHANGED_ENTRY,
    answer: schema.ENTRY,
    run(service, { id, body: { note, for: duration }, by }) {
      const lasts = milliseconds(duration);
      const end = lasts === undefined ? {} : { expires: service.now + lasts };
      return entryAsJson(service.commands.edit(id, { note, ...end }, by));
    },
  }),
  call({
    method: "DELETE",
    path: "/entries/{id}",
    summary: "Remove an entry; returns it.",
    answer: schema.ENTRY,
    run(service, { id, by }) {
      return entryAsJson(service.commands.remove(id, by));
    },
  }),
  call({
    method: "POST",
    path: "/exemptions",
    summary: "Exempt a recipient from greylisting for a while.",
    body: schema.EXEMPTION,
    answer: schema.ENTRY,
    run(service, { body: { recipient, for: duration, note }, by }) {
      return entryAsJson(service.commands.exempt(recipient, parseDuration(duration)!, note, by));
    },
  }),
  call({
    method: "GET",
    path: "/rules",
    summary: "The rules of the list files and of the built-in list.",
    answer: v.object({ items: v.array(schema.RULE) }),
    run(service) {
      const rules = service.queries.fixedRules();
      return { items: rules.map(({ matchOn, ...rest }) => ({ ...rest, match_on: matchOn })) };
    },
  }),
  call({
    method: "GET",
    path: "/health",
    summary: "The health of Greylag and its machine.",
    answer: schema.HEALTH,
    async run(service) {
      return healthAsJson(service, await healthOf(service, { writeTest: true }));
    },
  }),
];
