/**
 * `deno task profile`: the processor time of a request by step, module and function, from V8's CPU
 * profile of the daemon under load.
 *
 *     deno task profile [--only known,new] [--seconds 4] [--connections 50]
 *                       [--program main.ts] [--functions 25] [--args=OPTION,…] [--save DIRECTORY]
 *                       [--write]
 *
 * The profile gives shares of the main thread; its processor time, from /proc, gives the sum. V8 samples
 * by the clock, so that on a busy machine a step that wakes another process counts too high. --save
 * stores the profiles for the performance panel of Chromium, --write the table of steps in HACKING.md.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { getAvailablePort } from "@std/net/get-available-port";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Profile, STEP_NAMES, type Sums, sumsOf } from "./budget.ts";
import { LoadGenerator } from "./load.ts";
import { Inspector } from "./inspector.ts";
import { makeKnown, startNameServer, warmUp } from "./preparation.ts";
import { type Cell, machine, print, publish, table } from "./report.ts";
import { GREYLAG_SOURCE, type Server, startGreylag } from "./servers.ts";
import type { Mix } from "./traffic.ts";

/** A profile of one mix. Processor times are microseconds a request. */
interface Profiled {
  readonly mix: Mix;
  readonly sums: Sums;
  /** By the name of the thread. */
  readonly threads: ReadonlyMap<string, number>;
  readonly mainThread: number;
  readonly otherThreads: number;
  /** The part of all threads in the kernel. */
  readonly kernel: number;
  readonly rate: number;
}

/** The thread of V8 that collects the samples. */
const PROFILER = "v8:ProfEvntProc";

const options = parseArgs(Deno.args, {
  string: ["only", "seconds", "connections", "program", "functions", "args", "save"],
  boolean: ["write"],
});
const mixes = String(options.only ?? "known,new").split(",") as Mix[];
const seconds = Number(options.seconds ?? 4);
const connections = Number(options.connections ?? 50);
const program = resolve(String(options.program ?? GREYLAG_SOURCE));
const functions = Number(options.functions ?? 25);
const settings = String(options.args ?? "").split(",").filter((one) => one !== "");
const root = `${pathToFileURL(dirname(program)).href}/`;

async function profile(
  generator: LoadGenerator,
  server: Server,
  inspector: Inspector,
  mix: Mix,
): Promise<Profiled> {
  let [requests, rate] = [0, 0];
  const before = server.threadCpuTimes;
  const kernelBefore = server.kernelTime;
  let [after, kernel] = [before, 0];
  const taken: Profile = await inspector.profile(async () => {
    ({ requests, rate } = await generator.run(server.port, { mix, connections, seconds }));
    after = server.threadCpuTimes;
    kernel = (server.kernelTime - kernelBefore) / requests;
  });
  if (typeof options.save === "string") {
    await Deno.writeTextFile(`${options.save}/${mix}.cpuprofile`, JSON.stringify(taken));
  }
  const threads = new Map(
    [...after].filter(([name]) => name !== PROFILER)
      .map(([name, time]) => [name, (time - (before.get(name) ?? 0)) / requests]),
  );
  const mainThread = threads.get("main")!;
  const otherThreads = [...threads.values()].reduce((sum, time) => sum + time, -mainThread);
  const sums = sumsOf(taken, root);
  return { mix, sums, threads, mainThread, otherThreads, kernel, rate };
}

/** Microseconds a request of a part of the profile. */
function cost({ sums, mainThread }: Profiled, time: number | undefined): number {
  return (time ?? 0) / sums.total * mainThread;
}

function budget(all: readonly Profiled[]): string {
  const rows: Cell[][] = STEP_NAMES.map((step) => [
    step,
    ...all.map((one) => cost(one, one.sums.steps.get(step))),
  ]);
  rows.push(["other threads", ...all.map(({ otherThreads }) => otherThreads)]);
  rows.push([
    "all",
    ...all.map(({ mainThread, otherThreads }) => mainThread + otherThreads),
  ]);
  rows.push(["all, in the kernel", ...all.map(({ kernel }) => kernel)]);
  return table(["step, µs a request", ...all.map(({ mix }) => mix)], rows);
}

function threadTable(all: readonly Profiled[]): string {
  const names = [...all.at(-1)!.threads].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  return table(
    ["thread, µs a request", ...all.map(({ mix }) => mix)],
    names.map((name) => [name, ...all.map(({ threads }) => threads.get(name) ?? 0)]),
  );
}

function largest(
  title: string,
  all: readonly Profiled[],
  sumsOfOne: (sums: Sums) => ReadonlyMap<string, number>,
  count: number,
): string {
  const last = all.at(-1)!;
  const names = [...sumsOfOne(last.sums)].sort((a, b) => b[1] - a[1]).slice(0, count);
  return table(
    [title, ...all.map(({ mix }) => mix)],
    names.map(([name]) => [name, ...all.map((one) => cost(one, sumsOfOne(one.sums).get(name)))]),
  );
}

const directory = await Deno.makeTempDir({ prefix: "greylag-profile-" });
const nameServer = startNameServer();
let server: Server | undefined;
let inspector: Inspector | undefined;
try {
  if (typeof options.save === "string") await Deno.mkdir(options.save, { recursive: true });
  const generator = await LoadGenerator.compile(directory);
  const inspectorPort = getAvailablePort();
  server = await startGreylag("greylag", {
    program,
    flags: [`--inspect=127.0.0.1:${inspectorPort}`],
    args: [`--dns-servers=127.0.0.1:${nameServer.port}`, ...settings],
  }, directory);
  await makeKnown(generator, [server]);
  await warmUp(generator, server);
  inspector = await Inspector.connect(inspectorPort);
  const all: Profiled[] = [];
  for (const mix of mixes) all.push(await profile(generator, server, inspector, mix));
  const rates = all.map(({ mix, rate }) => `${mix} ${rate.toFixed(0)}/s`).join(", ");
  publish(
    "budget",
    `${machine()}; ${connections} connections, ${seconds} s each; with the profiler ${rates}.\n\n` +
      budget(all),
    options.write === true,
    "HACKING.md",
  );
  const callees = "with what it calls outside lib/";
  for (
    const part of [
      threadTable(all),
      largest(`module, ${callees}`, all, (sums) => sums.modules, functions),
      largest(`function, ${callees}`, all, (sums) => sums.functions, functions),
      largest("function outside lib/", all, (sums) => sums.outside, functions),
    ]
  ) print(`\n${part}`);
} finally {
  // A process with a connected inspector does not exit.
  inspector?.close();
  await server?.stop();
  await nameServer.close();
  await Deno.remove(directory, { recursive: true });
}
