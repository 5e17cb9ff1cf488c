/**
 * The messages between the daemon and the thread of its status page.
 *
 * @module
 */
import type { DaemonStatus } from "../../daemon/daemon_status.ts";
import type { PageEvent } from "../../daemon/events.ts";
import type { Finding } from "../../postfix/postconf.ts";
import type { ShareStatus } from "../../share/status.ts";
import type { Remembered } from "../http/page_memory.ts";
import type { StatusSettings } from "../settings.ts";

export interface DaemonReport {
  readonly daemonStatus: DaemonStatus;
  /** Undefined if it does not share. */
  readonly share?: ShareStatus | undefined;
  /** Reasons why mail passes ungreylisted; empty if there are none, undefined without a write test. */
  readonly obstacles: readonly string[] | undefined;
  /** Empty without a write test. */
  readonly warnings: readonly Finding[];
  /** The end of the log, the oldest line first; empty without a write test. */
  readonly log: readonly string[];
}

/** From the daemon to the status page. */
export type ToPage =
  | {
    readonly kind: "start";
    readonly settings: StatusSettings;
    /** Of the thread before, if there was one. */
    readonly remembered?: Remembered | undefined;
    /** The thread asks for its end after this time without a request. */
    readonly idleMs: number;
  }
  | { readonly kind: "configure"; readonly settings: StatusSettings }
  /** The client on this port is a forwarded one; undefined when it has ended. */
  | { readonly kind: "forwarded"; readonly port: number; readonly address: string | undefined }
  | { readonly kind: "report"; readonly request: number; readonly report: DaemonReport }
  /** The database is another file now. */
  | { readonly kind: "reopen" }
  | { readonly kind: "stop" };

/** From the status page to the daemon. */
export type ToDaemon =
  | { readonly kind: "listening" }
  /** The client behind the connection on this port is known. */
  | { readonly kind: "forwarded"; readonly port: number }
  /** Nobody looks at the page. */
  | { readonly kind: "idle" }
  /** The page cannot listen. */
  | { readonly kind: "failed"; readonly why: string }
  /** Asks for a report; `writeTest` makes the daemon write to its database first. */
  | { readonly kind: "report-request"; readonly request: number; readonly writeTest: boolean }
  | { readonly kind: "event"; readonly event: PageEvent }
  /** Kept for the next thread. */
  | { readonly kind: "remember"; readonly remembered: Remembered }
  | { readonly kind: "stopped" };
