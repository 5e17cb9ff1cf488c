import type { DecisionEvent } from "../../lib/daemon/events.ts";
import { parseRequest } from "../../lib/daemon/parsed_request.ts";
import type { Verdict } from "../../lib/greylist/model.ts";
import { PolicyRequest } from "../../lib/postfix/request.ts";
import { type Attributes, requestLines } from "../policy_client.ts";

/** A request with these attributes, and defaults for the others. */
export function policyRequest(attributes: Attributes = {}): PolicyRequest {
  return new PolicyRequest(requestLines({ instance: "1.2.3", ...attributes }));
}

/** The event of such a request. */
export function decisionEvent(
  verdict: Verdict,
  attributes: Attributes = {},
  time = 0,
): DecisionEvent {
  return { kind: "decision", request: parseRequest(policyRequest(attributes), time, "+"), verdict };
}
