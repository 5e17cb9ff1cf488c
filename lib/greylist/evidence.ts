/**
 * What was learnt of a stranger outside Greylag, as plain facts.
 *
 * @module
 */

/** What DNS and the client's own words say. */
export interface Evidence {
  /** The domain that the client speaks for by SPF, where a pass says something; absent otherwise. */
  readonly spfDomain?: string;
  /** Whether the sender's domain says by SPF that this client is not its own. */
  readonly spfFails: boolean;
  /** The sum of the weights of everything odd. */
  readonly suspicionScore: number;
}

/** Nothing was learnt. */
export const NO_EVIDENCE: Evidence = { spfFails: false, suspicionScore: 0 };
