import { ORDERS_KEPT, type SharedChange } from "../store/shared_change.ts";
import { DAY } from "../text/duration.ts";

/** The key of the record that a change is of: in a shared database its newest state replaces others. */
export function keyOf(change: SharedChange): string {
  const [kind, a, b, c] = change;
  switch (kind) {
    case "pending":
    case "ended":
      return JSON.stringify(["pending", a, b, c]);
    case "relation":
    case "passed":
      return JSON.stringify([kind, a, b]);
    case "reputation":
      return JSON.stringify([kind, a, change[2].site]);
    case "entry":
      return JSON.stringify([kind, a, b, c]);
    case "forgotten":
      return JSON.stringify([kind, a]);
  }
}

/** A site that is away for longer misses only who ended a deferral. */
const PASSED_LIFETIME = 3 * DAY;

/** Until when a change is of use; undefined for always. */
export function expiryOf(change: SharedChange, lifetime: number): number | undefined {
  switch (change[0]) {
    case "pending":
      return change[8];
    case "ended":
      return change[5];
    case "relation":
      return change[5] + lifetime;
    case "reputation":
      return Math.max(change[2].lastSeen + lifetime, change[2].trappedUntil ?? 0);
    case "entry":
      return change[5] === null ? change[4] + ORDERS_KEPT : undefined;
    case "forgotten":
      return change[2] + ORDERS_KEPT;
    case "passed":
      return change[3] + PASSED_LIFETIME;
  }
}
