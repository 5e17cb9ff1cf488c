/**
 * Reads the changes of other sites, one page after another, and hands them to the daemon.
 *
 * @module
 */
import { SECOND } from "../text/duration.ts";
import { messageOf } from "../text/error_message.ts";
import { backOff } from "./back_off.ts";
import { type OwnSite, refusal } from "./judge_site.ts";
import type { ReceivedPage } from "./messages.ts";
import type { SiteState } from "./status.ts";
import type { SitePage } from "./wire.ts";

/** Between two questions to a site that had nothing new. */
export const POLL_MS = SECOND / 2;

/** A refused site is asked this often. */
const REFUSED_MS = 5 * SECOND;

/** The thread, as a replicator uses it. */
export interface Replication {
  /** This site now. */
  own(): OwnSite;
  /** Has the daemon merge a page. @returns false if its database failed. */
  merge(page: ReceivedPage): Promise<boolean>;
  report(state: SiteState): void;
  position(id: string): string;
  wait(milliseconds: number): Promise<void>;
}

/** Follows one site for ever. */
export async function follow(
  id: string,
  fetchPage: (position: string) => Promise<SitePage>,
  replication: Replication,
): Promise<never> {
  let failures = 0;
  let state: SiteState = { id };
  for (;;) {
    let pause = 0;
    try {
      const own = replication.own();
      const asked = Date.now();
      const page = await fetchPage(replication.position(id));
      failures = 0;
      state = await take(page, asked, own, state, replication);
      if (state.isRefused) pause = REFUSED_MS;
      else if (state.error !== undefined) pause = backOff(1);
      else if (!page.isMore) pause = POLL_MS;
    } catch (error) {
      failures++;
      const { isRefused: _, ...rest } = state;
      state = { ...rest, error: messageOf(error) };
      pause = backOff(failures);
    }
    replication.report(state);
    await replication.wait(pause);
  }
}

async function take(
  page: SitePage,
  asked: number,
  own: OwnSite,
  before: SiteState,
  replication: Replication,
): Promise<SiteState> {
  const { changes, next, isMore, skipped: _skipped, ...header } = page;
  const now = Date.now();
  const { error: _error, isRefused: _isRefused, ...rest } = before;
  const state: SiteState = {
    ...rest,
    header,
    contact: now,
    skew: Math.round(header.time - (asked + now) / 2),
  };
  const why = refusal(own, header);
  if (why !== undefined) return { ...state, error: why, isRefused: true };
  const { id } = before;
  const isNew = changes.length > 0 || next !== replication.position(id);
  if (isNew && !await replication.merge({ id, from: header.site, changes, position: next })) {
    return { ...state, error: "the database of this site does not work" };
  }
  return isMore ? state : { ...state, current: now };
}
