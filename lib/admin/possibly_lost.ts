/**
 * What was put off and never came back, the most likely real mail first.
 *
 * @module
 */
import { legitimacyWithTries } from "../evidence/legitimacy.ts";
import type { Deferral } from "../store/history.ts";

/** Something that never came back, and how much it looks like real mail. */
export interface Lost {
  /** What was put off. */
  readonly deferral: Deferral;
  /** From 0 to 10. */
  readonly legitimacy: number;
}

/** A sender that left so many recipients behind was not writing to anybody in particular. */
const MANY_RECIPIENTS = 4;

const RUN_COST = 3;

/** Ranks what never came back; of equals the newest comes first. */
export function rankLost(deferrals: readonly Deferral[]): Lost[] {
  const recipients = new Map<string, number>();
  for (const { sender } of deferrals) recipients.set(sender, (recipients.get(sender) ?? 0) + 1);
  return deferrals.map((deferral) => {
    const isRun = recipients.get(deferral.sender)! >= MANY_RECIPIENTS;
    const legitimacy = legitimacyWithTries(deferral.legitimacy, deferral.tries);
    return { deferral, legitimacy: Math.max(0, legitimacy - (isRun ? RUN_COST : 0)) };
  }).sort((a, b) => b.legitimacy - a.legitimacy || b.deferral.lastSeen - a.deferral.lastSeen);
}
