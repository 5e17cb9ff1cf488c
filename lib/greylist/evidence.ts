/**
 * Evidence about a client: the results of SPF and DNS lists as plain facts.
 *
 * @module
 */

/** The treatment of a retry from a listed client. */
export type ListedAction = "reject" | "defer" | "accept";

/** The result of the DNS lists for a client's address. */
export interface Listings {
  /** The address is listed: the weights of the lists that name it reach the threshold. */
  readonly isListed: boolean;
  /** The strictest action of the lists that name it. */
  readonly action: ListedAction;
  /** The zone with the highest weight that names it. */
  readonly zone?: string;
  /** Lists of good senders outweigh everything else by the threshold. */
  readonly isTrusted: boolean;
  /** At least one DNSBL works and answered. */
  readonly hasAnswer: boolean;
}

export const NOT_LISTED: Listings = {
  isListed: false,
  action: "accept",
  isTrusted: false,
  hasAnswer: false,
};

/** The result of SPF (RFC 7208, 2.6); `unknown` for a temporary error, a timeout or no lookup. */
export type SpfOutcome = "pass" | "fail" | "softfail" | "neutral" | "none" | "unknown";

export interface Evidence {
  readonly spf: SpfOutcome;
  /** The domain of a pass that identifies the client: the record is neither broad nor client-dependent. */
  readonly spfDomain?: string;
  /** {@linkcode spfDomain} authorises few addresses, the client's among them. */
  readonly isNarrow?: boolean;
  /** The domain of the record that finally names the client, where that is not {@linkcode spfDomain}. */
  readonly via?: string;
  /** {@linkcode via} belongs to a well-known sender; its list entry. */
  readonly wellKnown?: string;
  readonly listings: Listings;
  /** Sum of the weights of all signals and listings. */
  readonly suspicionScore: number;
}

/** Evidence that says nothing. An SPF result that did not come is `unknown` instead. */
export const NO_EVIDENCE: Evidence = {
  spf: "none",
  listings: NOT_LISTED,
  suspicionScore: 0,
};
