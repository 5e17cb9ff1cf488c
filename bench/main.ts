/**
 * `deno task bench`: throughput, latency and processor time of Greylag, the reference and Debian's
 * postgrey, in turns, in one run.
 *
 *     deno task bench [--only known,new,mixed,no-spf,off] [--rounds 5] [--seconds 2]
 *                     [--connections 50,1] [--program FILE] [--no-postgrey]
 *                     [--postgrey-in-memory] [--write]
 *
 * FILE is an executable or the `main.ts` of another source. --write stores the tables in
 * bench/RESULTS.md.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { LoadGenerator } from "./load.ts";
import { makeKnown, startNameServer, warmUp } from "./preparation.ts";
import { machine, print, publish, reachTable, table } from "./report.ts";
import {
  GREYLAG_SOURCE,
  type Server,
  startGreylag,
  startPostgrey,
  startReference,
} from "./servers.ts";
import { measure, medians, MEDIANS_HEAD, reachOf, type Sample } from "./throughput.ts";
import type { Mix } from "./traffic.ts";

interface Part {
  readonly mix: Mix;
  /** Settings of Greylag that differ from the defaults; only Greylag and the reference take part. */
  readonly settings: readonly string[];
}

const PARTS: Readonly<Record<string, Part>> = {
  known: { mix: "known", settings: [] },
  new: { mix: "new", settings: [] },
  mixed: { mix: "mixed", settings: [] },
  "no-spf": { mix: "new", settings: ["--spf=off"] },
  off: { mix: "new", settings: ["--mode=off"] },
};

const options = parseArgs(Deno.args, {
  string: ["only", "rounds", "seconds", "connections", "program"],
  boolean: ["no-postgrey", "postgrey-in-memory", "write"],
});
const names = String(options.only ?? Object.keys(PARTS).join(",")).split(",");
const rounds = Number(options.rounds ?? 5);
const seconds = Number(options.seconds ?? 2);
const counts = String(options.connections ?? "50,1").split(",").map(Number);
const program = String(options.program ?? GREYLAG_SOURCE);

const unknown = names.find((name) => PARTS[name] === undefined);
if (unknown !== undefined) {
  print(`unknown part "${unknown}": ${Object.keys(PARTS).join(", ")}`);
  Deno.exit(2);
}

/** The servers of each part. Parts with the same settings share a Greylag. */
async function startAll(
  directory: string,
  dnsPort: number,
  generator: LoadGenerator,
): Promise<Map<string, Server[]>> {
  const reference = await startReference(directory);
  const shared = [reference];
  running.push(reference);
  if (names.some((name) => PARTS[name]!.settings.length === 0)) {
    const greylag = await greylagWith("greylag", []);
    shared.push(greylag);
    if (options["no-postgrey"] !== true) {
      const postgrey = await startPostgrey(directory, options["postgrey-in-memory"] === true);
      running.push(postgrey);
      shared.push(postgrey);
    }
    await makeKnown(generator, shared.slice(1));
    if (names.some((name) => name === "new" || name === "mixed")) {
      await warmUp(generator, greylag);
    }
  }
  const parts = new Map<string, Server[]>();
  for (const name of names) {
    const { settings } = PARTS[name]!;
    if (settings.length === 0) parts.set(name, shared);
    else parts.set(name, [reference, await greylagWith(`greylag ${settings.join(" ")}`, settings)]);
  }
  return parts;

  async function greylagWith(name: string, settings: readonly string[]): Promise<Server> {
    const args = [`--dns-servers=127.0.0.1:${dnsPort}`, ...settings];
    const server = await startGreylag(name, { program, args }, directory);
    running.push(server);
    return server;
  }
}

const running: Server[] = [];
const directory = await Deno.makeTempDir({ prefix: "greylag-bench-" });
const nameServer = startNameServer();
try {
  const generator = await LoadGenerator.compile(directory);
  const parts = await startAll(directory, nameServer.port, generator);
  const own = await generator.ownRate(50, 1);
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const part of names) {
      for (const connections of counts) {
        for (const server of parts.get(part)!) {
          const load = { mix: PARTS[part]!.mix, connections, seconds };
          samples.push(await measure(generator, server, load, { part, round }));
        }
      }
    }
  }
  publish(
    "throughput",
    `${machine()}; medians of ${rounds} rounds of ${seconds} s. The load generator takes ` +
      `${own.generatorCpu.toFixed(1)} µs a request, and ${
        own.rate.toFixed(0)
      } requests/s against a ` +
      "server in C that answers DUNNO without parsing the request and shares the processors with " +
      "it.\n\n" +
      `${table(MEDIANS_HEAD, medians(samples))}\n\n${reachTable(reachOf(samples))}`,
    options.write === true,
  );
} finally {
  for (const server of running) await server.stop();
  await nameServer.close();
  await Deno.remove(directory, { recursive: true });
}
