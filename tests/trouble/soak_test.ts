import { assert, assertEquals } from "@std/assert";
import { freePort } from "../free_port.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import { randomNumbers } from "../random.ts";
import { clientOf, letters, report, scale } from "./load.ts";

/** Seconds. */
const HOUR = 3600;
const DAY = 24 * HOUR;

/** Simulated. */
const DAYS = scale(6, 7);
/** First contacts a day, before retries and regular senders. */
const FIRST_CONTACTS = scale(800, 100_000);
const REGULAR_SENDERS = 40;
const CONNECTIONS = 8;

interface Delivery {
  readonly second: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A day of deliveries at a small site, by time. */
function dayOf(day: number, start: number): Delivery[] {
  const random = randomNumbers(day + 1);
  const at = () => start + day * DAY + Math.floor(random() * DAY);
  const deliveries: Delivery[] = [];
  const recipient = () => `user.${letters(Math.floor(random() * 12))}@example.net`;
  for (let n = 0; n < FIRST_CONTACTS; n++) {
    const attributes = {
      sender: `win.${letters(day)}.${letters(n)}@example.com`,
      client_address: `203.0.${Math.floor(random() * 200)}.${Math.floor(random() * 250)}`,
      recipient: recipient(),
    };
    const second = at();
    deliveries.push({ second, attributes });
    // A few are legitimate and retry, some too early first.
    if (random() < 0.05) deliveries.push({ second: second + 20, attributes });
    if (random() < 0.1) deliveries.push({ second: second + 300, attributes });
  }
  for (let n = 0; n < REGULAR_SENDERS * 10; n++) {
    const which = Math.floor(random() * REGULAR_SENDERS);
    const attributes = {
      sender: `regular@${letters(which)}.example.org`,
      client_address: `192.0.2.${which}`,
      client_name: `mail.${letters(which)}.example.org`,
      recipient: recipient(),
    };
    const second = at();
    deliveries.push({ second, attributes }, { second: second + 120, attributes });
  }
  // Outgoing mail, a blocked sender, and requests of another stage.
  for (let n = 0; n < 30; n++) {
    const attributes = { sasl_username: "erika", recipient: "someone@example.com" };
    deliveries.push({ second: at(), attributes });
    deliveries.push({ second: at(), attributes: { sender: "mallory@example.com" } });
    deliveries.push({ second: at(), attributes: { protocol_state: "CONNECT" } });
  }
  return deliveries.sort((a, b) => a.second - b.second);
}

const nonZero = (counts: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0).sort());

Deno.test("over simulated days memory and disk level off, and log, metrics, page and command count the same", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/policy`;
    const port = freePort();
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
      // A tenth of it deferred brings the next pass of maintenance forward: several passes a day.
      `--max-pending=${scale(3000, 300_000)}`,
    ]);
    await daemon.waitFor("status server on");
    assertEquals(
      (await Daemon.run(["block", "mallory@example.com", `--database=${database}`])).code,
      0,
    );
    const start = Math.floor(Date.now() / 1000 / HOUR) * HOUR - DAYS * DAY;
    const replies: Record<string, number> = {};
    let requests = 0;
    const count = (reply: string | undefined) => {
      const action = /action=(\S+)/.exec(reply ?? "")?.[1] ?? "none";
      replies[action] = (replies[action] ?? 0) + 1;
      requests++;
      return action;
    };
    await eventually(
      "the blocked sender is rejected",
      async () => count(await daemon.ask({ sender: "mallory@example.com" })) === "550",
    );
    const usage: { memory: number; disk: number }[] = [];
    const clients = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => clientOf(path)),
    );
    for (let day = 0; day < DAYS; day++) {
      const deliveries = dayOf(day, start);
      // In the order of time: each connection takes the next.
      let next = 0;
      await Promise.all(clients.map(async (client) => {
        while (next < deliveries.length) {
          const { second, attributes } = deliveries[next++]!;
          count(await client.ask({ ...attributes, policy_test_time: String(second) }));
        }
      }));
      await pause(scale(1500, 20_000));
      usage.push({
        memory: daemon.memory,
        disk: (await Deno.stat(database)).size / 1e6,
      });
    }
    for (const client of clients) client.close();

    const since = `since=${DAYS + 1}d`;
    const summary = `http://127.0.0.1:${port}/api/v1/summary?${since}`;
    const sum = (counts: Readonly<Record<string, number>>) =>
      Object.values(counts).reduce((all, one) => all + one, 0);
    // The history is written after the reply.
    await eventually(
      "the history is complete",
      async () => sum((await (await fetch(summary)).json()).reasons) >= requests,
    );
    const page = await (await fetch(summary)).json();
    await eventually("the log is complete", () => sum(daemon.countReasons()) >= requests);
    const ofLog = daemon.countReasons();
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const ofMetrics = Object.fromEntries(
      [...metrics.matchAll(/greylag_requests_total\{reason="([^"]+)"\} (\d+)/g)]
        .map(([, reason, count]) => [reason!, Number(count)]),
    );
    const { out } = await Daemon.run([
      "stats",
      "--json",
      `--since=${DAYS + 1}d`,
      `--database=${database}`,
    ]);
    assertEquals(nonZero(ofMetrics), nonZero(ofLog));
    assertEquals(nonZero(page.reasons), nonZero(ofLog));
    assertEquals(nonZero(JSON.parse(out).reasons), nonZero(ofLog));
    assertEquals(sum(ofLog), requests);
    const ofDecisions = Object.fromEntries(
      [...metrics.matchAll(/greylag_decisions_total\{decision="([^"]+)"\} (\d+)/g)]
        .map(([, decision, count]) => [decision!, Number(count)]),
    );
    assertEquals(ofDecisions["defer"], replies["DEFER_IF_PERMIT"]);
    assertEquals(ofDecisions["reject"], replies["550"]);
    assertEquals(sum(ofDecisions), requests);
    assertEquals([ofLog["fault"], replies["none"]], [undefined, undefined]);

    const measured = usage.map(({ memory, disk }) =>
      `${memory.toFixed(0)} MB / ${disk.toFixed(1)} MB`
    );
    report(`${requests} requests; memory / disk after each day: ${measured.join(", ")}`);
    const [last, before] = [usage.at(-1)!, usage.at(-2)!];
    assert(last.memory < before.memory * 1.25, measured.join(", "));
    assert(last.disk < before.disk * 1.5, measured.join(", "));
    assertEquals(await daemon.stop(), 0);
  });
});
