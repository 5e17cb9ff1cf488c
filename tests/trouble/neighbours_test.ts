import { assert, assertEquals, assertMatch } from "@std/assert";
import { Database } from "@db/sqlite";
import { openStore } from "../../lib/store/open.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { Client, letters, pause, scale, strangers, tell } from "./load.ts";

Deno.test("two daemons, 1,000 changes of the lists and backups on one loaded database: all of it holds", async () => {
  await inDirectory(async (directory) => {
    const database = `${directory}/g.db`;
    const paths = [`${directory}/one`, `${directory}/two`];
    const daemons: Daemon[] = [];
    for (const path of paths) {
      daemons.push(await Daemon.start([`--unix=${path}`, `--database=${database}`, "--delay=1s"]));
    }
    const controller = new AbortController();
    const answers = { defer: 0, other: [] as string[] };
    const load = Promise.all(
      paths.map((path, which) =>
        strangers(path, 8, `d.${letters(which)}`, (_, answer) => {
          if (answer.startsWith("action=DEFER")) answers.defer++;
          else answers.other.push(answer);
        }, controller.signal)
      ),
    );
    const store = openStore({ database, privacy: false });
    const changes = scale(200, 1000);
    let faults = 0;
    for (let at = 0; at < changes; at++) {
      const entry = {
        list: at % 2 === 0 ? "allow" : "block",
        matchOn: "sender",
        pattern: `listed.${letters(at)}@example.org`,
        note: "",
        addedBy: "test",
        created: Date.now(),
      } as const;
      // The database may be busy for a moment; the command line says so, and is run again.
      while (true) {
        try {
          store.lists.add(entry);
          break;
        } catch {
          faults++;
        }
      }
      if (at === changes / 2) {
        const { code, err } = await Daemon.run([
          "backup",
          `${directory}/half.db`,
          `--database=${database}`,
        ]);
        assertEquals([code, err], [0, ""]);
      }
    }
    await pause(1500);
    controller.abort();
    await load;
    // What the one lets wait the other lets in, and what is listed is listed for both.
    const [one, two] = [await Client.connect(paths[0]!), await Client.connect(paths[1]!)];
    assertMatch((await one.ask({ sender: "shared@example.org" }))!, /DEFER/);
    await pause(1200);
    assertMatch((await two.ask({ sender: "shared@example.org" }))!, /PREPEND/);
    for (const client of [one, two]) {
      assertMatch((await client.ask({ sender: "listed.a@example.org" }))!, /DUNNO/);
      assertMatch((await client.ask({ sender: "listed.b@example.org" }))!, /550/);
      client.close();
    }
    assertEquals(store.lists.entries().length, changes);
    store.close();
    for (const daemon of daemons) assertEquals(await daemon.stop(), 0);
    const half = openStore({ database: `${directory}/half.db`, privacy: false });
    const halves = half.lists.entries().length;
    assert(halves > changes / 2 && halves <= changes, `${halves}`);
    assert(half.size().triplets > 0);
    half.close();
    const db = new Database(database);
    assertEquals(db.prepare("PRAGMA integrity_check").value(), ["ok"]);
    db.close();
    // One fails open for the other's longest write at most, and the log says so.
    const passed = answers.other.filter((answer) => !answer.startsWith("action=DUNNO"));
    assertEquals(passed, []);
    tell(
      `${answers.defer} deferred, ${answers.other.length} passed while it was locked; ` +
        `${changes} changes, ${faults} of them tried again`,
    );
    assert(answers.other.length < answers.defer / 100, `${answers.other.length}`);
  });
});
