import { assert, assertEquals } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import { Daemon, inDirectory } from "../daemon.ts";
import { Client, letters, pause, scale, tell } from "./load.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Simulated days, and requests of strangers in each; friends and retries come on top. */
const DAYS = scale(3, 7);
const STRANGERS = scale(800, 100_000);
const FRIENDS = 40;
const CONNECTIONS = 8;

/** Numbers that look random and are the same in each run (Park and Miller). */
function chance(seed: number): () => number {
  let state = seed;
  return () => (state = state * 48_271 % 2_147_483_647) / 2_147_483_647;
}

interface Mail {
  readonly second: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/** One day of mail at a small site, in its order. */
function dayOf(day: number, start: number): Mail[] {
  const random = chance(day + 1);
  const at = () => start + day * DAY + Math.floor(random() * DAY);
  const mails: Mail[] = [];
  const recipient = () => `user.${letters(Math.floor(random() * 12))}@example.net`;
  for (let n = 0; n < STRANGERS; n++) {
    const attributes = {
      sender: `win.${letters(day)}.${letters(n)}@example.com`,
      client_address: `203.0.${Math.floor(random() * 200)}.${Math.floor(random() * 250)}`,
      recipient: recipient(),
    };
    const second = at();
    mails.push({ second, attributes });
    // A few of them are legitimate and retry; some too early first.
    if (random() < 0.05) mails.push({ second: second + 20, attributes });
    if (random() < 0.1) mails.push({ second: second + 300, attributes });
  }
  for (let n = 0; n < FRIENDS * 10; n++) {
    const which = Math.floor(random() * FRIENDS);
    const attributes = {
      sender: `friend@${letters(which)}.example.org`,
      client_address: `192.0.2.${which}`,
      client_name: `mail.${letters(which)}.example.org`,
      recipient: recipient(),
    };
    const second = at();
    mails.push({ second, attributes }, { second: second + 120, attributes });
  }
  // Our own users, a blocked sender, and questions of another stage.
  for (let n = 0; n < 30; n++) {
    const attributes = { sasl_username: "erika", recipient: "someone@example.com" };
    mails.push({ second: at(), attributes });
    mails.push({ second: at(), attributes: { sender: "mallory@example.com" } });
    mails.push({ second: at(), attributes: { protocol_state: "CONNECT" } });
  }
  return mails.sort((a, b) => a.second - b.second);
}

function countsOf(log: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [, reason] of log.matchAll(/action=\S+, reason=([a-z-]+)/g)) {
    counts[reason!] = (counts[reason!] ?? 0) + 1;
  }
  return counts;
}

const nonZero = (counts: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0).sort());

Deno.test("simulated days of mail: what is used levels off, and every count of every request agrees", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/policy`;
    const port = getAvailablePort();
    const database = `${directory}/g.db`;
    const daemon = await Daemon.start([
      `--unix=${path}`,
      `--database=${database}`,
      `--status=inet:${port}`,
      "--accept-test-time",
      "--spf=off",
      "--retry-window=4h",
      "--history=12h",
      "--delay=1m",
    ]);
    await daemon.waitFor("status server on");
    assertEquals(
      (await Daemon.run(["block", "mallory@example.com", `--database=${database}`])).code,
      0,
    );
    await pause(1200);
    const start = Math.floor(Date.now() / 1000 / HOUR) * HOUR - DAYS * DAY;
    const answers: Record<string, number> = {};
    let asked = 0;
    const figures: { memory: number; disk: number }[] = [];
    const clients = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => Client.connect(path)),
    );
    for (let day = 0; day < DAYS; day++) {
      const mails = dayOf(day, start);
      // In the order of the clock: each connection takes the next.
      let next = 0;
      await Promise.all(clients.map(async (client) => {
        while (next < mails.length) {
          const { second, attributes } = mails[next++]!;
          const answer = await client.ask({ ...attributes, policy_test_time: String(second) });
          assert(answer !== undefined);
          const action = /action=(\S+)/.exec(answer)![1]!;
          answers[action] = (answers[action] ?? 0) + 1;
          asked++;
        }
      }));
      await pause(scale(1500, 20_000));
      figures.push({
        memory: daemon.memory,
        disk: (await Deno.stat(database)).size / 1e6,
      });
    }
    for (const client of clients) client.close();
    await pause(2000);

    const ofLog = countsOf(daemon.log);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const ofMetrics = Object.fromEntries(
      [...metrics.matchAll(/greylag_requests_total\{reason="([^"]+)"\} (\d+)/g)]
        .map(([, reason, count]) => [reason!, Number(count)]),
    );
    const since = `since=${DAYS + 1}d`;
    const page = await (await fetch(`http://127.0.0.1:${port}/api/v1/summary?${since}`)).json();
    const { out } = await Daemon.run([
      "stats",
      "--json",
      `--since=${DAYS + 1}d`,
      `--database=${database}`,
    ]);
    assertEquals(nonZero(ofMetrics), nonZero(ofLog));
    assertEquals(nonZero(page.reasons), nonZero(ofLog));
    assertEquals(nonZero(JSON.parse(out).reasons), nonZero(ofLog));
    const sum = (counts: Readonly<Record<string, number>>) =>
      Object.values(counts).reduce((all, count) => all + count, 0);
    assertEquals(sum(ofLog), asked);
    const ofDecisions = Object.fromEntries(
      [...metrics.matchAll(/greylag_decisions_total\{decision="([^"]+)"\} (\d+)/g)]
        .map(([, decision, count]) => [decision!, Number(count)]),
    );
    assertEquals(ofDecisions["defer"], answers["DEFER_IF_PERMIT"]);
    assertEquals(ofDecisions["reject"], answers["550"]);
    assertEquals(sum(ofDecisions), asked);
    assertEquals(ofLog["fault"], undefined);

    const told = figures.map(({ memory, disk }) =>
      `${memory.toFixed(0)} MB / ${disk.toFixed(1)} MB`
    );
    tell(`${asked} requests; memory / disk after each day: ${told.join(", ")}`);
    const [last, before] = [figures.at(-1)!, figures.at(-2)!];
    assert(last.memory < before.memory * 1.25, told.join(", "));
    assert(last.disk < before.disk * 1.5, told.join(", "));
    assertEquals(await daemon.stop(), 0);
  });
});
