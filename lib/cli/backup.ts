import { ConfigError } from "../config/load.ts";
import { backUp } from "../store/backup.ts";
import { DATABASE_OPTIONS, parseInvocation, withStore } from "./invocation.ts";
import type { Command } from "./command.ts";
import { requiredArgument } from "./usage.ts";

export const backup: Command = {
  name: "backup",
  summary: "copy the database while the daemon runs",
  usage: "FILE",
  description: [
    "The copy is a consistent snapshot, checked for integrity, and readable by its owner only. An " +
    "existing FILE is never overwritten. With privacy = true the key is copied to FILE.key.",
    "To restore: stop greylag; remove greylag.db-wal and greylag.db-shm; replace greylag.db with the " +
    "copy (and greylag.db.key with FILE.key), with the same owner; start greylag.",
  ],
  options: DATABASE_OPTIONS,
  async run(args, output) {
    const invocation = parseInvocation(args, []);
    const target = requiredArgument(invocation.rest, "FILE");
    if (await Deno.lstat(target).then(() => true, () => false)) {
      throw new ConfigError(`${target} exists already. Name a new file, or remove it first.`);
    }
    const { database } = invocation.configuration.values;
    // A missing database is the same error as for other commands.
    await withStore(invocation.configuration, (store) => store.credentials.all());
    const { bytes, key } = await backUp(database, target);
    if (invocation.json) {
      output.print(`${JSON.stringify({ file: target, bytes, key: key ?? null })}\n`);
    } else {
      const files = key === undefined ? target : `${target} and ${key}`;
      output.print(`copied ${database} to ${files} (${bytes} bytes)\n`);
    }
    return 0;
  },
};
