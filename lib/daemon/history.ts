/**
 * Keeps decisions and hourly counts in the database: in small batches, never on a request's path.
 *
 * @module
 */
import { legitimacyOf } from "../evidence/legitimacy.ts";
import type { Report } from "../evidence/service.ts";
import { clientTerms, dnsTerms, type EvidenceTerm } from "../evidence/terms.ts";
import type { Attempt } from "../greylist/attempt.ts";
import type { Rules } from "../greylist/rules.ts";
import type { Verdict } from "../greylist/model.ts";
import type { AttributeName } from "../postfix/request.ts";
import type { DecisionRecord, HistoryStore } from "../store/history.ts";
import type { DaemonEvent, DecisionEvent, LimitEvent } from "./events.ts";
import { MAX_VALUE_LENGTH } from "./parsed_request.ts";
import { UnwrittenTallies } from "./tallies.ts";

export interface HistorySettings {
  /** Lifetime of a decision, in milliseconds; 0 keeps none. */
  readonly history: number;
  /** Maximum decisions kept. */
  readonly historyRows: number;
}

/** Decisions of one write: few enough that no request notices. */
const BATCH = 60;

/** Milliseconds between two writes: 240 decisions a second, and more in bursts. */
const WRITE_PAUSE = 250;

/** Maximum decisions that wait to be written, and characters of their requests. */
const MAX_UNWRITTEN = 2000;
const MAX_UNWRITTEN_TEXT = 4_000_000;

/** A subscriber that keeps decisions. */
export class History {
  readonly #store: Pick<HistoryStore, "record">;
  readonly #publish: (event: LimitEvent) => void;
  readonly #writePause: number;
  #settings: HistorySettings;
  #rules: Rules;
  #unwritten: DecisionEvent[] = [];
  #unwrittenText = 0;
  #tallies = new UnwrittenTallies();
  #dropped = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    store: Pick<HistoryStore, "record">,
    settings: HistorySettings,
    rules: Rules,
    publish: (event: LimitEvent) => void,
    writePause = WRITE_PAUSE,
  ) {
    this.#store = store;
    this.#publish = publish;
    this.#writePause = writePause;
    this.#settings = settings;
    this.#rules = rules;
  }

  configure(settings: HistorySettings, rules: Rules): void {
    this.#settings = settings;
    this.#rules = rules;
  }

  handle(event: DaemonEvent): void {
    if (event.kind === "decision") this.#take(event);
  }

  /** Writes everything. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      while (this.#unwritten.length > 0 || !this.#tallies.isEmpty) this.#write();
    } catch {
      // The store reports its own errors; the history is a convenience.
      this.#unwritten = [];
      this.#unwrittenText = 0;
      this.#tallies = new UnwrittenTallies();
    }
  }

  #take(event: DecisionEvent): void {
    const { verdict, request } = event;
    this.#tallies.count(verdict, request.time);
    if (this.#settings.history > 0 && isKept(verdict)) {
      if (this.#unwritten.length < MAX_UNWRITTEN && this.#unwrittenText < MAX_UNWRITTEN_TEXT) {
        this.#unwritten.push(event);
        this.#unwrittenText += request.attributes.length;
      } else {
        this.#dropped++;
      }
    }
    this.#timer ??= setTimeout(() => this.#writeBatch(), this.#writePause);
  }

  #writeBatch(): void {
    try {
      this.#write();
    } catch {
      // The decisions stay for the next write, up to the maximum.
    }
    const isMore = this.#unwritten.length > 0 || !this.#tallies.isEmpty;
    this.#timer = isMore ? setTimeout(() => this.#writeBatch(), this.#writePause) : undefined;
  }

  #write(): void {
    if (this.#dropped > 0) {
      this.#publish({ kind: "history-dropped", count: this.#dropped });
      this.#dropped = 0;
    }
    const batch = this.#unwritten.slice(0, BATCH);
    const tallies = this.#tallies;
    this.#tallies = new UnwrittenTallies();
    try {
      this.#store.record({
        decisions: batch.map((event) => recordOf(event, this.#rules)),
        tallies: tallies.tallies,
        delays: tallies.delays,
        quietPeriod: this.#rules.retryWindow,
      });
    } catch (error) {
      this.#tallies.restore(tallies);
      throw error;
    }
    this.#unwritten.splice(0, batch.length);
    for (const { request } of batch) this.#unwrittenText -= request.attributes.length;
  }
}

/** Mail of our own users, and requests that are out of scope, are only counted. */
function isKept({ reason }: Verdict): boolean {
  return reason !== "authenticated" && reason !== "out-of-scope";
}

function recordOf({ request, verdict, evidence }: DecisionEvent, rules: Rules): DecisionRecord {
  const { attributes, attempt, time } = request;
  const value = (name: AttributeName) => (attributes.get(name) ?? "").slice(0, MAX_VALUE_LENGTH);
  const key = attempt?.pendingKey;
  return {
    time,
    decision: verdict.decision,
    reason: verdict.reason,
    ...(verdict.shadow === undefined ? {} : { shadow: verdict.shadow }),
    clientAddress: value("client_address"),
    clientName: value("client_name"),
    heloName: value("helo_name"),
    sender: value("sender"),
    recipient: value("recipient"),
    normalisedSender: (key?.sender ?? "").slice(0, MAX_VALUE_LENGTH),
    normalisedRecipient: (key?.recipient ?? "").slice(0, MAX_VALUE_LENGTH),
    network: attempt === undefined ? "" : attempt.network.origin(rules),
    ...(verdict.origin === undefined ? {} : { origin: verdict.origin }),
    ...(verdict.by === undefined ? {} : { by: verdict.by }),
    ...(verdict.wait === undefined ? {} : { wait: verdict.wait }),
    ...(verdict.delayed === undefined ? {} : { delayed: verdict.delayed }),
    legitimacy: attempt === undefined ? 0 : legitimacyOf(attempt, evidence),
    ...(verdict.reason === "new" && attempt !== undefined
      ? { evidence: termsOf(attempt, evidence) }
      : {}),
  };
}

/** The evidence about a first attempt; retries add nothing. */
function termsOf(attempt: Attempt, evidence: Report | undefined): EvidenceTerm[] {
  const client = {
    ...attempt,
    name: attempt.name?.slice(0, MAX_VALUE_LENGTH),
    heloName: attempt.heloName.slice(0, MAX_VALUE_LENGTH),
  };
  return [...clientTerms(client), ...(evidence === undefined ? [] : dnsTerms(evidence))];
}
