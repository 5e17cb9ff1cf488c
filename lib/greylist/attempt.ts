/**
 * One delivery attempt, parsed once.
 *
 * @module
 */
import { canonicalDomain, splitAddress } from "../net/email_address.ts";
import { registrableDomain } from "../net/hostname.ts";
import type { IpAddress } from "../net/network.ts";
import { type Client, makeClient } from "./client.ts";
import type { PendingKey, RelationKey } from "./model.ts";
import {
  domainSender,
  foldSender,
  isPlainSender,
  normaliseRecipient,
  retrySender,
} from "./normalise.ts";

/** The administrator's list entries that match an attempt. */
export interface Listing {
  readonly decisive: "allow" | "block" | undefined;
  /** The client is never auto-whitelisted. */
  readonly alwaysGreylist: boolean;
  /** Greylisting is enabled for the recipient. */
  readonly optedIn: boolean;
  /** The administrator lets in this sender's mail to this recipient from any client. */
  readonly released: boolean;
  /** The recipient is a trap address. */
  readonly isTrap: boolean;
}

/** The listing of an attempt that no list names. */
export const UNLISTED: Listing = {
  decisive: undefined,
  alwaysGreylist: false,
  optedIn: true,
  released: false,
  isTrap: false,
};

/** The attributes of a policy request that the decision uses. All texts are hostile. */
export interface AttemptInput {
  /** The SMTP stage: `RCPT`, `DATA`, … */
  readonly stage: string;
  readonly authenticated: boolean;
  readonly address: IpAddress;
  /** Postfix's `client_name`; `unknown` for an unverified client. */
  readonly clientName: string;
  readonly heloName: string;
  /** The envelope sender; empty for the null sender. */
  readonly sender: string;
  /** The recipient; empty at DATA where a message has several. */
  readonly recipient: string;
  /** Identifies the message within a session; empty if unknown. */
  readonly instance: string;
}

/** An attempt, with everything that is derived from the request alone. */
export interface Attempt extends AttemptInput, Client {
  /**
   * The domain that SPF is asked about, in canonical form: the sender's, or the HELO name for the null
   * sender (RFC 7208, 2.4). Empty for none.
   */
  readonly identity: string;
  /**
   * The registrable domain of the sender as given; for the null sender the organisation that its
   * client belongs to.
   */
  readonly senderDomain: string | undefined;
  readonly pendingKey: PendingKey;
  /** The relations that make the attempt `known`: of the folded sender, and of a whole domain. */
  readonly relationKeys: readonly RelationKey[];
}

/**
 * @param delimiter the setting `recipient_delimiter`.
 * @param client the client of the input's address and name, if already parsed.
 */
export function makeAttempt(
  input: AttemptInput,
  delimiter: string,
  client: Client = makeClient(input.address, input.clientName),
): Attempt {
  const { sender, heloName, recipient } = input;
  const identity = canonicalDomain(sender === "" ? heloName : splitAddress(sender).domain);
  const { pendingKey, relationKeys } = keysOf(sender, recipient, delimiter);
  return {
    stage: input.stage,
    authenticated: input.authenticated,
    address: client.address,
    clientName: input.clientName,
    heloName,
    sender,
    recipient,
    instance: input.instance,
    ip: client.ip,
    name: client.name,
    nameClass: client.nameClass,
    organisation: client.organisation,
    baseOrigins: client.baseOrigins,
    network: client.network,
    isMailHost: client.isMailHost,
    isAccessLine: client.isAccessLine,
    identity,
    // Saves a lookup: many domains send from servers of their own.
    senderDomain: sender === "" || identity === client.organisation
      ? client.organisation
      : registrableDomain(identity),
    pendingKey,
    relationKeys,
  };
}

function keysOf(
  sender: string,
  given: string,
  delimiter: string,
): Pick<Attempt, "pendingKey" | "relationKeys"> {
  const recipient = normaliseRecipient(given, delimiter);
  if (isPlainSender(sender)) {
    const key = { sender, recipient };
    return { pendingKey: key, relationKeys: [key] };
  }
  return {
    pendingKey: { sender: retrySender(sender), recipient },
    relationKeys: relationKeys(sender, given, recipient),
  };
}

/** The relations of a sender, as given or by `retrySender`, with a recipient. */
export function relationKeysOf(
  sender: string,
  given: string,
  delimiter: string,
): readonly RelationKey[] {
  return relationKeys(sender, given, normaliseRecipient(given, delimiter));
}

function relationKeys(sender: string, given: string, recipient: string): readonly RelationKey[] {
  const folded = { sender: foldSender(sender, given), recipient };
  const domain = domainSender(sender);
  return domain === undefined ? [folded] : [folded, { sender: domain, recipient }];
}

/** The attempt for one recipient of a message whose recipients were collected. */
export function forRecipient(attempt: Attempt, recipient: string, delimiter: string): Attempt {
  return { ...attempt, recipient, ...keysOf(attempt.sender, recipient, delimiter) };
}
