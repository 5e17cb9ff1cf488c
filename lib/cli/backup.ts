/**
 * `greylag backup`: a copy of the database, while the daemon runs.
 *
 * @module
 */
import { ConfigError } from "../config/load.ts";
import { backUp } from "../store/backup.ts";
import { ADMIN_OPTIONS, parseAdmin, withStore } from "./admin.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./usage.ts";

/** A copy of the database. */
export const backup: Command = {
  name: "backup",
  summary: "copy the database, while the daemon runs",
  usage: "FILE",
  description: [
    "The copy is of one moment, checked, and readable for its owner only. Nothing that is there is " +
    "replaced. With privacy = true the key is copied as well, to FILE.key.",
    "To restore: stop greylag; remove greylag.db-wal and greylag.db-shm; put the copy in the place of " +
    "greylag.db (and FILE.key in that of greylag.db.key) with the same owner; start greylag.",
  ],
  options: ADMIN_OPTIONS,
  async run(args, output) {
    const admin = parseAdmin(args, []);
    const [target, ...more] = admin.rest;
    if (target === undefined) throw new UsageError("say where the copy is to be: backup FILE");
    if (more.length > 0) throw new UsageError(`one file at a time; "${more[0]}" is one too many`);
    if (await Deno.lstat(target).then(() => true, () => false)) {
      throw new ConfigError(`${target} is there already: nothing is replaced`);
    }
    const { database } = admin.configuration.values;
    // Says in the same words as all others that there is no database.
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
