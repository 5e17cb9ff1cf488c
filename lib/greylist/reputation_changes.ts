/**
 * Changes of reputations: what messages of a client earn and cost.
 *
 * @module
 */
import { HOUR } from "../text/duration.ts";
import { type Context, isCorrespondent, isListed } from "./context.ts";
import type { Memory } from "./memory.ts";
import type { Change, Pending, RelationKey, Reputation } from "./model.ts";
import { pairName } from "./origins.ts";
import {
  afterAbandoned,
  afterRetried,
  chargedNames,
  cleared,
  countsDomains,
  isLive,
  servedDomain,
} from "./reputation.ts";
import type { Rules } from "./rules.ts";

/** The reputations that an accepted retry earns. */
export function earnings(context: Context): Change[] {
  const { attempt, memory, rules, now, origins } = context;
  const { senderDomain } = attempt;
  const changes: Change[] = [];
  const names = isListed(context) ? [] : chargedNames(origins);
  for (const name of names) {
    const served = countsDomains(name) && senderDomain !== undefined
      ? servedDomain(senderDomain, isCorrespondent(context), now)
      : undefined;
    const record = afterRetried(
      memory.reputation(name),
      rules,
      now,
      served,
      memory,
    );
    if (record !== undefined) changes.push({ kind: "reputation", key: name, record });
  }
  return changes;
}

/** Whether an origin of the client retried before. */
export function hasRetried({ memory, origins, rules, now }: Context): boolean {
  return chargedNames(origins).some((name) => {
    const record = memory.reputation(name);
    return record !== undefined && record.total > 0 && isLive(record, rules, now);
  });
}

/**
 * The reputations that a pending triplet costs after its retry window; none if its sender and recipient
 * passed meanwhile by another way.
 *
 * @param relationKeys the relations of its sender and recipient, as far as they are known.
 */
export function reportAbandoned(
  { memory, rules, now }: Pick<Context, "memory" | "rules" | "now">,
  relationKeys: readonly RelationKey[],
  record: Pending,
): Change[] {
  const isSuperseded = relationKeys.some((key) =>
    (memory.relation(key)?.lastSeen ?? -Infinity) >= record.firstSeen
  );
  if (isSuperseded || rules.autoWhitelistClients === 0) return [];
  // An origin that never retried has no record and gets none: most strangers are bots.
  return record.origins.filter((name) => name !== record.network)
    .flatMap((name) => abandoned(name, memory.reputation(name), rules, now));
}

function abandoned(
  name: string,
  before: Reputation | undefined,
  rules: Rules,
  now: number,
  period?: number,
): Change[] {
  const after = before === undefined ? undefined : afterAbandoned(before, rules, now, period);
  return after === undefined ? [] : [{ kind: "reputation", key: name, record: after }];
}

/** Trust that a DNS listing ends: of the exact address, and of its network for the sender's domain. */
export function listingChanges(context: Context): Change[] {
  const { memory, now, origins } = context;
  return [
    ...clearedRecord(origins.ip, memory, now),
    ...clearedPairs(context),
    ...wideAbandonments(context, HOUR),
  ];
}

function clearedRecord(name: string, memory: Memory, now: number): Change[] {
  const before = memory.reputation(name);
  if (before === undefined || before.total === 0) return [];
  return [{ kind: "reputation", key: name, record: cleared(before, now) }];
}

/** The loss of the reputation of the address and its network for the sender's domain. */
export function clearedPairs({ attempt, memory, now, origins }: Context): Change[] {
  const { senderDomain } = attempt;
  if (senderDomain === undefined) return [];
  return [origins.ip, origins.net].flatMap((origin) =>
    clearedRecord(pairName(origin, senderDomain), memory, now)
  );
}

/** One abandoned message for the origins that other clients share, at most one in a period. */
export function wideAbandonments(
  { memory, now, origins, rules }: Context,
  period: number,
): Change[] {
  const { spf, parent, via } = origins;
  return [spf, parent, via].flatMap((name): Change[] => {
    return name === undefined ? [] : abandoned(name, memory.reputation(name), rules, now, period);
  });
}
