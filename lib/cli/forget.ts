import { DATABASE_OPTIONS, parseInvocation, withStore } from "./invocation.ts";
import type { Command } from "./command.ts";
import { requiredArgument } from "./usage.ts";

export const forget: Command = {
  name: "forget",
  summary: "erase the stored data of an address",
  usage: "ADDRESS",
  description: [
    "ADDRESS is a mail address (sender or recipient) or a client's IP address. Its triplets, deferred " +
    "pairs and decisions are erased from the files of the database. Entries of the lists and the log " +
    "stay.",
    "The command rewrites these files: about a second for 30 MB. Meanwhile the daemon accepts all mail.",
  ],
  options: DATABASE_OPTIONS,
  run(args, output) {
    const invocation = parseInvocation(args, []);
    const address = requiredArgument(invocation.rest, "ADDRESS");
    return withStore(invocation.configuration, (store) => {
      const forgotten = store.forget(address);
      const lower = address.toLowerCase();
      const named = store.lists.entries().filter(({ pattern, note }) =>
        `${pattern} ${note}`.toLowerCase().split(/\s+/).includes(lower)
      );
      if (invocation.json) {
        output.print(`${JSON.stringify({ ...forgotten, entries: named.map(({ id }) => id) })}\n`);
        return 0;
      }
      const { triplets, deferrals, decisions } = forgotten;
      output.print(
        `erased for ${address}: triplets ${triplets}, deferred pairs ${deferrals}, ` +
          `decisions ${decisions}\n`,
      );
      for (const { id, list, matchOn, pattern } of named) {
        output.print(
          `entry ${id} (${list} ${matchOn} ${pattern}) names it. To remove it: greylag unlist ${id}\n`,
        );
      }
      return 0;
    });
  },
};
