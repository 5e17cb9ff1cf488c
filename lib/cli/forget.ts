/**
 * `greylag forget`: removing what is stored of one address.
 *
 * @module
 */
import { ADMIN_OPTIONS, parseAdmin, withStore } from "./admin.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./usage.ts";

/** Removes what is stored of one address. */
export const forget: Command = {
  name: "forget",
  summary: "remove what is stored of one address",
  usage: "ADDRESS",
  description: [
    "ADDRESS is a mail address, as sender or recipient, or a client's IP address. Triplets, what was " +
    "put off, and decisions are removed, and leave no trace in the database's files. Entries of the " +
    "lists are yours and stay; the log is not Greylag's to change.",
  ],
  options: ADMIN_OPTIONS,
  run(args, output) {
    const admin = parseAdmin(args, []);
    const [address, ...more] = admin.rest;
    if (address === undefined || address === "") throw new UsageError("the address is missing");
    if (more.length > 0) {
      throw new UsageError(`one address at a time; "${more[0]}" is one too many`);
    }
    return withStore(admin.configuration, (store) => {
      const forgotten = store.forget(address);
      const lower = address.toLowerCase();
      const named = store.lists.entries().filter(({ pattern, note }) =>
        `${pattern} ${note}`.toLowerCase().split(/\s+/).includes(lower)
      );
      if (admin.json) {
        output.print(`${JSON.stringify({ ...forgotten, entries: named.map(({ id }) => id) })}\n`);
        return 0;
      }
      const { triplets, deferrals, decisions } = forgotten;
      output.print(
        `removed of ${address}: ${triplets} triplets, ${deferrals} put off, ` +
          `${decisions} decisions\n`,
      );
      for (const { id, list, matchOn, pattern } of named) {
        output.print(
          `entry ${id} names it (${list} ${matchOn} ${pattern}): greylag unlist ${id}\n`,
        );
      }
      return 0;
    });
  },
};
