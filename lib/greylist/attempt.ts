/**
 * One attempt to deliver, as the decision sees it.
 *
 * @module
 */
import { canonicalDomain, splitAddress } from "../net/email_address.ts";
import { organisationOf, verifiedName } from "../net/hostname.ts";
import type { IpAddress } from "../net/network.ts";
import { normaliseRecipient, normaliseSender } from "./normalise.ts";
import type { Evidence } from "./evidence.ts";
import { correspondent, type Origin, originsOf, spfOrigin } from "./origin.ts";
import type { Rules } from "./rules.ts";
import { type TripletKey, tripletKey } from "./model.ts";

/** What the administrator's lists say of an attempt. */
export interface Listing {
  /** The list that decides, if one does. */
  readonly decisive: "allow" | "block" | undefined;
  /** Whether the client's origins are never proven. */
  readonly alwaysGreylist: boolean;
  /** Whether the recipient wants greylisting. */
  readonly optedIn: boolean;
  /** Whether the administrator lets in this sender's mail to this recipient, wherever it comes from. */
  readonly released: boolean;
}

/** What lists say that are empty. */
export const UNLISTED: Listing = {
  decisive: undefined,
  alwaysGreylist: false,
  optedIn: true,
  released: false,
};

/** What is known of an attempt before anything is looked up. All texts are hostile. */
export interface Attempt {
  /** The SMTP stage: `RCPT`, `DATA` … */
  readonly stage: string;
  /** Whether the client signed in. */
  readonly authenticated: boolean;
  /** The client's address. */
  readonly address: IpAddress;
  /** The client's verified name in lower case, if it has one. */
  readonly name: string | undefined;
  /** The organisation that runs the client, if its name tells. */
  readonly organisation: string | undefined;
  /** What the client calls itself. */
  readonly heloName: string;
  /** The sender as Postfix passes it; empty for the null sender. */
  readonly sender: string;
  /**
   * The domain whose SPF record says whether the client speaks for it, in canonical form: the sender's,
   * or for the null sender that of the HELO (RFC 7208, 2.4). Empty for none.
   */
  readonly identity: string;
  /** The recipient as Postfix passes it. */
  readonly recipient: string;
  /** What all requests about one message share; empty if unknown. */
  readonly instance: string;
}

/** Who tries to send what to whom, in the form in which it is remembered. */
export interface Subject {
  /** The client's origins, its network first. */
  readonly origins: readonly Origin[];
  /** The normalised sender. */
  readonly sender: string;
  /** The normalised recipient. */
  readonly recipient: string;
  /** The canonical domain of the sender as given; empty for none. */
  readonly senderDomain: string;
  /** The triplets, one for each origin in the same order. */
  readonly triplets: readonly TripletKey[];
  /**
   * What would be one more if SPF says that the client speaks for the sender's domain; absent once that
   * is known, and where nobody wants to know.
   */
  readonly candidate?: TripletKey;
  /** Under which our own users' mail to the sender's domain is remembered, if it is. */
  readonly correspondent?: TripletKey;
  /** What all requests about one message share; empty if unknown. */
  readonly instance: string;
}

/**
 * Makes an attempt of what Postfix sends; `clientName` is its `client_name`, which is `unknown` for a
 * client whose name it could not verify.
 */
export function makeAttempt(
  given: Omit<Attempt, "name" | "organisation" | "identity"> & { readonly clientName: string },
): Attempt {
  const { clientName, ...rest } = given;
  const { sender, heloName, address } = given;
  const name = verifiedName(clientName);
  const identity = canonicalDomain(sender === "" ? heloName : splitAddress(sender).domain);
  return { ...rest, name, organisation: organisationOf(name, address), identity };
}

/**
 * What is looked up and remembered for an attempt.
 *
 * @param evidence what was learnt of the client; undefined while nothing was.
 */
export function subjectOf(attempt: Attempt, rules: Rules, evidence?: Evidence): Subject {
  const spfDomain = rules.spf === "off" ? undefined : evidence?.spfDomain;
  const origins = originsOf(attempt.address, attempt.organisation, rules, spfDomain);
  const sender = normaliseSender(attempt.sender, attempt.recipient);
  const recipient = normaliseRecipient(attempt.recipient);
  const senderDomain = attempt.sender === "" ? "" : attempt.identity;
  const identity = rules.spf === "off" || evidence !== undefined ? "" : attempt.identity;
  return {
    origins,
    sender,
    recipient,
    senderDomain,
    triplets: origins.map(({ name }) => tripletKey(name, sender, recipient)),
    ...(identity === ""
      ? {}
      : { candidate: tripletKey(spfOrigin(identity).name, sender, recipient) }),
    ...(rules.learnOutbound && senderDomain !== ""
      ? { correspondent: tripletKey(correspondent(senderDomain), "", "") }
      : {}),
    instance: attempt.instance,
  };
}

/** Everything that has to be recalled for a subject. */
export function keysOf({ triplets, candidate, correspondent }: Subject): readonly TripletKey[] {
  if (candidate === undefined && correspondent === undefined) return triplets;
  return [...triplets, candidate, correspondent].filter((key) => key !== undefined);
}
