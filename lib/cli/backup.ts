import { ConfigError } from "../config/load.ts";
import { backUp } from "../store/backup.ts";
import { ADMIN_OPTIONS, parseAdmin, withStore } from "./admin.ts";
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
  options: ADMIN_OPTIONS,
  async run(args, output) {
    const admin = parseAdmin(args, []);
    const target = requiredArgument(admin.rest, "FILE");
    if (await Deno.lstat(target).then(() => true, () => false)) {
      throw new ConfigError(`${target} exists already. Name a new file, or remove it first.`);
    }
    const { database } = admin.configuration.values;
    // A missing database is the same error as for other commands.
    await withStore(admin.configuration, (store) => store.credentials.all());
    const { bytes, key } = await backUp(database, target);
    if (admin.json) {
      output.print(`${JSON.stringify({ file: target, bytes, key: key ?? null })}\n`);
    } else {
      const files = key === undefined ? target : `${target} and ${key}`;
      output.print(`copied ${database} to ${files} (${bytes} bytes)\n`);
    }
    return 0;
  },
};
