/**
 * `deno task bench:scale`: Greylag with many triplets stored, the reference, and Debian's postgrey, in the
 * same run.
 *
 *     deno task bench:scale [--seconds N] [--triplets 1000000,10000000]
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { getAvailablePort } from "@std/net/get-available-port";
import { normaliseSender } from "../lib/greylist/normalise.ts";
import { tripletKey } from "../lib/greylist/model.ts";
import { openStore } from "../lib/store/open.ts";
import { memoryOf } from "../tests/daemon.ts";
import { askAll, measure, type Measurement, type Mix, REPEATED, requestFor } from "./load.ts";

const print = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

const options = parseArgs(Deno.args, { string: ["seconds", "triplets"] });
const seconds = Number(options.seconds ?? 4);
const sizes = String(options.triplets ?? "100000,1000000").split(",").map(Number);

interface Server {
  readonly name: string;
  readonly port: number;
  readonly process: Deno.ChildProcess;
  /** From the start to the first reply, in milliseconds. */
  readonly started: number;
}

async function start(name: string, program: string, args: string[], port: number): Promise<Server> {
  const begin = performance.now();
  const process = new Deno.Command(program, { args, stdout: "null", stderr: "null" }).spawn();
  while (true) {
    try {
      await askAll(port, [requestFor(77, true)]);
      return { name, port, process, started: performance.now() - begin };
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (performance.now() - begin > 30_000) throw new Error(`${name} does not answer`);
  }
}

async function stop({ process }: Server): Promise<void> {
  process.kill("SIGTERM");
  await process.status;
}

let id = 100_000_000;

async function run(server: Server, mix: Mix): Promise<Measurement> {
  const { nextId, ...measured } = await measure(server.port, 50, seconds, mix, id);
  id = nextId;
  return measured;
}

/** Makes the triplets of the mix `repeat` known. */
async function retryAll(server: Server): Promise<void> {
  const known = Array.from({ length: REPEATED }, (_, at) => requestFor(at, true));
  await askAll(server.port, known);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  await askAll(server.port, known);
}

/** Stores known triplets in random key order. */
function fill(database: string, count: number): void {
  const store = openStore({ database, privacy: false });
  const now = Date.now();
  for (let at = 0; at < count; at += 1000) {
    store.greylist.exchange([], () =>
      Array.from({ length: 1000 }, (_, n) => {
        const number = Math.imul(at + n, 2_654_435_761) >>> 0;
        const name = number.toString(36).replaceAll(/\d/g, (digit) => "abcdefghij"[Number(digit)]!);
        const network = `net:${1 + number % 200}.${(number >> 8) % 250}.${
          (number >> 16) % 250
        }.0/24`;
        const sender = normaliseSender(`${name}@${name.slice(1)}.example`, "");
        return {
          kind: "triplet",
          key: tripletKey(network, sender, `user${number % 50}@example.org`),
          record: { firstSeen: now, lastSeen: now, passed: now, tries: 1, counted: true },
        } as const;
      }));
  }
  store.close();
}

/** The mean time of an expiry of 1,000 rows that removes nothing, in milliseconds. */
function sliceTime(database: string): number {
  const store = openStore({ database, privacy: false });
  const expiry = {
    pendingBefore: 0,
    seenBefore: 0,
    historyBefore: 0,
    historyRows: 1e9,
    deferralRows: 1e9,
    evictions: [],
  };
  let cursor: Parameters<typeof store.greylist.expire>[1];
  const begin = performance.now();
  let slices = 0;
  for (; slices < 50; slices++) {
    const { next } = store.greylist.expire(expiry, cursor, 1000);
    if (next === undefined || next.table !== "triplet") break;
    cursor = next;
  }
  const took = performance.now() - begin;
  store.close();
  return took / Math.max(1, slices);
}

const line = (...cells: (string | number)[]) =>
  print(`| ${cells.map((cell) => String(cell).padEnd(9)).join(" | ")} |`);

async function report(server: Server, of: string): Promise<Record<Mix, Measurement>> {
  await retryAll(server);
  const results = {
    new: await run(server, "new"),
    repeat: await run(server, "repeat"),
    mixed: await run(server, "mixed"),
  };
  for (const [mix, { rate, p50, p99 }] of Object.entries(results)) {
    line(
      of,
      mix,
      rate.toFixed(0),
      p50.toFixed(2),
      p99.toFixed(2),
      memoryOf(server.process.pid).toFixed(0),
      server.started.toFixed(0),
    );
  }
  return results;
}

const directory = await Deno.makeTempDir({ prefix: "greylag-scale-" });
const deno = ["run", "--no-check", "--allow-all"];
const greylag = await Deno.stat("dist/greylag").then(
  () => ["dist/greylag"],
  () => [Deno.execPath(), ...deno, "--v8-flags=--max-semi-space-size=2", "main.ts"],
);
try {
  print(`${greylag[0]}, ${seconds} s each, 50 connections`);
  line("server", "mix", "requests/s", "p50 ms", "p99 ms", "MB", "start ms");
  const referencePort = getAvailablePort();
  const reference = await start(
    "reference",
    Deno.execPath(),
    [...deno, "bench/reference.ts", `${referencePort}`],
    referencePort,
  );
  const ofReference = await report(reference, "reference");
  await stop(reference);

  const port = getAvailablePort();
  await Deno.mkdir(`${directory}/postgrey`);
  await new Deno.Command("chown", { args: ["postgrey", `${directory}/postgrey`] }).output();
  await Deno.chmod(directory, 0o755);
  const postgrey = await start("postgrey", "/usr/sbin/postgrey", [
    `--inet=127.0.0.1:${port}`,
    `--dbdir=${directory}/postgrey`,
    "--delay=1",
    "--hostname=mx",
  ], port);
  const ofPostgrey = await report(postgrey, "postgrey");
  await stop(postgrey);

  for (const size of sizes) {
    const database = `${directory}/${size}.db`;
    const begin = performance.now();
    fill(database, size);
    const filled = (performance.now() - begin) / 1000;
    const { size: bytes } = await Deno.stat(database);
    const port = getAvailablePort();
    const [program, ...args] = [
      ...greylag,
      "serve",
      `--inet=${port}`,
      `--database=${database}`,
      "--delay=1s",
      "--status=off",
      "--log-level=warning",
    ];
    const server = await start(`${size}`, program!, args, port);
    const own = await report(server, `${size / 1000}k`);
    await stop(server);
    const slice = sliceTime(database);
    print(
      `  ${(bytes / size).toFixed(0)} bytes a triplet; filled in ${filled.toFixed(0)} s; ` +
        `1,000 rows of an expiry ${slice.toFixed(1)} ms`,
    );
    for (const mix of ["new", "repeat", "mixed"] as const) {
      print(
        `  ${mix}: ${
          (own[mix].rate / ofPostgrey[mix].rate).toFixed(1)
        } times postgrey's throughput, ` +
          `${(100 * own[mix].rate / ofReference[mix].rate).toFixed(0)} % of the reference's; ` +
          `p99 ${(own[mix].p99 / ofPostgrey[mix].p99).toFixed(2)} of postgrey's`,
      );
    }
    await Deno.remove(database);
  }
} finally {
  await Deno.remove(directory, { recursive: true });
}
