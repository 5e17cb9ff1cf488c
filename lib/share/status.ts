/**
 * The state of sharing, for the page, the metrics, `greylag sites` and `greylag doctor`.
 *
 * @module
 */
import { SECOND } from "../text/duration.ts";
import type { SiteHeader } from "./wire.ts";

/** The known state of another site, or of the database between them. Times are milliseconds. */
export interface SiteState {
  /** A URL; for a site of a shared database `site:` and its incarnation. */
  readonly id: string;
  /** As last received; absent for a database, and before the first contact. */
  readonly header?: SiteHeader;
  /** When it last answered, since the epoch; absent before. */
  readonly contact?: number;
  /** When all that it had was last merged here, since the epoch; absent before. */
  readonly current?: number;
  /** Its clock minus this one's. */
  readonly skew?: number;
  /** Why it does not answer, or its changes are not merged. */
  readonly error?: string;
  /** An administrator removed it from the shared database. */
  readonly isRemoved?: boolean;
  /** It answers, but its changes must not be merged. */
  readonly isRefused?: boolean;
}

export interface ShareStatus {
  /** The name of this site. */
  readonly name: string;
  /** Since when this site shares, since the epoch. */
  readonly started: number;
  /** Rows of the outbox that are kept. */
  readonly outboxRows: number;
  readonly sites: readonly SiteState[];
}

/** A lag above this is a warning. */
export const MAX_LAG = 30 * SECOND;

/** A difference of clocks above this is a warning. */
export const MAX_SKEW = 5 * SECOND;

/** The longest time that changes of a site may have been missing here. */
export function lagOf({ current }: SiteState, started: number, now: number): number {
  const lag = now - (current ?? started);
  // A site that answers twice a second is not behind.
  return lag < 2 * SECOND ? 0 : lag;
}

export function siteName({ id, header }: SiteState): string {
  return header?.site ?? id;
}

/** The state of a peer as it is stored. */
export function readState(id: string, text: string): SiteState {
  try {
    return { ...JSON.parse(text) as SiteState, id };
  } catch {
    return { id };
  }
}
