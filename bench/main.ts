/**
 * `deno task bench`: Greylag against the reference, in turns, in the same run.
 *
 *     deno task bench [--seconds N] [--json FILE]
 *
 * The executable dist/greylag is measured if it is there, else the source.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { getAvailablePort } from "@std/net/get-available-port";
import { memoryOf } from "../tests/daemon.ts";
import { askAll, measure, type Measurement, type Mix, REPEATED, requestFor } from "./load.ts";

const TICKS_PER_SECOND = 100;
const STORED = 100_000;

interface Server {
  readonly name: string;
  readonly process: Deno.ChildProcess;
  readonly port: number;
}

interface Row extends Measurement {
  readonly server: string;
  readonly mix: Mix;
  readonly connections: number;
  /** CPU time a request, in microseconds. */
  readonly cpu: number;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

async function start(name: string, command: string[], port: number, log: string): Promise<Server> {
  // The shell redirects the log to a file, so that the load generator does not have to read it.
  const process = new Deno.Command("sh", {
    args: ["-c", 'log=$1; shift; exec "$@" 2>"$log"', "sh", log, ...command],
    stdout: "null",
  }).spawn();
  for (let tries = 0; tries < 200; tries++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return { name, process, port };
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`${name} does not reply; its log is ${log}`);
}

/** CPU time of a process, in seconds. */
function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function run(
  server: Server,
  mix: Mix,
  connections: number,
  seconds: number,
  firstId: number,
): Promise<{ row: Row; nextId: number }> {
  const before = cpuSeconds(server.process.pid);
  const { nextId, ...measured } = await measure(server.port, connections, seconds, mix, firstId);
  const cpu = (cpuSeconds(server.process.pid) - before) / measured.count * 1e6;
  return { row: { server: server.name, mix, connections, cpu, ...measured }, nextId };
}

function show(row: Row): string {
  return [
    row.server.padEnd(9),
    row.mix.padEnd(6),
    String(row.connections).padStart(4),
    row.rate.toFixed(0).padStart(9),
    row.p50.toFixed(3).padStart(8),
    row.p99.toFixed(3).padStart(8),
    row.cpu.toFixed(1).padStart(8),
  ].join("  ");
}

async function main(): Promise<void> {
  const options = parseArgs(Deno.args, { string: ["seconds", "json"] });
  const seconds = Number(options.seconds ?? 4);
  const directory = await Deno.makeTempDir({ prefix: "greylag-bench-" });
  const print = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  const deno = [Deno.execPath(), "run", "--no-check", "--allow-all"];
  // The flags of `deno task start`.
  const source = [...deno, "--v8-flags=--max-semi-space-size=2", "main.ts"];
  const greylag = isFile("dist/greylag") ? ["dist/greylag"] : source;
  const ports = [getAvailablePort(), getAvailablePort()] as const;
  const servers = await Promise.all([
    start(
      "reference",
      [...deno, "bench/reference.ts", `${ports[0]}`],
      ports[0],
      `${directory}/r.log`,
    ),
    start(
      "greylag",
      [...greylag, "serve", "--inet", `${ports[1]}`, "--delay=1s", `--database=${directory}/g.db`],
      ports[1],
      `${directory}/greylag.log`,
    ),
  ]);
  const rows: Row[] = [];
  try {
    const known = Array.from({ length: REPEATED }, (_, id) => requestFor(id, true));
    for (const server of servers) await askAll(server.port, known);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    for (const server of servers) await askAll(server.port, known);

    print(`${greylag.join(" ")}, ${seconds} s each`);
    print("server     mix     conn  requests/s   p50 ms   p99 ms  CPU us");
    let id = 1_000_000;
    for (const connections of [1, 50]) {
      for (const mix of ["new", "repeat", "mixed"] as const) {
        for (const server of servers) {
          const { row, nextId } = await run(server, mix, connections, seconds, id);
          id = nextId;
          rows.push(row);
          print(show(row));
        }
      }
    }
    const stored = rows.filter((row) => row.server === "greylag" && row.mix !== "repeat")
      .reduce((sum, row) => sum + row.count, 0);
    if (stored < STORED) {
      const missing = STORED - stored;
      await askAll(
        servers[1]!.port,
        Array.from({ length: missing }, (_, at) => requestFor(id + at, false)),
      );
    }
    const used = servers.map((server) => memoryOf(server.process.pid));
    print("");
    for (const [reference, own] of pairs(rows)) {
      print(
        `${own.mix} at ${own.connections}: ${
          (100 * own.rate / reference.rate).toFixed(0)
        } % of the ` +
          `reference's throughput, ${
            (own.p50 / reference.p50).toFixed(2)
          } times its median latency, ` +
          `${(own.cpu / reference.cpu).toFixed(2)} times its CPU`,
      );
    }
    print(
      `memory with at least ${STORED} triplets: ${used[1]!.toFixed(0)} MB, ` +
        `${(used[1]! / used[0]!).toFixed(2)} times the reference's ${used[0]!.toFixed(0)} MB`,
    );
    if (typeof options.json === "string") {
      await Deno.writeTextFile(options.json, JSON.stringify({ rows, memory: used }, null, 2));
    }
  } finally {
    for (const { process } of servers) {
      process.kill("SIGTERM");
      await process.status;
    }
    await Deno.remove(directory, { recursive: true });
  }
}

function pairs(rows: readonly Row[]): [Row, Row][] {
  return rows.filter((row) => row.server === "greylag").map((own) => [
    rows.find((row) =>
      row.server === "reference" && row.mix === own.mix && row.connections === own.connections
    )!,
    own,
  ]);
}

if (import.meta.main) await main();
