import { assert, assertEquals } from "@std/assert";
import { Database } from "@db/sqlite";
import { openStore } from "../../lib/store/open.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import { keyOf } from "../store/records.ts";
import { firstContacts, letters, report, scale } from "./load.ts";

/** The senders whose triplets are not in the database. */
function missingFrom(database: string, senders: readonly string[]): string[] {
  const store = openStore({ database, privacy: false });
  const missing: string[] = [];
  for (let at = 0; at < senders.length; at += 500) {
    const some = senders.slice(at, at + 500);
    store.greylist.exchange((memory) => {
      missing.push(...some.filter((sender) => memory.pending(keyOf(sender)).length === 0));
      return [];
    });
  }
  store.close();
  return missing;
}

Deno.test("after repeated kill -9 under load every verdict that was sent is stored, and no page is corrupt", async () => {
  await inDirectory(async (directory) => {
    const database = `${directory}/g.db`;
    const path = `${directory}/policy`;
    const starts: number[] = [];
    let total = 0;
    for (let round = 0; round < scale(6, 100); round++) {
      const begin = performance.now();
      const daemon = await Daemon.start([`--unix=${path}`, `--database=${database}`]);
      starts.push(performance.now() - begin);
      const answered: string[] = [];
      const controller = new AbortController();
      const load = firstContacts(path, 20, `r.${letters(round)}`, (sender, reply) => {
        assert(reply.startsWith("action=DEFER"), reply);
        answered.push(sender);
      }, controller.signal);
      await eventually("a first reply", () => answered.length > 0, { period: 1 });
      await pause(Math.random() * 400);
      await daemon.kill();
      await load;
      total += answered.length;
      assertEquals(missingFrom(database, answered), [], `round ${round}`);
      const db = new Database(database);
      assertEquals(db.prepare("PRAGMA integrity_check").value(), ["ok"]);
      db.close();
    }
    report(
      `${starts.length} kills, ${total} replies, none lost; ` +
        `start-up at most ${Math.max(...starts).toFixed(0)} ms`,
    );
  });
});
