/**
 * New decisions and list changes for server-sent events (WHATWG HTML, 9.2). One poll of the database
 * serves all subscribers; without subscribers there is none.
 *
 * @module
 */
import type { SSEMessage } from "hono/streaming";
import { decisionAsJson } from "../../admin/record_json.ts";
import { DatabaseError } from "../../store/database_error.ts";
import { SECOND } from "../../text/duration.ts";
import type { StatusService } from "../worker/status_service.ts";

const POLL_INTERVAL_MS = SECOND;

/** Decisions of one poll; the newest if there are more. */
const MAX_DECISIONS = 50;

/** Polls between two keep-alives, which keep proxies from closing an idle connection. */
const KEEP_ALIVE_POLLS = 15;

const MAX_SUBSCRIBERS = 200;

/** A subscriber that does not read loses further messages. */
const MAX_QUEUED_MESSAGES = 1000;

/** The browser's delay before it connects again. */
const RECONNECT_MS = 3 * SECOND;

export const KEEP_ALIVE = "keep-alive";

export type StreamMessage = SSEMessage | typeof KEEP_ALIVE;

type Subscriber = ReadableStreamDefaultController<StreamMessage>;

export class EventStream {
  readonly #service: StatusService;
  readonly #pollIntervalMs: number;
  readonly #subscribers = new Set<Subscriber>();
  /** Those without their `begin` yet. */
  readonly #newSubscribers = new Set<Subscriber>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastDecision = 0;
  #entriesRevision = -1;
  #polls = 0;
  #isBehind = true;

  constructor(service: StatusService, pollIntervalMs = POLL_INTERVAL_MS) {
    this.#service = service;
    this.#pollIntervalMs = pollIntervalMs;
  }

  /** The messages from now on; undefined if there are too many subscribers. */
  subscribe(): ReadableStream<StreamMessage> | undefined {
    if (this.#subscribers.size >= MAX_SUBSCRIBERS) return undefined;
    let subscriber: Subscriber;
    return new ReadableStream({
      start: (controller) => {
        subscriber = controller;
        this.#subscribers.add(controller);
        this.#newSubscribers.add(controller);
        if (this.#timer !== undefined) return;
        this.#isBehind = true;
        this.#run();
      },
      cancel: () => {
        this.#subscribers.delete(subscriber);
        this.#newSubscribers.delete(subscriber);
      },
    }, { highWaterMark: MAX_QUEUED_MESSAGES });
  }

  /** Skips what is in the database, which is another file now. */
  restart(): void {
    this.#isBehind = true;
  }

  /** Ends all streams. */
  stop(): void {
    clearTimeout(this.#timer);
    for (const subscriber of this.#subscribers) subscriber.close();
    this.#subscribers.clear();
    this.#newSubscribers.clear();
  }

  #catchUp(): void {
    const { queries } = this.#service;
    const { rows } = queries.decisions({ text: "", limit: 1 });
    this.#lastDecision = rows[0]?.id ?? 0;
    this.#entriesRevision = queries.entriesRevision();
  }

  /** Polls until there are no subscribers. */
  #run(): void {
    try {
      this.#poll();
    } catch (error) {
      // The health page reports errors of the database.
      if (!(error instanceof DatabaseError)) throw error;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#subscribers.size > 0) this.#run();
    }, this.#pollIntervalMs);
  }

  #poll(): void {
    if (this.#isBehind) {
      this.#catchUp();
      this.#isBehind = false;
    }
    this.#polls++;
    if (this.#polls % KEEP_ALIVE_POLLS === 0) this.#send(KEEP_ALIVE);
    const { queries } = this.#service;
    const { rows } = queries.decisions({ text: "", limit: MAX_DECISIONS });
    const newRows = rows.filter(({ id }) => id > this.#lastDecision).reverse();
    for (const row of newRows) {
      this.#lastDecision = row.id;
      const data = JSON.stringify(decisionAsJson(row));
      this.#send({ event: "decision", id: String(row.id), data });
    }
    const revision = queries.entriesRevision();
    if (revision !== this.#entriesRevision) {
      this.#entriesRevision = revision;
      this.#send({ event: "lists", data: JSON.stringify({ revision }) });
    }
    const data = JSON.stringify({ last: this.#lastDecision });
    this.#send({ event: "begin", retry: RECONNECT_MS, data }, this.#newSubscribers);
    this.#newSubscribers.clear();
  }

  #send(message: StreamMessage, subscribers: ReadonlySet<Subscriber> = this.#subscribers): void {
    for (const subscriber of subscribers) {
      if ((subscriber.desiredSize ?? 0) > 0) subscriber.enqueue(message);
    }
  }
}
