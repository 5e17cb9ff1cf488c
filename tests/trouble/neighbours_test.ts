import { assert, assertEquals, assertMatch } from "@std/assert";
import { Database } from "@db/sqlite";
import { openStore } from "../../lib/store/open.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import { clientOf, firstContacts, letters, report, scale } from "./load.ts";

Deno.test("two daemons, a thousand changes of the lists and a backup share one database under load", async () => {
  await inDirectory(async (directory) => {
    const database = `${directory}/g.db`;
    const paths = [`${directory}/one`, `${directory}/two`];
    const daemons: Daemon[] = [];
    for (const path of paths) {
      daemons.push(
        await Daemon.start([
          `--unix=${path}`,
          `--database=${database}`,
          "--delay=1s",
          "--delay-suspicious=1s",
        ]),
      );
    }
    const controller = new AbortController();
    const replies = { deferred: 0, other: [] as string[] };
    const load = Promise.all(
      paths.map((path, which) =>
        firstContacts(path, 8, `d.${letters(which)}`, (_, reply) => {
          if (reply.startsWith("action=DEFER")) replies.deferred++;
          else replies.other.push(reply);
        }, controller.signal)
      ),
    );
    const store = openStore({ database, privacy: false });
    const changes = scale(200, 1000);
    let busy = 0;
    for (let at = 0; at < changes; at++) {
      const entry = {
        list: at % 2 === 0 ? "allow" : "block",
        matchOn: "sender",
        pattern: `listed.${letters(at)}@example.org`,
        note: "",
        addedBy: "test",
        created: Date.now(),
      } as const;
      // A busy database is an error of the command line, and the administrator runs the command again.
      while (true) {
        try {
          store.lists.add(entry);
          break;
        } catch {
          busy++;
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
    const [one, two] = [await clientOf(paths[0]!), await clientOf(paths[1]!)];
    const lastBlocked = `listed.${letters(changes - 1)}@example.org`;
    for (const client of [one, two]) {
      await eventually(
        "the lists take effect",
        async () => /550/.test((await client.ask({ sender: lastBlocked }))!),
      );
    }
    controller.abort();
    await load;
    // After a locked database all mail passes for a moment.
    for (const [at, client] of [one, two].entries()) {
      let asked = 0;
      await eventually("first contacts are deferred", async () => {
        const sender = `after.${letters(at)}.${letters(asked++)}@example.org`;
        return /DEFER/.test((await client.ask({ sender }))!);
      });
    }
    // A triplet that one daemon deferred passes at the other, and both have the same lists.
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
    assert(half.size().pending > 0);
    half.close();
    const db = new Database(database);
    assertEquals(db.prepare("PRAGMA integrity_check").value(), ["ok"]);
    db.close();
    // A daemon fails open while the other's longest transaction holds the lock.
    const unexpected = replies.other.filter((reply) => !reply.startsWith("action=DUNNO"));
    assertEquals(unexpected, []);
    report(
      `${replies.deferred} first contacts deferred, ${replies.other.length} passed while the ` +
        `database was locked; ${changes} changes, ${busy} of them repeated`,
    );
    assert(replies.other.length < replies.deferred / 100, `${replies.other.length}`);
  });
});
