import { daemonSettings } from "../config/module_settings.ts";
import { foldSender, normaliseRecipient } from "../greylist/normalise.ts";
import type { Rules } from "../greylist/rules.ts";
import { deferralNumbered } from "../admin/queries.ts";
import { releaseOf } from "../admin/list_entries.ts";
import { entryAsJson } from "../admin/record_json.ts";
import type { Deferral } from "../store/history.ts";
import type { Store, StoredEntry } from "../store/store.ts";
import { formatDuration } from "../text/duration.ts";
import {
  currentUser,
  DATABASE_OPTIONS,
  durationOf,
  type Invocation,
  parseInvocation,
  withStore,
} from "./invocation.ts";
import type { Command } from "./command.ts";
import { collectPage } from "../store/pages.ts";
import { formatSender } from "../admin/format.ts";
import { type Option, refuseRest, UsageError } from "./usage.ts";

const OWN: readonly Option[] = [
  {
    name: "for",
    placeholder: "TIME",
    help: "Time for which it is accepted (default: the setting retry_window).",
  },
];

type Pair = Pick<Deferral, "sender" | "recipient">;

/** The pending pairs of a sender; with a recipient the pair itself, pending or not. */
function bySender(
  store: Store,
  given: string,
  recipient: string | undefined,
  { retryWindow, recipientDelimiter }: Rules,
): readonly Pair[] {
  const sender = given === "<>" ? "" : given;
  if (recipient !== undefined) {
    return [{
      sender: foldSender(sender, recipient),
      recipient: normaliseRecipient(recipient, recipientDelimiter),
    }];
  }
  const search = { text: "", state: "waiting", quietSince: Date.now() - retryWindow } as const;
  return collectPage((after, limit) => store.history.findDeferrals({ ...search, limit, after }), {
    limit: 1000,
    fits: (row) =>
      row.sender === sender ||
      foldSender(row.sender, row.recipient) === foldSender(sender, row.recipient),
  }).rows;
}

function pairsOf(invocation: Invocation, store: Store, rules: Rules): readonly Pair[] {
  const [what, recipient, ...more] = invocation.rest;
  if (what === undefined) throw new UsageError("NUMBER or SENDER is missing");
  refuseRest(more);
  if (/^\d+$/.test(what)) {
    const found = deferralNumbered(store.history, Number(what));
    return found === undefined ? [] : [found];
  }
  return bySender(store, what, recipient, rules);
}

export const release: Command = {
  name: "release",
  summary: "accept the next retry of deferred mail",
  usage: "NUMBER | SENDER [RECIPIENT] [--for TIME]",
  description: [
    "NUMBER is shown by greylag find and greylag lost. SENDER releases all pending mail of the " +
    "sender. SENDER and RECIPIENT release the pair, pending or not.",
    "The mail is accepted from any client and known from then on. Mail with a forged sender is " +
    "accepted too, but only for this recipient and this time.",
  ],
  options: [...DATABASE_OPTIONS, ...OWN],
  run(args, output) {
    const invocation = parseInvocation(args, OWN);
    const { rules } = daemonSettings(invocation.configuration.values).engine;
    const now = Date.now();
    const lasts = durationOf(invocation, "for", rules.retryWindow);
    const addedBy = currentUser();
    return withStore(invocation.configuration, (store) => {
      const pairs = pairsOf(invocation, store, rules);
      const [what] = invocation.rest;
      const isNumber = /^\d+$/.test(what!);
      if (pairs.length === 0) {
        output.complain(
          isNumber
            ? `greylag: no deferred mail with number ${what}. See: greylag lost\n`
            : `greylag: no pending mail from ${what}. See: greylag find ${what}\n` +
              `To accept it in advance: greylag allow ${what}\n`,
        );
        return 1;
      }
      if (invocation.configuration.values.privacy && isNumber) {
        output.complain(
          "greylag: with privacy = true only hashes are stored. " +
            "Use: greylag release SENDER RECIPIENT\n",
        );
        return 1;
      }
      const entries: StoredEntry[] = [];
      for (const pair of pairs) {
        const { sender, recipient } = pair;
        const entry = store.lists.add(
          releaseOf(pair, rules.recipientDelimiter, { note: "", addedBy, now, lasts }),
        );
        entries.push(entry);
        if (invocation.json) continue;
        output.print(
          `entry ${entry.id}: mail from ${formatSender(sender)} to ${recipient} is accepted for ` +
            `${formatDuration(lasts)}\n`,
        );
      }
      if (invocation.json) output.print(`${JSON.stringify(entries.map(entryAsJson), null, 2)}\n`);
      return 0;
    });
  },
};
