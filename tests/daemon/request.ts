import type { DecisionEvent } from "../../lib/daemon/events.ts";
import { parseRequest } from "../../lib/daemon/parsed_request.ts";
import type { Verdict } from "../../lib/greylist/model.ts";
import { PolicyRequest } from "../../lib/postfix/request.ts";

const ATTRIBUTES = {
  request: "smtpd_access_policy",
  protocol_state: "RCPT",
  client_address: "192.0.2.10",
  client_name: "unknown",
  sender: "alice@example.org",
  recipient: "bob@example.net",
  instance: "1.2.3",
};

/** A request with these attributes, and defaults for the others. */
export function policyRequest(given: Readonly<Record<string, string>> = {}): PolicyRequest {
  const lines = Object.entries({ ...ATTRIBUTES, ...given }).map(([name, value]) =>
    `${name}=${value}\n`
  );
  return new PolicyRequest(lines.join(""));
}

/** The event of such a request. */
export function decisionEvent(
  verdict: Verdict,
  given: Readonly<Record<string, string>> = {},
  time = 0,
): DecisionEvent {
  return { kind: "decision", request: parseRequest(policyRequest(given), time), verdict };
}
