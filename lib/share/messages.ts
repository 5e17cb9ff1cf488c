/**
 * The messages between the daemon and the thread of its replicator.
 *
 * @module
 */
import type { SharedChange } from "../store/shared_change.ts";
import type { ShareSettings } from "./settings.ts";
import type { SiteState } from "./status.ts";

/** Changes of one site, and the position that they lead to. */
export interface ReceivedPage {
  /** The peer in the store. */
  readonly id: string;
  /** The name of the site. */
  readonly from: string;
  readonly changes: readonly SharedChange[];
  readonly position: string;
}

/** From the daemon to the replicator. */
export type ToReplicator =
  | {
    readonly kind: "start";
    readonly settings: ShareSettings;
    /** By the peers in the store. */
    readonly positions: Readonly<Record<string, string>>;
  }
  | { readonly kind: "merged"; readonly id: string; readonly ok: boolean }
  /** Addresses of the database are to be forgotten. */
  | { readonly kind: "carry-out-orders" }
  /** The database is another file now. */
  | { readonly kind: "reopen"; readonly positions: Readonly<Record<string, string>> }
  | { readonly kind: "remove"; readonly incarnation: string };

/** From the replicator to the daemon. */
export type ToDaemon =
  | { readonly kind: "page"; readonly page: ReceivedPage }
  | { readonly kind: "state"; readonly state: SiteState }
  /** A site that is no longer in the shared database. */
  | { readonly kind: "gone"; readonly id: string };
