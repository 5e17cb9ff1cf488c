/**
 * The daemon's events: each is published once, where it happens, and every subscriber (log, counters,
 * error registry, history, pending limit, client watch) receives it.
 *
 * @module
 */
import type { ZoneHealth } from "../dns/dnsbl.ts";
import type { Report } from "../evidence/service.ts";
import type { Verdict } from "../greylist/model.ts";
import type { FileError } from "../lists/list_file.ts";
import { DatabaseError } from "../store/database_error.ts";
import type { CounterSnapshot } from "./counters.ts";
import type { ParsedRequest } from "./parsed_request.ts";

/** A request was answered; published once for every request. */
export interface DecisionEvent {
  readonly kind: "decision";
  readonly request: ParsedRequest;
  readonly verdict: Verdict;
  /** Absent where nothing was looked up. */
  readonly evidence?: Report | undefined;
}

export type LifecycleEvent =
  | { readonly kind: "started"; readonly version: string; readonly database: string }
  | { readonly kind: "listening"; readonly endpoint: string }
  /** `needRestart`: changed settings that take effect only after a restart. */
  | { readonly kind: "reloaded"; readonly needRestart: readonly string[] }
  | { readonly kind: "reload-failed"; readonly why: string }
  | { readonly kind: "stopping"; readonly signal: string }
  | { readonly kind: "stopped"; readonly counters: CounterSnapshot }
  /** An administrator's mistake that stops nothing. */
  | { readonly kind: "warning"; readonly text: string };

export type ListFileEvent =
  /** Lines with errors are skipped; the others are in force. */
  | {
    readonly kind: "list-read";
    readonly path: string;
    readonly entries: number;
    readonly errors: readonly FileError[];
  }
  /** The file is unreadable or has no valid entry. `kept` entries read before stay in force. */
  | {
    readonly kind: "list-failed";
    readonly path: string;
    readonly why: string;
    readonly kept: number;
  };

/** A limit was reached, and something was dropped. */
export type LimitEvent =
  | { readonly kind: "connection-rejected"; readonly endpoint: string; readonly why: string }
  | { readonly kind: "background-lookup-dropped" }
  /** Decisions that were counted but are not in the history. */
  | { readonly kind: "history-dropped"; readonly count: number }
  /** The reader of the log was too slow. */
  | { readonly kind: "log-lines-dropped"; readonly count: number }
  /** More triplets are pending than allowed; the next pass evicts the oldest. */
  | {
    readonly kind: "pending-limit";
    readonly maxPending: number;
    readonly maxPendingPerOrigin: number;
  };

export type DatabaseEvent =
  | { readonly kind: "database-failed"; readonly error: DatabaseError }
  | { readonly kind: "database-recovered" }
  /** The file was deleted or replaced. */
  | { readonly kind: "database-replaced" }
  /** Another daemon uses the same file. */
  | { readonly kind: "database-shared"; readonly database: string }
  /** A corrupt file was moved to this path. */
  | { readonly kind: "database-set-aside"; readonly path: string };

export type ErrorEvent =
  | { readonly kind: "accept-failed"; readonly endpoint: string; readonly error: unknown }
  /** The state of a DNSBL or DNSWL changed. */
  | { readonly kind: "dns-list"; readonly health: ZoneHealth }
  /** A NAT or a proxy hides the clients behind a private address. */
  | { readonly kind: "shared-client"; readonly clientAddress: string }
  /** The first request with a recipient and no `protocol_state`. */
  | { readonly kind: "stage-assumed" }
  | { readonly kind: "bug"; readonly error: unknown };

/** Publishes an error that nobody expects. The store reports its own errors. */
export function reportBug(error: unknown, publish: (event: ErrorEvent) => void): void {
  if (!(error instanceof DatabaseError)) publish({ kind: "bug", error });
}

/** Reported by the thread of the status page. Texts are hostile. */
export type PageEvent =
  | { readonly kind: "signed-in" | "sign-in-failed"; readonly address: string }
  /** `what` is a description of the change. */
  | { readonly kind: "changed"; readonly by: string; readonly what: string }
  /** A recipient's link was used, or refused. */
  | { readonly kind: "link-used"; readonly recipient: string; readonly what: string }
  | { readonly kind: "link-refused"; readonly address: string; readonly why: string }
  | { readonly kind: "bug"; readonly what: string };

/** The outcome of a notice. `where` is its target without secrets. */
export type NoticeOutcome =
  | { readonly kind: "notice-sent"; readonly notice: string; readonly where: string }
  /** It is repeated later. */
  | {
    readonly kind: "notice-failed";
    readonly notice: string;
    readonly where: string;
    readonly why: string;
  }
  | { readonly kind: "notice-dropped"; readonly count: number; readonly why: string };

/** Published by the notices. */
export type NotifyEvent =
  | NoticeOutcome
  | Extract<LifecycleEvent, { readonly kind: "warning" }>
  | ErrorEvent;

/** Changes of another site are merged again, or not any more. Texts are hostile. */
export type SiteEvent =
  | { readonly kind: "site-reached"; readonly site: string }
  | { readonly kind: "site-failed"; readonly site: string; readonly why: string }
  /** This daemon does not share, although its settings say so. */
  | { readonly kind: "share-failed"; readonly why: string };

export type StatusPageEvent =
  /** `isLocal`: only this host can connect. */
  | { readonly kind: "page-listening"; readonly where: string; readonly isLocal: boolean }
  | { readonly kind: "page-failed"; readonly error: unknown }
  /** The thread of the page ended with an error; the page listens again soon. */
  | { readonly kind: "page-crashed"; readonly error: unknown }
  | { readonly kind: "page"; readonly event: PageEvent };

export type DaemonEvent =
  | DecisionEvent
  | LifecycleEvent
  | ListFileEvent
  | LimitEvent
  | DatabaseEvent
  | ErrorEvent
  | NoticeOutcome
  | SiteEvent
  | StatusPageEvent;

export type Subscriber = (event: DaemonEvent) => void;

export class Events {
  readonly #subscribers: Subscriber[] = [];

  subscribe(subscriber: Subscriber): void {
    this.#subscribers.push(subscriber);
  }

  /** Tells every subscriber, in the order of their subscription. Never throws. */
  publish(event: DaemonEvent): void {
    for (const subscriber of this.#subscribers) {
      try {
        subscriber(event);
      } catch (error) {
        // A bug in the subscriber of bugs has nobody to be reported to.
        if (event.kind !== "bug") this.publish({ kind: "bug", error });
      }
    }
  }
}
