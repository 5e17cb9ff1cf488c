/**
 * Counters since the start of the daemon: the source of the metrics. Statistics of a period come from
 * the database (`admin/statistics.ts`).
 *
 * @module
 */
import { type Reason, REASON_TEXTS, type Verdict } from "../greylist/model.ts";
import type { DaemonEvent, PageEvent } from "./events.ts";

/** The counters at a moment, as plain data. */
export interface CounterSnapshot {
  /** All requests that were answered: the sum of {@linkcode reasons}. */
  readonly requests: number;
  readonly reasons: Readonly<Record<Reason, number>>;
  readonly decisions: Readonly<Record<Verdict["decision"], number>>;
  /** Connections rejected for exceeding a limit. */
  readonly connectionsRejected: number;
  readonly databaseErrors: number;
  readonly backgroundLookupsDropped: number;
  readonly historyDropped: number;
  readonly signInFailures: number;
  readonly notices: Readonly<Record<"sent" | "failed" | "dropped", number>>;
  /** Links of recipients. */
  readonly links: Readonly<Record<"used" | "refused", number>>;
}

/** A subscriber that counts each event once. */
export class Counters {
  readonly #counters = {
    requests: 0,
    reasons: zeros(),
    decisions: { pass: 0, defer: 0, reject: 0 },
    connectionsRejected: 0,
    databaseErrors: 0,
    backgroundLookupsDropped: 0,
    historyDropped: 0,
    signInFailures: 0,
    notices: { sent: 0, failed: 0, dropped: 0 },
    links: { used: 0, refused: 0 },
  };

  handle(event: DaemonEvent): void {
    switch (event.kind) {
      case "decision":
        this.#counters.requests++;
        this.#counters.reasons[event.verdict.reason]++;
        this.#counters.decisions[event.verdict.decision]++;
        return;
      case "connection-rejected":
        this.#counters.connectionsRejected++;
        return;
      case "database-failed":
        this.#counters.databaseErrors++;
        return;
      case "background-lookup-dropped":
        this.#counters.backgroundLookupsDropped++;
        return;
      case "history-dropped":
        this.#counters.historyDropped += event.count;
        return;
      case "notice-sent":
        this.#counters.notices.sent++;
        return;
      case "notice-failed":
        this.#counters.notices.failed++;
        return;
      case "notice-dropped":
        this.#counters.notices.dropped += event.count;
        return;
      case "page":
        this.#countPage(event.event);
    }
  }

  #countPage({ kind }: PageEvent): void {
    if (kind === "sign-in-failed") this.#counters.signInFailures++;
    if (kind === "link-used") this.#counters.links.used++;
    if (kind === "link-refused") this.#counters.links.refused++;
  }

  snapshot(): CounterSnapshot {
    return structuredClone(this.#counters);
  }
}

function zeros(): Record<Reason, number> {
  const names = Object.keys(REASON_TEXTS).map((reason) => [reason, 0]);
  return Object.fromEntries(names) as Record<Reason, number>;
}
