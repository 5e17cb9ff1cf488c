/**
 * A policy request, parsed once: the one object that travels from the engine to the log, the counters
 * and the history.
 *
 * @module
 */
import { type Attempt, makeAttempt } from "../greylist/attempt.ts";
import { Clients } from "../greylist/client.ts";
import { SUBMISSION_CONTEXT } from "../postfix/restrictions.ts";
import type { PolicyRequest } from "../postfix/request.ts";

/** The longest mail address (RFC 5321, 4.5.3.1). Log and history shorten longer values to this length. */
export const MAX_VALUE_LENGTH = 320;

export interface ParsedRequest {
  /** The attributes as Postfix sent them. Nothing but the log and the history reads them. */
  readonly attributes: PolicyRequest;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Undefined for a request that is no delivery attempt from a usable address. */
  readonly attempt: Attempt | undefined;
  /** The request names a recipient and no stage, so that RCPT was assumed. */
  readonly isStageAssumed: boolean;
}

/** A request that is no delivery attempt. */
export function noAttempt(attributes: PolicyRequest, time: number): ParsedRequest {
  return { attributes, time, attempt: undefined, isStageAssumed: false };
}

/**
 * @param time milliseconds since the epoch.
 * @param delimiter the setting `recipient_delimiter`.
 */
export function parseRequest(
  attributes: PolicyRequest,
  time: number,
  delimiter: string,
  clients = new Clients(),
): ParsedRequest {
  const recipient = attributes.get("recipient") ?? "";
  const given = attributes.get("protocol_state") ?? "";
  // Some mail servers and proxies ask at RCPT only, and do not say so.
  const isStageAssumed = given === "" && recipient !== "";
  const stage = isStageAssumed ? "RCPT" : given;
  const attempt = attemptOf(attributes, clients, stage, recipient, delimiter);
  return { attributes, time, attempt, isStageAssumed: isStageAssumed && attempt !== undefined };
}

function attemptOf(
  attributes: PolicyRequest,
  clients: Clients,
  stage: string,
  recipient: string,
  delimiter: string,
): Attempt | undefined {
  if (attributes.get("request") !== "smtpd_access_policy") return undefined;
  const authenticated = (attributes.get("sasl_username") ?? "") !== "";
  // The submission service asks so that outbound domains are learned. Clients without a password are no
  // mail servers.
  if (attributes.get("policy_context") === SUBMISSION_CONTEXT && !authenticated) return undefined;
  const clientName = attributes.get("client_name") ?? "";
  const client = clients.find(attributes.get("client_address") ?? "", clientName);
  if (client === undefined) return undefined;
  return makeAttempt(
    {
      stage,
      authenticated,
      address: client.address,
      clientName,
      heloName: attributes.get("helo_name") ?? "",
      sender: attributes.get("sender") ?? "",
      recipient,
      instance: attributes.get("instance") ?? "",
    },
    delimiter,
    client,
  );
}
