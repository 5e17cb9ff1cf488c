/**
 * `greylag lost`: what was put off and never came back, the most likely real mail first.
 *
 * @module
 */
import { findLost, LOST_AFTER } from "../admin/queries.ts";
import { deferralAsJson } from "../admin/record_json.ts";
import { ADMIN_OPTIONS, countOf, durationOf, parseAdmin, withStore } from "./admin.ts";
import type { Command } from "./command.ts";
import { formatAgo, formatClient, formatSender } from "../admin/format.ts";
import { printTable } from "./table.ts";
import { type Option, refuseRest } from "./usage.ts";

const OWN: readonly Option[] = [
  {
    name: "after",
    placeholder: "TIME",
    help: "What was not tried again for this long counts as lost (default: 6h).",
  },
  { name: "limit", placeholder: "NUMBER", help: "Rows at most (default: 20)." },
];

/** What was put off and never came back. */
export const lost: Command = {
  name: "lost",
  summary: "show what never came back, the most likely real mail first",
  usage: "[--after TIME] [--limit NUMBER]",
  description: [
    "Real says how much it looks like real mail, from 0 to 10: a verified name that is not one of a " +
    "provider's many, a host of the sender's own organisation and more than one try count for it; a " +
    "sender that left many recipients behind counts against it.",
    "`greylag release NUMBER` lets one in at its next try; `greylag allow` lets others in for good.",
  ],
  options: [...ADMIN_OPTIONS, ...OWN],
  async run(args, output) {
    const admin = parseAdmin(args, OWN);
    refuseRest(admin.rest);
    const limit = countOf(admin, "limit", 20);
    const now = Date.now();
    const before = now - durationOf(admin, "after", LOST_AFTER);
    const { rows: ranked } = await withStore(
      admin.configuration,
      (store) => findLost(store.history, { text: "", limit }, before),
    );
    if (admin.json) {
      const all = ranked.map(({ deferral, legitimacy }) => ({
        ...deferralAsJson(deferral),
        legitimacy,
      }));
      output.print(`${JSON.stringify(all, null, 2)}\n`);
    } else if (ranked.length === 0) {
      output.print("Everything that was put off came back, or may still do so.\n");
    } else {
      const heads = ["real", "no.", "sender", "recipient", "client", "tries", "last tried"];
      const shown = ranked.map(({ deferral, legitimacy }) => [
        String(legitimacy),
        String(deferral.id),
        formatSender(deferral.sender),
        deferral.recipient,
        formatClient(deferral),
        String(deferral.tries),
        formatAgo(now - deferral.lastSeen),
      ]);
      printTable(heads, shown, output);
    }
    return 0;
  },
};
