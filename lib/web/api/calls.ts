/**
 * The calls of the API under `/api/v1/`, in one table: what each takes, gives and does. It is served,
 * and described by the OpenAPI document, from here.
 *
 * @module
 */
import * as v from "valibot";
import { parseDuration } from "../../text/duration.ts";
import type { Figures, TodayFigures } from "../../admin/figures.ts";
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
import { type Health, healthOf } from "./health.ts";

/** What a call is given; what it takes was checked. */
export interface Given<Query, Body> {
  /** What stood behind the question mark. */
  readonly query: Query;
  /** The body. */
  readonly body: Body;
  /** The number in the path. */
  readonly id: number;
  /** Who asks, for what is changed. */
  readonly by: string;
}

/**
 * A call of the API.
 *
 * @internal it is made of types of the validation library
 */
export interface Call {
  /** Its method: all but GET change something. */
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Its path below `/api/v1`, a number in it as `{id}`. */
  readonly path: string;
  /** What it does, in a sentence. */
  readonly summary: string;
  /** What it takes behind the question mark. */
  readonly query: v.GenericSchema;
  /** What it takes as its body; absent for none. */
  readonly body?: v.GenericSchema;
  /** What it gives. */
  readonly answer: v.GenericSchema;
  /** The status of its answer. */
  readonly status: 200 | 201;
  /** Does it. */
  run(desk: StatusService, given: Given<unknown, unknown>): Promise<unknown>;
}

type Shape<Q extends v.GenericSchema, B extends v.GenericSchema, A extends v.GenericSchema> =
  & Omit<Call, "query" | "body" | "answer" | "run" | "status">
  & {
    readonly query?: Q;
    readonly body?: B;
    readonly answer: A;
    run(
      desk: StatusService,
      given: Given<v.InferOutput<Q>, v.InferOutput<B>>,
    ): Promise<v.InferOutput<A>>;
  };

/** Ties the types of one call together before they are forgotten in the table. */
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

const round = (amount: number) => Math.round(amount * 10) / 10;

function figuresAsJson({ passedUndelayed, deferred, retried, blocked }: Figures) {
  return {
    passed_undelayed: round(passedUndelayed),
    deferred: round(deferred),
    retried: round(retried),
    blocked: round(blocked),
  };
}

function todayAsJson(figures: TodayFigures) {
  const { delayed, stopped } = figures;
  return { ...figuresAsJson(figures), delayed: round(delayed), stopped: round(stopped) };
}

function healthAsJson(desk: StatusService, health: Health): v.InferOutput<typeof schema.HEALTH> {
  const { obstacles, warnings, daemonStatus, databaseBytes, stored } = health;
  const { dns, lastPass, errors } = daemonStatus;
  const date = (time: number) => new Date(time).toISOString();
  return {
    version: desk.settings.version,
    ready: obstacles.length === 0,
    obstacles: [...obstacles],
    warnings: [...warnings],
    started: date(daemonStatus.started),
    uptime_seconds: Math.max(0, Math.floor((desk.now - daemonStatus.started) / 1000)),
    endpoints: [...daemonStatus.endpoints],
    connections: daemonStatus.connections,
    requests: daemonStatus.counters.requests,
    database: {
      path: desk.settings.store.database,
      works: daemonStatus.databaseWorks,
      bytes: databaseBytes ?? null,
      triplets: stored?.triplets ?? null,
      origins: stored?.origins ?? null,
    },
    last_expiry: lastPass === undefined
      ? null
      : { time: date(lastPass.ended), removed: lastPass.removed },
    dns: {
      answered: dns.answered,
      failed: dns.failed,
      last_failure: dns.lastFailure === undefined
        ? null
        : { time: date(dns.lastFailure.time), why: dns.lastFailure.why },
    },
    faults: errors.map(({ level, text, first, last, times }) => ({
      level,
      text,
      first: date(first),
      last: date(last),
      times,
    })),
  };
}

const milliseconds = (duration: string | undefined) =>
  duration === undefined ? undefined : parseDuration(duration);

/** All calls, the stream of events and the OpenAPI document aside. */
export const CALLS: readonly Call[] = [
  call({
    method: "GET",
    path: "/stats/today",
    summary: "The last 24 hours, compared with the days before.",
    answer: schema.TODAY,
    async run(desk) {
      const { last, baseline } = await desk.today();
      return {
        last: todayAsJson(last),
        baseline: baseline === undefined ? null : todayAsJson(baseline),
      };
    },
  }),
  call({
    method: "GET",
    path: "/trend",
    summary: "The figures of a period, piece by piece.",
    query: schema.TREND_SEARCH,
    answer: schema.TREND,
    async run(desk, { query: { period } }) {
      const pieces = (await desk.trend(period)).map((bucket) => ({
        from: new Date(bucket.from).toISOString(),
        seconds: bucket.length / 1000,
        ...figuresAsJson(bucket),
      }));
      return { period, pieces };
    },
  }),
  call({
    method: "GET",
    path: "/summary",
    summary: "What happened within a period, and how long delayed mail had waited.",
    query: schema.SUMMARY_SEARCH,
    answer: schema.SUMMARY,
    async run(desk, { query: { since } }) {
      return summaryAsJson(await desk.summary(parseDuration(since)!)) as v.InferOutput<
        typeof schema.SUMMARY
      >;
    },
  }),
  call({
    method: "GET",
    path: "/waiting",
    summary: "What was put off and may still come back, the newest first.",
    query: schema.NUMBERED_SEARCH,
    answer: schema.pageOf(schema.WAITING),
    async run(desk, { query: { q: text, limit, after } }) {
      const { delay } = desk.settings.rules;
      return pageAsJson(await desk.waiting({ text, limit, after }), (one) => ({
        ...deferralAsJson(one),
        passes_from: new Date(one.firstSeen + delay).toISOString(),
      }));
    },
  }),
  call({
    method: "GET",
    path: "/waiting/{id}",
    summary: "What was put off under that number, whatever became of it.",
    answer: schema.DEFERRAL,
    async run(desk, { id }) {
      return deferralAsJson(await desk.deferral(id));
    },
  }),
  call({
    method: "POST",
    path: "/waiting/{id}/release",
    summary: "Let in what waits, at its next try.",
    answer: schema.ENTRY,
    async run(desk, { id, by }) {
      return entryAsJson(await desk.release(id, by));
    },
  }),
  call({
    method: "GET",
    path: "/decisions",
    summary: "Decisions, the newest first.",
    query: schema.DECISION_SEARCH,
    answer: schema.pageOf(schema.DECISION),
    async run(desk, { query: { q: text, reason, limit, after } }) {
      return pageAsJson(await desk.decisions({ text, limit, after }, reason), decisionAsJson);
    },
  }),
  call({
    method: "GET",
    path: "/lost",
    summary: "What never came back, the most likely real mail first.",
    query: schema.NUMBERED_SEARCH,
    answer: schema.pageOf(schema.LOST),
    async run(desk, { query: { q: text, limit, after } }) {
      return pageAsJson(
        await desk.lost({ text, limit, after }),
        ({ deferral, legitimacy }) => ({ ...deferralAsJson(deferral), legitimacy }),
      );
    },
  }),
  call({
    method: "GET",
    path: "/known",
    summary: "Who passes at once, by origin, sender and recipient.",
    query: schema.TRIPLET_SEARCH,
    answer: schema.pageOf(schema.KNOWN),
    async run(desk, { query: { q: text, limit, after } }) {
      return pageAsJson(await desk.known({ text, limit, after }), knownAsJson);
    },
  }),
  call({
    method: "GET",
    path: "/auto-whitelisted",
    summary: "Origins whose mail passes at once, since they kept their word often enough.",
    query: schema.ORIGIN_SEARCH,
    answer: schema.pageOf(schema.AUTO_WHITELISTED),
    async run(desk, { query: { q: text, limit, after } }) {
      return pageAsJson(await desk.proven({ text, limit, after }), autoWhitelistedAsJson);
    },
  }),
  call({
    method: "GET",
    path: "/entries",
    summary: "The entries of the lists, the newest first.",
    query: schema.ENTRY_SEARCH,
    answer: schema.pageOf(schema.ENTRY),
    async run(desk, { query: { q: text, list, limit, after } }) {
      return pageAsJson(await desk.entries({ text, list, limit, after }), entryAsJson);
    },
  }),
  call({
    method: "POST",
    path: "/entries",
    summary: "Add an entry; one of the same list, match_on and pattern is replaced.",
    body: schema.NEW_ENTRY,
    answer: schema.ENTRY,
    async run(desk, { body: { for: duration, match_on: matchOn, ...wanted }, by }) {
      return entryAsJson(await desk.add({ ...wanted, matchOn, lasts: milliseconds(duration) }, by));
    },
  }),
  call({
    method: "GET",
    path: "/entries/{id}",
    summary: "One entry.",
    answer: schema.ENTRY,
    async run(desk, { id }) {
      return entryAsJson(await desk.entry(id));
    },
  }),
  call({
    method: "PUT",
    path: "/entries/{id}",
    summary: "Give an entry another note and another end.",
    body: schema.CHANGED_ENTRY,
    answer: schema.ENTRY,
    async run(desk, { id, body: { note, for: duration }, by }) {
      const lasts = milliseconds(duration);
      const end = lasts === undefined ? {} : { expires: desk.now + lasts };
      return entryAsJson(await desk.edit(id, { note, ...end }, by));
    },
  }),
  call({
    method: "DELETE",
    path: "/entries/{id}",
    summary: "Remove an entry; the answer is what it was.",
    answer: schema.ENTRY,
    async run(desk, { id, by }) {
      return entryAsJson(await desk.remove(id, by));
    },
  }),
  call({
    method: "POST",
    path: "/exemptions",
    summary: "Let one recipient's mail pass for a while.",
    body: schema.EXPECTED,
    answer: schema.ENTRY,
    async run(desk, { body: { recipient, for: duration, note }, by }) {
      return entryAsJson(await desk.expect(recipient, parseDuration(duration)!, note, by));
    },
  }),
  call({
    method: "GET",
    path: "/rules",
    summary: "The rules of the built-in list and of the list files.",
    answer: v.object({ items: v.array(schema.RULE) }),
    async run(desk) {
      const rules = await desk.rules();
      return { items: rules.map(({ matchOn, ...rest }) => ({ ...rest, match_on: matchOn })) };
    },
  }),
  call({
    method: "GET",
    path: "/health",
    summary: "How Greylag and the machine around it fare.",
    answer: schema.HEALTH,
    async run(desk) {
      return healthAsJson(desk, await healthOf(desk, { tries: true }));
    },
  }),
];
