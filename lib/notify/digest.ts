/**
 * The digest of a recipient's deferred mail, and when it is due. Times are milliseconds since the
 * epoch.
 *
 * @module
 */
import { LOST_AFTER, LOST_THRESHOLD, rankLost } from "../admin/queries.ts";
import { type Deferral, deferralState } from "../store/history.ts";
import { originOf } from "./binding.ts";
import type { DigestNotice, NoticeItem } from "./notice.ts";
import type { User } from "./user.ts";

/** The local hour at which digests leave. */
const DIGEST_HOUR = 7;

/** Monday, as `Date.getDay` counts. */
const MONDAY = 1;

/** Messages with links. */
const MAX_ITEMS = 8;

/** The latest time at which a digest was due: today at seven, or Monday at seven, local time. */
export function digestBoundary(now: number, period: "day" | "week"): number {
  const date = new Date(now);
  date.setHours(DIGEST_HOUR, 0, 0, 0);
  if (date.getTime() > now) date.setDate(date.getDate() - 1);
  while (period === "week" && date.getDay() !== MONDAY) date.setDate(date.getDate() - 1);
  return date.getTime();
}

export function itemOf(deferral: Deferral): NoticeItem {
  const { id, sender, firstSeen } = deferral;
  return { deferral: id, sender, time: firstSeen, canAllow: originOf(deferral) !== undefined };
}

/**
 * @param deferrals of the recipient within the period.
 * @param known sender domains with accepted retries.
 * @returns undefined if nothing happened.
 */
export function makeDigest(
  { language }: Pick<User, "language">,
  recipient: string,
  period: "day" | "week",
  deferrals: readonly Deferral[],
  known: ReadonlySet<string>,
  now: number,
): DigestNotice | undefined {
  if (deferrals.length === 0) return undefined;
  const states = Map.groupBy(deferrals, (one) => deferralState(one, now - LOST_AFTER));
  const lost = rankLost(states.get("not-retried") ?? [], known);
  const wanted = lost.filter(({ legitimacy }) => legitimacy >= LOST_THRESHOLD);
  const rejected = states.get("rejected")?.length ?? 0;
  return {
    kind: "digest",
    recipient,
    language,
    period,
    retried: states.get("retried")?.length ?? 0,
    waiting: states.get("waiting")?.length ?? 0,
    notRetried: wanted.length,
    stopped: lost.length - wanted.length + rejected,
    items: wanted.slice(0, MAX_ITEMS).map(({ deferral }) => itemOf(deferral)),
  };
}
