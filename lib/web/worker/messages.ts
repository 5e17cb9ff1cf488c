/**
 * What the daemon and the thread of its status page tell each other.
 *
 * @module
 */
import type { Finding } from "../../postfix/postconf.ts";
import type { PageEvent } from "../../daemon/events.ts";
import type { DaemonStatus } from "../../daemon/daemon_status.ts";
import type { StatusSettings } from "../settings.ts";

/** How the daemon fares, and if that was asked for, what keeps it from its work; empty if nothing does. */
export interface State {
  /** How it fares. */
  readonly daemonStatus: DaemonStatus;
  /** What keeps it from its work, in words. */
  readonly obstacles: readonly string[] | undefined;
  /** What is wrong around it, if that was asked for. */
  readonly warnings: readonly Finding[];
}

/** From the daemon to the status page. */
export type ToPage =
  | { readonly kind: "start" | "configure"; readonly settings: StatusSettings }
  | { readonly kind: "state"; readonly question: number; readonly state: State }
  /** The database is another file now. */
  | { readonly kind: "reopen" }
  | { readonly kind: "stop" };

/** From the status page to the daemon. */
export type ToDaemon =
  | { readonly kind: "listening"; readonly where: string }
  /** It cannot listen. */
  | { readonly kind: "failed"; readonly why: string }
  /** How does the daemon fare; `tries` to write to the database as well? */
  | { readonly kind: "ask"; readonly question: number; readonly tries: boolean }
  | { readonly kind: "event"; readonly event: PageEvent }
  | { readonly kind: "stopped" };
