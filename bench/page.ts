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
import { requestFor } from "./load.ts";

/** Requests a second, as at a busy small site. */
const RATE = 200;
const CONNECTIONS = 20;

/** Measurements with and without visitors. */
const TURNS = 3;

/** Latencies of an open-loop load, in milliseconds, sorted. */
async function load(port: number, seconds: number, firstId: number): Promise<Float64Array> {
  const latencies: number[] = [];
  const conns = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => Deno.connect({ hostname: "127.0.0.1", port })),
  );
  const begin = performance.now();
  let next = 0;
  await Promise.all(conns.map(async (conn) => {
    const buffer = new Uint8Array(4096);
    while (true) {
      const turn = next++;
      const due = begin + turn * 1000 / RATE;
      if (due > begin + seconds * 1000) return;
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const sent = performance.now();
      await conn.write(requestFor(firstId + turn, false));
      await conn.read(buffer);
      latencies.push(performance.now() - sent);
    }
  }));
  for (const conn of conns) conn.close();
  return Float64Array.from(latencies).sort();
}

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

const print = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
const at = (sorted: Float64Array, share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;

/** Prints the time of each page, the best of three. */
async function timePages(base: string): Promise<void> {
  for (
    const path of [
      "/",
      "/waiting",
      "/decisions",
      "/decisions?q=nobody",
      "/lost",
      "/search?q=nobody",
      "/api/v1/decisions?after=500",
    ]
  ) {
    let best = Infinity;
    for (let turn = 0; turn < 3; turn++) {
      const begin = performance.now();
      await (await fetch(base + path)).text();
      best = Math.min(best, performance.now() - begin);
    }
    print(`${path.padEnd(28)} ${best.toFixed(1).padStart(8)} ms`);
  }
}

const options = parseArgs(Deno.args, { string: ["seconds", "rows"] });
const seconds = Number(options.seconds ?? 10);
const rows = Number(options.rows ?? 100_000);
const directory = await Deno.makeTempDir({ prefix: "greylag-bench-" });
const [port, status] = [getAvailablePort(), getAvailablePort()];
const database = `${directory}/g.db`;
fill(database, rows);
const greylag = (() => {
  try {
    return Deno.statSync("dist/greylag").isFile ? ["dist/greylag"] : [];
  } catch {
    return [Deno.execPath(), "run", "--no-check", "--allow-all", "main.ts"];
  }
})();
const [program, ...args] = [
  ...greylag,
  "serve",
  `--inet=${port}`,
  `--database=${database}`,
  `--status=inet:${status}`,
  "--history-rows=100000000",
  "--log-level=warning",
];
const process = new Deno.Command(program!, { args, stderr: "null", stdout: "null" }).spawn();
const base = `http://127.0.0.1:${status}`;
for (let tries = 0; tries < 200; tries++) {
  const isReady = await fetch(`${base}/readyz`).then((one) => one.text(), () => "") === "ready\n";
  if (isReady) break;
  await new Promise((resolve) => setTimeout(resolve, 50));
}
try {
  print(`${greylag.join(" ")}, ${rows} rows of history`);
  await timePages(base);
  await load(port, 3, 50_000_000);
  const ratios: number[] = [];
  let id = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    const without = await load(port, seconds, id += 1_000_000);
    // In a process of its own, so that it does not delay the measurement.
    const visitors = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-all", "bench/visitors.ts", base, `${seconds + 1}`],
      stdout: "piped",
    }).spawn();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const with_ = await load(port, seconds, id += 1_000_000);
    const { stdout } = await visitors.output();
    const { pages, calls } = JSON.parse(new TextDecoder().decode(stdout));
    ratios.push(at(with_, 0.99) / at(without, 0.99));
    print(
      `p50 ${at(without, 0.5).toFixed(2)} ms, p99 ${at(without, 0.99).toFixed(2)} ms without; ` +
        `p50 ${at(with_, 0.5).toFixed(2)} ms, p99 ${at(with_, 0.99).toFixed(2)} ms with ` +
        `${(pages / seconds).toFixed(0)} pages and ${(calls / seconds).toFixed(0)} calls a second`,
    );
  }
  ratios.sort((a, b) => a - b);
  print(`p99 with the page is ${ratios[Math.floor(TURNS / 2)]!.toFixed(2)} times that without`);
} finally {
  process.kill("SIGTERM");
  await process.status;
  await Deno.remove(directory, { recursive: true });
}
