/**
 * `deno task bench:page`: the latency of the policy socket under a steady load, without visitors of the
 * status page, and with ten browsers and programs that poll the API; in turns, in the same run.
 *
 *     deno task bench:page [--seconds N] [--rows N]
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { getAvailablePort } from "@std/net/get-available-port";
import { openStore } from "../lib/store/open.ts";
import { eventually, pause } from "../tests/eventually.ts";
import { LoadGenerator } from "./load.ts";
import { startNameServer } from "./preparation.ts";
import { median, print } from "./report.ts";
import { GREYLAG_SOURCE, type Server, startGreylag } from "./servers.ts";

/** Requests a second, as at a busy small site. */
const RATE = 200;
const CONNECTIONS = 20;

/** Measurements with and without visitors. */
const TURNS = 3;

function fill(database: string, rows: number): void {
  const store = openStore({ database, privacy: false });
  const now = Date.now();
  for (let at = 0; at < rows; at += 1000) {
    store.history.record({
      decisions: Array.from({ length: Math.min(1000, rows - at) }, (_, n) => {
        const id = at + n;
        return {
          time: now - (rows - id),
          decision: "defer",
          reason: "new",
          clientAddress: `192.0.${id % 250}.${id % 240}`,
          clientName: "unknown",
          heloName: "mail.example.org",
          sender: `sender${id}@example.org`,
          recipient: `user${id % 50}@example.net`,
          normalisedSender: `sender${id}@example.org`,
          normalisedRecipient: `user${id % 50}@example.net`,
          network: `net:192.0.${id % 250}.0/24`,
          wait: 60_000,
          legitimacy: 1,
        } as const;
      }),
      tallies: [],
      delays: [],
      quietPeriod: 172_800_000,
    });
  }
  store.close();
}

/** Prints the time of each page, the best of three. */
async function timePages(base: string): Promise<void> {
  for (
    const path of [
      "/",
      "/?period=30d",
      "/top",
      "/waiting",
      "/waiting?q=nobody",
      "/deferred",
      "/decisions",
      "/decisions?q=nobody",
      "/decisions?verdict=pass&since=24h",
      "/decisions/1",
      "/messages/1",
      "/lost",
      "/search?q=nobody",
      "/search?q=user1",
      "/senders?of=example.org",
      "/clients?of=192.0.2.0/24",
      "/recipients?of=user1@example.net",
      "/known",
      "/auto-whitelisted",
      "/lists",
      "/lists/new?list=block&pattern=nobody.example",
      "/health",
      "/api/v1/decisions?after=500",
      "/api/v1/health",
    ]
  ) {
    let best = Infinity;
    for (let turn = 0; turn < 3; turn++) {
      const begin = performance.now();
      await (await fetch(base + path)).text();
      best = Math.min(best, performance.now() - begin);
    }
    print(`${path.padEnd(46)} ${best.toFixed(1).padStart(8)} ms`);
  }
}

const options = parseArgs(Deno.args, { string: ["seconds", "rows"] });
const seconds = Number(options.seconds ?? 10);
const rows = Number(options.rows ?? 100_000);
const directory = await Deno.makeTempDir({ prefix: "greylag-bench-" });
let server: Server | undefined;
// Without an answer from DNS, some requests wait a second for it.
const nameServer = startNameServer();
try {
  const generator = await LoadGenerator.compile(directory);
  const status = getAvailablePort();
  fill(`${directory}/greylag.db`, rows);
  const args = [
    `--dns-servers=127.0.0.1:${nameServer.port}`,
    `--status=inet:${status}`,
    "--history-rows=100000000",
    "--log-level=warning",
  ];
  server = await startGreylag("greylag", { program: GREYLAG_SOURCE, args }, directory);
  const { port } = server;
  const load = (seconds: number) =>
    generator.run(port, { mix: "new", connections: CONNECTIONS, seconds, rate: RATE });
  const base = `http://127.0.0.1:${status}`;
  await eventually(
    "the status page is ready",
    () => fetch(`${base}/readyz`).then(async (one) => await one.text() === "ready\n", () => false),
  );
  print(`${rows} rows of history`);
  await timePages(base);
  await load(3);
  const ratios: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const without = await load(seconds);
    // In a process of its own, so that it does not delay the measurement.
    const visitors = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-all", "bench/visitors.ts", base, `${seconds + 1}`],
      stdout: "piped",
    }).spawn();
    await pause(1000);
    const with_ = await load(seconds);
    const { stdout } = await visitors.output();
    const { pages, calls } = JSON.parse(new TextDecoder().decode(stdout));
    ratios.push(with_.p99 / without.p99);
    print(
      `p50 ${without.p50.toFixed(2)} ms, p99 ${without.p99.toFixed(2)} ms without; ` +
        `p50 ${with_.p50.toFixed(2)} ms, p99 ${with_.p99.toFixed(2)} ms with ` +
        `${(pages / seconds).toFixed(0)} pages and ${(calls / seconds).toFixed(0)} calls a second`,
    );
  }
  print(`p99 with the page is ${median(ratios).toFixed(2)} times that without`);
} finally {
  await server?.stop();
  await nameServer.close();
  await Deno.remove(directory, { recursive: true });
}
