/**
 * `greylag find`: what happened to mail from or to somebody.
 *
 * @module
 */
import { daemonSettings } from "../config/settings.ts";
import type { Rules } from "../greylist/rules.ts";
import { findAutoWhitelisted, findKnown, findWaiting } from "../admin/queries.ts";
import {
  autoWhitelistedAsJson,
  decisionAsJson,
  deferralAsJson,
  knownAsJson,
} from "../admin/record_json.ts";
import type { Deferral, StoredDecision } from "../store/history.ts";
import type { Store, StoredOrigin, StoredTriplet } from "../store/store.ts";
import { formatDuration } from "../text/duration.ts";
import { ADMIN_OPTIONS, countOf, parseAdmin, withStore } from "./admin.ts";
import type { Command } from "./command.ts";
import type { Output } from "./output.ts";
import { collect } from "../store/pages.ts";
import { formatAgo, formatClient, formatSender } from "../admin/format.ts";
import { printTable } from "./table.ts";
import { type Option, UsageError } from "./usage.ts";

const OWN: readonly Option[] = [
  { name: "limit", placeholder: "NUMBER", help: "Rows of each kind at most (default: 20)." },
];

interface Found {
  readonly waiting: readonly Deferral[];
  readonly known: readonly StoredTriplet[];
  readonly proven: readonly StoredOrigin[];
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
  const { rows: waiting } = findWaiting(store.history, query, rules, now);
  const { rows: known } = findKnown(store.greylist, query, rules, now);
  const { rows: proven } = findAutoWhitelisted(store.greylist, query, rules, now);
  const decisions = collect(
    (after, size) => store.history.findDecisions({ text, limit: size, after }),
    limit,
  );
  return { waiting, known, proven, decisions };
}

function show(found: Found, text: string, rules: Rules, now: number, output: Output): void {
  const { waiting, known, proven, decisions } = found;
  if ([waiting, known, proven, decisions].every(({ length }) => length === 0)) {
    output.print(
      `Nothing is known of ${JSON.stringify(text)}: it never asked, or it was too long ago.\n`,
    );
    return;
  }
  if (waiting.length > 0) {
    output.print(`Waiting (greylag release NUMBER lets it in):\n`);
    const heads = ["no.", "sender", "recipient", "client", "tries", "first tried", "may pass"];
    const rows = waiting.map((one) => [
      String(one.id),
      formatSender(one.sender),
      one.recipient,
      formatClient(one),
      String(one.tries),
      formatAgo(now - one.firstSeen),
      now - one.firstSeen >= rules.delay
        ? "now"
        : `in ${formatDuration(one.firstSeen + rules.delay - now)}`,
    ]);
    printTable(heads, rows, output);
    output.print("\n");
  }
  if (known.length > 0) {
    output.print("Known, passes at once:\n");
    const rows = known.map((one) => [
      formatSender(one.sender),
      one.recipient,
      one.origin,
      formatAgo(now - one.lastSeen),
    ]);
    printTable(["sender", "recipient", "origin", "last used"], rows, output);
    output.print("\n");
  }
  if (proven.length > 0) {
    output.print("Proven origins, whose mail passes at once:\n");
    const rows = proven.map(({ name, deliveries, lastSeen }) => [
      name,
      String(deliveries),
      formatAgo(now - lastSeen),
    ]);
    printTable(["origin", "deliveries", "last used"], rows, output);
    output.print("\n");
  }
  if (decisions.length > 0) {
    output.print("Decisions, the newest first:\n");
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

/** What happened to mail from or to somebody. */
export const find: Command = {
  name: "find",
  summary: "say what happened to mail from or to somebody",
  usage: "TEXT [--limit NUMBER]",
  description: [
    "TEXT is any part of an address, of a host name or of an IP address. Shows what waits, which " +
    "senders are known, which origins are proven, and the newest decisions (kept for the setting " +
    "history). Your own users' mail is not among them.",
    "With privacy = true TEXT must be a whole address, since only hashes are stored.",
  ],
  options: [...ADMIN_OPTIONS, ...OWN],
  async run(args, output) {
    const admin = parseAdmin(args, OWN);
    const [text, ...more] = admin.rest;
    if (text === undefined || text === "") throw new UsageError("say what to look for");
    if (more.length > 0) throw new UsageError(`one text at a time; "${more[0]}" is one too many`);
    const limit = countOf(admin, "limit", 20);
    const { rules } = daemonSettings(admin.configuration.values).engine;
    const now = Date.now();
    const found = await withStore(
      admin.configuration,
      (store) => search(store, text, limit, rules, now),
    );
    if (!admin.json) {
      show(found, text, rules, now, output);
    } else {
      output.print(`${
        JSON.stringify(
          {
            waiting: found.waiting.map(deferralAsJson),
            known: found.known.map(knownAsJson),
            proven: found.proven.map(autoWhitelistedAsJson),
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
