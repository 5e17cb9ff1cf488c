import { daemonSettings } from "../config/module_settings.ts";
import type { Rules } from "../greylist/rules.ts";
import {
  type AutoWhitelisted,
  findAutoWhitelisted,
  findDecisions,
  findKnown,
  findWaiting,
  KIND_TEXTS,
} from "../admin/queries.ts";
import {
  autoWhitelistedAsJson,
  decisionAsJson,
  deferralAsJson,
  knownAsJson,
} from "../admin/record_json.ts";
import type { Deferral, StoredDecision } from "../store/history.ts";
import type { Store, StoredRelation } from "../store/store.ts";
import { formatDuration } from "../text/duration.ts";
import { countOf, DATABASE_OPTIONS, parseInvocation, withStore } from "./invocation.ts";
import type { Command } from "./command.ts";
import type { Output } from "./output.ts";
import { formatAgo, formatClient, formatSender } from "../admin/format.ts";
import { printTable } from "./table.ts";
import { type Option, requiredArgument } from "./usage.ts";

const OWN: readonly Option[] = [
  {
    name: "limit",
    placeholder: "NUMBER",
    help: "Maximum number of rows in each table (default: 20).",
  },
];

interface Found {
  readonly pending: readonly Deferral[];
  readonly known: readonly StoredRelation[];
  readonly autoWhitelisted: readonly AutoWhitelisted[];
  readonly decisions: readonly StoredDecision[];
}

function search(
  store: Store,
  text: string,
  limit: number,
  rules: Rules,
  now: number,
): Found {
  const query = { text, limit };
  const { rows: pending } = findWaiting(store.history, query, rules, now);
  const { rows: known } = findKnown(store.greylist, query, rules, now);
  const { rows: autoWhitelisted } = findAutoWhitelisted(store.greylist, query, rules, now);
  const { rows: decisions } = findDecisions(store.history, query);
  return { pending, known, autoWhitelisted, decisions };
}

function show(found: Found, text: string, now: number, output: Output): void {
  const { pending, known, autoWhitelisted, decisions } = found;
  if ([pending, known, autoWhitelisted, decisions].every(({ length }) => length === 0)) {
    output.print(
      `Nothing found for ${JSON.stringify(text)}: no such mail, or its history has expired.\n`,
    );
    return;
  }
  if (pending.length > 0) {
    output.print("Pending (greylag release NUMBER accepts the next retry):\n");
    const heads = ["no.", "sender", "recipient", "client", "tries", "first tried", "accepted"];
    const rows = pending.map((one) => [
      String(one.id),
      formatSender(one.sender),
      one.recipient,
      formatClient(one),
      String(one.tries),
      formatAgo(now - one.firstSeen),
      now >= one.acceptedFrom ? "now" : `in ${formatDuration(one.acceptedFrom - now)}`,
    ]);
    printTable(heads, rows, output);
    output.print("\n");
  }
  if (known.length > 0) {
    output.print("Known senders and recipients, accepted without delay:\n");
    const rows = known.map((one) => [
      formatSender(one.sender),
      one.recipient,
      formatAgo(now - one.lastSeen),
      one.origins.toReversed().join(" "),
    ]);
    printTable(["sender", "recipient", "last used", "origins"], rows, output);
    output.print("\n");
  }
  if (autoWhitelisted.length > 0) {
    output.print("Auto-whitelisted origins, accepted without delay:\n");
    const rows = autoWhitelisted.map(({ name, kind, retried, abandoned, lastSeen }) => [
      name,
      KIND_TEXTS[kind],
      retried.toFixed(1),
      abandoned.toFixed(1),
      formatAgo(now - lastSeen),
    ]);
    printTable(["origin", "for", "retried", "abandoned", "last used"], rows, output);
    output.print("\n");
  }
  if (decisions.length > 0) {
    output.print("Decisions, newest first:\n");
    const heads = ["when", "decision", "reason", "sender", "recipient", "client", "delay"];
    const rows = decisions.map((one) => [
      formatAgo(now - one.time),
      one.shadow === undefined ? one.decision : `pass (${one.shadow})`,
      one.by === undefined ? one.reason : `${one.reason} ${one.by}`,
      formatSender(one.sender),
      one.recipient,
      formatClient(one),
      one.delayed === undefined ? "-" : formatDuration(one.delayed),
    ]);
    printTable(heads, rows, output);
  }
}

export const find: Command = {
  name: "find",
  summary: "search pending mail, known senders and past decisions",
  usage: "TEXT [--limit NUMBER]",
  description: [
    "TEXT is a part of a mail address, of a host name or of an IP address. Shows pending triplets, " +
    "known senders and recipients, auto-whitelisted origins, and the newest decisions. The " +
    "setting history limits how long decisions are kept. Mail of authenticated users is not stored.",
    "With privacy = true TEXT must be a complete address, since only hashes are stored.",
  ],
  options: [...DATABASE_OPTIONS, ...OWN],
  async run(args, output) {
    const invocation = parseInvocation(args, OWN);
    const text = requiredArgument(invocation.rest, "TEXT");
    const limit = countOf(invocation, "limit", 20);
    const { rules } = daemonSettings(invocation.configuration.values).engine;
    const now = Date.now();
    const found = await withStore(
      invocation.configuration,
      (store) => search(store, text, limit, rules, now),
    );
    if (!invocation.json) {
      show(found, text, now, output);
    } else {
      output.print(`${
        JSON.stringify(
          {
            pending: found.pending.map(deferralAsJson),
            known: found.known.map(knownAsJson),
            auto_whitelisted: found.autoWhitelisted.map(autoWhitelistedAsJson),
            decisions: found.decisions.map(decisionAsJson),
          },
          null,
          2,
        )
      }\n`);
    }
    return 0;
  },
};
