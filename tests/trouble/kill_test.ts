import { assert, assertEquals } from "@std/assert";
import { Database } from "@db/sqlite";
import { tripletKey } from "../../lib/greylist/model.ts";
import { openStore } from "../../lib/store/open.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { letters, pause, scale, strangers, tell } from "./load.ts";

/** What of some senders is not stored. */
function forgotten(database: string, senders: readonly string[]): string[] {
  const store = openStore({ database, privacy: false });
  const missing: string[] = [];
  for (let at = 0; at < senders.length; at += 500) {
    const some = senders.slice(at, at + 500);
    const keys = some.map((sender) => tripletKey("net:192.0.2.0/24", sender, "bob@example.net"));
    store.greylist.exchange(keys, ({ triplets }) => {
      for (const [n, { id }] of keys.entries()) if (!triplets.has(id)) missing.push(some[n]!);
      return [];
    });
  }
  store.close();
  return missing;
}

Deno.test("kill -9 under load, again and again: what was answered is remembered, and nothing is corrupt", async () => {
  await inDirectory(async (directory) => {
    const database = `${directory}/g.db`;
    const path = `${directory}/policy`;
    const starts: number[] = [];
    let all = 0;
    for (let round = 0; round < scale(6, 100); round++) {
      const begin = performance.now();
      const daemon = await Daemon.start([`--unix=${path}`, `--database=${database}`]);
      starts.push(performance.now() - begin);
      // The checker's own account.
      const answered: string[] = [];
      const controller = new AbortController();
      const load = strangers(path, 20, `r.${letters(round)}`, (sender, answer) => {
        assert(answer.startsWith("action=DEFER"), answer);
        answered.push(sender);
      }, controller.signal);
      while (answered.length === 0) await pause(1);
      await pause(Math.random() * 400);
      await daemon.kill();
      await load;
      all += answered.length;
      assertEquals(forgotten(database, answered), [], `round ${round}`);
      const db = new Database(database);
      assertEquals(db.prepare("PRAGMA integrity_check").value(), ["ok"]);
      db.close();
    }
    starts.sort((a, b) => a - b);
    tell(
      `${starts.length} kills, ${all} answers, none forgotten; ` +
        `start-up at most ${starts.at(-1)!.toFixed(0)} ms`,
    );
  });
});
