/**
 * The rules that a message meets now, as far as the stored records decide: DNS is not asked.
 *
 * @module
 */
import { envelopeSteps, recordSteps, type Step } from "../../admin/explanation.ts";
import { makeAttempt, UNLISTED } from "../../greylist/attempt.ts";
import { contextOf } from "../../greylist/decide.ts";
import type { Rules } from "../../greylist/rules.ts";
import { parseAddress } from "../../net/network.ts";
import type { Deferral } from "../../store/history.ts";
import type { GreylistStore } from "../../store/store.ts";

export type Mail = Pick<
  Deferral,
  "clientAddress" | "clientName" | "heloName" | "sender" | "recipient"
>;

export function stepsFor(
  { clientAddress, clientName, heloName, sender, recipient }: Mail,
  store: GreylistStore,
  rules: Rules,
  now: number,
): readonly Step[] {
  const address = parseAddress(clientAddress);
  if (address === undefined) return [];
  const attempt = makeAttempt({
    stage: "RCPT",
    authenticated: false,
    address,
    clientName,
    heloName,
    sender,
    recipient,
    instance: "",
  }, rules.recipientDelimiter);
  let steps: readonly Step[] = [];
  store.exchange((memory) => {
    steps = recordSteps(contextOf({ attempt, listing: UNLISTED }, memory, rules, now));
    return [];
  });
  return [...envelopeSteps(attempt), ...steps];
}
