/**
 * `deno task bench:footprint`: memory, start and size of the executable, against an empty one that was
 * built in the same way.
 *
 *     DENORT_BIN=FILE deno task bench:footprint [--program dist/greylag] [--starts 9] [--idle 10]
 *                     [--rest 60] [--requests 100000] [--write]
 *
 * Without --program the executable is built from this source. The times are seconds.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { getAvailablePort } from "@std/net/get-available-port";
import { runDeno } from "../release/bundle.ts";
import { RUN_FLAGS } from "../release/compile.ts";
import { memoryOf } from "../tests/daemon.ts";
import { pause } from "../tests/eventually.ts";
import { LoadGenerator } from "./load.ts";
import { startNameServer } from "./preparation.ts";
import { machine, median, print, publish, type Reach, reachTable, table } from "./report.ts";
import { Server, startGreylag } from "./servers.ts";

const MEGABYTE = 2 ** 20;

const options = parseArgs(Deno.args, {
  string: ["program", "starts", "idle", "rest", "requests"],
  boolean: ["write"],
});
const starts = Number(options.starts ?? 9);
const idle = Number(options.idle ?? 10) * 1000;
const rest = Number(options.rest ?? 60) * 1000;
const requests = Number(options.requests ?? 100_000);

const pathOf = (name: string): string => new URL(name, import.meta.url).pathname;

/** The reference as an executable: it listens and answers, and nothing else. */
async function compileEmpty(output: string): Promise<string> {
  const flags = [...RUN_FLAGS, "--no-config", "--no-code-cache", "--no-check"];
  await runDeno(["compile", ...flags, "--output", output, pathOf("reference.ts")], ".");
  return output;
}

async function compileGreylag(output: string): Promise<string> {
  const task = ["run", "--allow-all", pathOf("../release/compile.ts")];
  await runDeno([...task, "--output", output], ".");
  return output;
}

interface Executables {
  readonly greylag: string;
  readonly empty: string;
}

/** Starts servers with databases of their own. */
class Starter {
  readonly #executables: Executables;
  readonly #directory: string;
  readonly #dnsPort: number;
  #count = 0;

  constructor(executables: Executables, directory: string, dnsPort: number) {
    this.#executables = executables;
    this.#directory = directory;
    this.#dnsPort = dnsPort;
  }

  greylag(settings: readonly string[] = []): Promise<Server> {
    const args = [`--dns-servers=127.0.0.1:${this.#dnsPort}`, ...settings];
    const program = this.#executables.greylag;
    return startGreylag(`greylag${this.#count++}`, { program, args }, this.#directory);
  }

  empty(): Promise<Server> {
    const port = getAvailablePort();
    const log = `${this.#directory}/empty${this.#count++}.log`;
    return Server.start("empty", [this.#executables.empty, `${port}`], port, log);
  }
}

/** Medians of the time from the start to the first answer, in milliseconds; in turns. */
async function startTimes(starter: Starter): Promise<{ greylag: number; empty: number }> {
  const [greylag, empty]: [number[], number[]] = [[], []];
  for (let round = 0; round < starts; round++) {
    for (const kind of ["greylag", "empty"] as const) {
      const server = await starter[kind]();
      (kind === "greylag" ? greylag : empty).push(server.startTime);
      await server.stop();
    }
  }
  return { greylag: median(greylag), empty: median(empty) };
}

interface Memory {
  readonly state: string;
  readonly megabytes: number;
}

async function memories(starter: Starter, generator: LoadGenerator): Promise<Memory[]> {
  const status = getAvailablePort();
  const servers = {
    empty: await starter.empty(),
    "page enabled, not opened": await starter.greylag(),
    "page opened once": await starter.greylag([`--status=inet:127.0.0.1:${status}`]),
    'status = "off"': await starter.greylag(["--status=off"]),
  };
  const all = Object.entries(servers);
  const measure = (suffix: string) =>
    all.map(([name, { pid }]) => ({ state: `${name}${suffix}`, megabytes: memoryOf(pid) }));
  try {
    await openPage(`http://127.0.0.1:${status}/`);
    await pause(idle);
    const before = measure(`, idle for ${idle / 1000} s`);
    for (const [, { port }] of all) {
      await generator.run(port, { mix: "new", connections: 50, count: requests });
    }
    await pause(rest);
    const after = `, after ${requests.toLocaleString("en-US")} new triplets and ${rest / 1000} s`;
    return [...before, ...measure(after)];
  } finally {
    for (const [, server] of all) await server.stop();
  }
}

/** @throws {Error} if the page does not open. */
async function openPage(url: string): Promise<void> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok || !text.includes("<html")) throw new Error(`${url}: ${response.status}`);
}

/** The limits of the project. */
function reachOf(
  memory: readonly Memory[],
  start: { greylag: number; empty: number },
  larger: number,
): Reach[] {
  const of = (part: string) =>
    memory.find(({ state }) => state.startsWith(`page enabled, not opened, ${part}`))!.megabytes;
  const limits: readonly [string, number, number, string][] = [
    ["memory, idle", of("idle"), 60, " MB"],
    ["memory, after the load and a rest", of("after"), 100, " MB"],
    [
      "start to first answer, against the empty executable",
      start.greylag / start.empty,
      3,
      " times",
    ],
    ["file, above the empty executable", larger, 4, " MB"],
  ];
  return limits.map(([subject, measured, limit, unit]) => ({
    subject,
    measured,
    limit,
    bound: "at most",
    unit,
  }));
}

const directory = await Deno.makeTempDir({ prefix: "greylag-footprint-" });
const nameServer = startNameServer();
try {
  const generator = await LoadGenerator.compile(directory);
  const executables = {
    empty: await compileEmpty(`${directory}/empty`),
    greylag: typeof options.program === "string"
      ? options.program
      : await compileGreylag(`${directory}/greylag`),
  };
  const starter = new Starter(executables, directory, nameServer.port);
  const start = await startTimes(starter);
  const memory = await memories(starter, generator);
  const sizes = [executables.empty, executables.greylag]
    .map((path) => Deno.statSync(path).size / MEGABYTE) as [number, number];
  const larger = sizes[1] - sizes[0];
  const rows = [
    ...memory.map(({ state, megabytes }) => [`memory: ${state}`, `${megabytes.toFixed(1)} MB`]),
    ["start to first answer: empty", `${start.empty.toFixed(1)} ms`],
    ["start to first answer: greylag", `${start.greylag.toFixed(1)} ms`],
    ["file: empty", `${sizes[0].toFixed(2)} MB`],
    ["file: greylag", `${sizes[1].toFixed(2)} MB`],
  ];
  publish(
    "footprint",
    `${machine()}; start times are medians of ${starts}; memory is VmRSS, MB are 2^20 bytes.\n\n` +
      `${table(["subject", "measured"], rows)}\n\n${reachTable(reachOf(memory, start, larger))}`,
    options.write === true,
  );
} catch (error) {
  print(error instanceof Error ? error.message : String(error));
  Deno.exitCode = 1;
} finally {
  await nameServer.close();
  await Deno.remove(directory, { recursive: true });
}
