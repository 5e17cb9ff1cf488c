import { findLost, LOST_AFTER } from "../admin/queries.ts";
import { deferralAsJson } from "../admin/record_json.ts";
import { countOf, DATABASE_OPTIONS, durationOf, parseInvocation, withStore } from "./invocation.ts";
import type { Command } from "./command.ts";
import { formatAgo, formatClient, formatSender } from "../admin/format.ts";
import { printTable } from "./table.ts";
import { type Option, refuseRest } from "./usage.ts";

const OWN: readonly Option[] = [
  {
    name: "after",
    placeholder: "TIME",
    help: "Time without a retry after which deferred mail is listed (default: 6h).",
  },
  { name: "limit", placeholder: "NUMBER", help: "Maximum number of rows (default: 20)." },
];

export const lost: Command = {
  name: "lost",
  summary: "list deferred mail that was not retried",
  usage: "[--after TIME] [--limit NUMBER]",
  description: [
    "Possibly lost mail, ordered by legitimacy from 10 to 0: a verified name that is not generic, a " +
    "host of the sender's own organisation and several tries raise it; many recipients of one " +
    "sender lower it.",
    "greylag release NUMBER accepts the next retry. greylag allow accepts future mail.",
  ],
  options: [...DATABASE_OPTIONS, ...OWN],
  async run(args, output) {
    const invocation = parseInvocation(args, OWN);
    refuseRest(invocation.rest);
    const limit = countOf(invocation, "limit", 20);
    const now = Date.now();
    const before = now - durationOf(invocation, "after", LOST_AFTER);
    const { rows: ranked } = await withStore(
      invocation.configuration,
      (store) => findLost(store.history, { text: "", limit }, before),
    );
    if (invocation.json) {
      const all = ranked.map(({ deferral, legitimacy }) => ({
        ...deferralAsJson(deferral),
        legitimacy,
      }));
      output.print(`${JSON.stringify(all, null, 2)}\n`);
    } else if (ranked.length === 0) {
      output.print("All deferred mail was retried or is still pending.\n");
    } else {
      const heads = ["legitimacy", "no.", "sender", "recipient", "client", "tries", "last tried"];
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
