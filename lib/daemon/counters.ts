/**
 * How often everything happened since the start.
 *
 * @module
 */
import { type Reason, REASON_TEXTS, type Verdict } from "../greylist/model.ts";

/** Counts as they were at a moment. */
export type CounterSnapshot = Readonly<Omit<Counters, "count" | "snapshot">>;

/** The counts of one process. Only the journal counts, where it also writes the line. */
export class Counters {
  /** Requests by the reason of their verdict; every request is in exactly one. */
  readonly reasons: Record<Reason, number>;
  /** Requests by their verdict. */
  readonly decisions: Record<Verdict["decision"], number> = { pass: 0, defer: 0, reject: 0 };
  /** Connections closed for going past a limit. */
  limits = 0;
  /** Faults of the store. */
  storeFaults = 0;
  /** Strangers that were not learnt of, because there were too many at once. */
  backgroundLookupsDropped = 0;
  /** Decisions that were counted and not kept, because there were too many at once. */
  historyDropped = 0;

  /** Wrong passwords on the status page. */
  signInFailures = 0;

  /** Counts that are all zero. */
  constructor() {
    const zeros = Object.keys(REASON_TEXTS).map((reason) => [reason, 0]);
    this.reasons = Object.fromEntries(zeros) as Record<Reason, number>;
  }

  /** All requests that were answered. */
  get requests(): number {
    return Object.values(this.reasons).reduce((sum, count) => sum + count, 0);
  }

  /** The counts as they are now, as plain data. */
  snapshot(): CounterSnapshot {
    const {
      reasons,
      decisions,
      requests,
      limits,
      storeFaults,
      backgroundLookupsDropped,
      historyDropped,
    } = this;
    const { signInFailures } = this;
    return {
      reasons: { ...reasons },
      decisions: { ...decisions },
      requests,
      limits,
      storeFaults,
      backgroundLookupsDropped,
      historyDropped,
      signInFailures,
    };
  }

  /** Counts one verdict. */
  count(verdict: Verdict): void {
    this.reasons[verdict.reason]++;
    this.decisions[verdict.decision]++;
  }
}
