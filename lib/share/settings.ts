/**
 * Settings of sharing: plain data, since the replicator runs in a thread of its own.
 *
 * @module
 */
import type { StoreSettings } from "../store/open.ts";
import type { ShareSecret } from "./secret.ts";
import type { Target } from "./target.ts";

export interface ShareSettings {
  /** The name of this site. */
  readonly name: string;
  /** One database, or the pages of other sites. */
  readonly targets: readonly Target[];
  readonly secret: ShareSecret;
  /** Of CAs, in PEM: in addition to the public ones for other sites, instead of them for a database. */
  readonly certificates: readonly string[];
  readonly store: StoreSettings;
  readonly version: string;
  /** Maximum pending triplets of one network that are sent within an hour. */
  readonly maxPendingPerNetwork: number;
  /** To be the same at all sites. */
  readonly agreement: Agreement;
}

/** Settings on which the meaning of shared records depends. Durations are milliseconds. */
export interface Agreement {
  readonly retryWindow: number;
  readonly lifetime: number;
  readonly ipv4Prefix: number;
  readonly ipv6Prefix: number;
}

/** Settings by which the status page serves changes to other sites. */
export interface PageShare {
  /** The name of this site. */
  readonly name: string;
  /** The token of the other sites. */
  readonly token: string;
  readonly agreement: Agreement;
}
