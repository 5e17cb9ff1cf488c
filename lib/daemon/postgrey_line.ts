/**
 * Decisions in the words of postgrey 1.37, for programs that read its log, such as mailgraph and
 * logwatch. Pure.
 *
 * @module
 */
import type { Reason, Verdict } from "../greylist/model.ts";
import type { AttributeName } from "../postfix/request.ts";
import { escapeValue } from "../text/escape.ts";
import type { DecisionEvent } from "./events.ts";
import { shorten } from "./log_line.ts";

/** postgrey's words for a reason; other reasons have none there and keep their own. */
export const POSTGREY_REASONS: Partial<Readonly<Record<Reason, string>>> = {
  "allowed": "client whitelist",
  "auto-whitelisted": "client AWL",
  "correspondent": "client AWL",
  "known": "triplet found",
  "retried": "triplet found",
  "new": "new",
  "early": "early-retry",
};

export const POSTGREY_ACTIONS: Readonly<Record<Verdict["decision"], string>> = {
  pass: "pass",
  defer: "greylist",
  reject: "reject",
};

/** postgrey names these where they are not empty. */
const ATTRIBUTES: readonly AttributeName[] = [
  "client_name",
  "client_address",
  "sender",
  "recipient",
];

function reasonOf({ reason, matchedOn, wait }: Verdict): string {
  const word = POSTGREY_REASONS[reason] ?? reason;
  if (reason === "early") return `${word} (${Math.ceil((wait ?? 0) / 1000)}s missing)`;
  if (reason !== "allowed" || matchedOn === undefined) return word;
  return matchedOn === "pair" ? "triplet found" : `${matchedOn} whitelist`;
}

/** The line about a client that was auto-whitelisted just now. */
export function postgreyWhitelisted({ request }: DecisionEvent): string {
  const [name, address] = (["client_name", "client_address"] as const)
    .map((attribute) => escapeValue(shorten(request.attributes.get(attribute) ?? "")));
  return `whitelisted: ${name === "" ? address : `${name}[${address}]`}`;
}

/** The line without time and program name, which syslog adds. */
export function postgreyText({ request, verdict }: DecisionEvent): string {
  const value = (name: AttributeName) => escapeValue(shorten(request.attributes.get(name) ?? ""));
  const fields: [name: string, value: string | number][] = [
    ["action", POSTGREY_ACTIONS[verdict.decision]],
    ["reason", reasonOf(verdict)],
  ];
  // A delay is counted once a message.
  if (verdict.firstOfMessage === true && verdict.delayed !== undefined) {
    fields.push(["delay", Math.floor(verdict.delayed / 1000)]);
  }
  for (const name of ATTRIBUTES) {
    const text = value(name);
    if (text !== "") fields.push([name, text]);
  }
  const queueId = value("queue_id");
  const line = fields.map((field) => field.join("=")).join(", ");
  return queueId === "" ? line : `${queueId}: ${line}`;
}
