import { assert, assertEquals, assertRejects } from "@std/assert";
import { type DaemonEvent, Events } from "../../lib/daemon/events.ts";
import { Daemon } from "../../lib/daemon/lifecycle.ts";
import { inDirectory } from "../daemon.ts";
import { PolicyClient } from "../policy_client.ts";
import { settingsWith } from "./settings.ts";

function recorded(): { events: Events; seen: DaemonEvent[] } {
  const events = new Events();
  const seen: DaemonEvent[] = [];
  events.subscribe((event) => seen.push(event));
  return { events, seen };
}

/** Sends a request to a Unix socket and returns the reply. */
async function ask(path: string): Promise<string> {
  using client = new PolicyClient(await Deno.connect({ transport: "unix", path }));
  return await client.ask() ?? "";
}

Deno.test("a daemon starts, answers, reports its status and stops", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/policy`;
    const settings = settingsWith({
      listen: `unix:${path}`,
      database: `${directory}/g.db`,
      spf: "off",
    });
    const { events, seen } = recorded();
    const daemon = await Daemon.start(settings, "1.2", events);
    assert((await ask(path)).startsWith("action=DEFER_IF_PERMIT"));
    const { counters, databaseWorks, endpoints, errors } = daemon.status;
    assertEquals([counters.requests, counters.reasons.new], [1, 1]);
    assertEquals([databaseWorks, endpoints, errors], [true, [`unix:${path}`], []]);
    assertEquals(daemon.obstacles(), []);
    daemon.configure({ ...settings, engine: { ...settings.engine, acceptTestTime: true } });
    await daemon.stop();
    assertEquals(seen.map(({ kind }) => kind), ["started", "listening", "decision", "stopped"]);
  });
});

Deno.test("a database that cannot be opened is an event and an obstacle, and mail passes", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/policy`;
    await Deno.writeTextFile(`${directory}/file`, "");
    const settings = settingsWith({
      listen: `unix:${path}`,
      database: `${directory}/file/g.db`,
      spf: "off",
    });
    const { events, seen } = recorded();
    const daemon = await Daemon.start(settings, "1.2", events);
    assertEquals(await ask(path), "action=DUNNO\n\n");
    const { counters, databaseWorks, errors } = daemon.status;
    assertEquals([counters.reasons.fault, databaseWorks, errors.length], [1, false, 1]);
    assertEquals(daemon.obstacles().length, 1);
    assert(seen.some(({ kind }) => kind === "database-failed"));
    await daemon.stop();
  });
});

Deno.test("a daemon that cannot listen stops and names the endpoint", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/none/policy`;
    const settings = settingsWith({ listen: `unix:${path}`, database: `${directory}/g.db` });
    const { events } = recorded();
    await assertRejects(() => Daemon.start(settings, "1.2", events), Error, path);
  });
});
