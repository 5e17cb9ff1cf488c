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
}

/** @param time milliseconds since the epoch. */
export function parseRequest(
  attributes: PolicyRequest,
  time: number,
  clients = new Clients(),
): ParsedRequest {
  return { attributes, time, attempt: attemptOf(attributes, clients) };
}

function attemptOf(attributes: PolicyRequest, clients: Clients): Attempt | undefined {
  if (attributes.get("request") !== "smtpd_access_policy") return undefined;
  const authenticated = (attributes.get("sasl_username") ?? "") !== "";
  // The submission service asks so that outbound domains are learned. Clients without a password are no
  // mail servers.
  if (attributes.get("policy_context") === SUBMISSION_CONTEXT && !authenticated) return undefined;
  const clientName = attributes.get("client_name") ?? "";
  const client = clients.find(attributes.get("client_address") ?? "", clientName);
  if (client === undefined) return undefined;
  return makeAttempt({
    stage: attributes.get("protocol_state") ?? "",
    authenticated,
    address: client.address,
    clientName,
    heloName: attributes.get("helo_name") ?? "",
    sender: attributes.get("sender") ?? "",
    recipient: attributes.get("recipient") ?? "",
    instance: attributes.get("instance") ?? "",
  }, client);
}
