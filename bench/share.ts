/**
 * `deno task bench:share`: processor time of a request with and without another site that reads all
 * changes, in one run, in turns.
 *
 *     deno task bench:share [--rounds 5] [--seconds 2] [--program FILE] [--write]
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { getAvailablePort } from "@std/net/get-available-port";
import { LoadGenerator } from "./load.ts";
import { makeKnown, startNameServer, warmUp } from "./preparation.ts";
import { machine, publish, type Reach, reachTable, table } from "./report.ts";
import { GREYLAG_SOURCE, type Server, startGreylag } from "./servers.ts";
import { measure, medians, MEDIANS_HEAD, ratio, type Sample } from "./throughput.ts";
import { KNOWN_TRIPLETS, MIXES } from "./traffic.ts";

/** The most processor time of a request, as a share of that without sharing. */
const MOST = 1.25;

const CONNECTIONS = 50;
const ALONE = "alone";
const SHARING = "sharing";

const options = parseArgs(Deno.args, {
  string: ["rounds", "seconds", "program"],
  boolean: ["write"],
});
const rounds = Number(options.rounds ?? 5);
const seconds = Number(options.seconds ?? 2);
const program = String(options.program ?? GREYLAG_SOURCE);

function reachOf(samples: readonly Sample[]): Reach[] {
  return MIXES.map((mix): Reach => ({
    subject: `processor time of a request when sharing, ${mix}`,
    measured: ratio(samples, "cpu", mix, SHARING, ALONE, CONNECTIONS),
    limit: MOST,
    bound: "at most",
    unit: " times",
  }));
}

const directory = await Deno.makeTempDir({ prefix: "greylag-share-" });
const secret = `${directory}/share.key`;
await Deno.writeTextFile(secret, "a secret of the sites of this benchmark\n");
const nameServer = startNameServer();
const servers: Server[] = [];
try {
  const generator = await LoadGenerator.compile(directory);
  const start = async (name: string, ...args: string[]) => {
    const dns = `--dns-servers=127.0.0.1:${nameServer.port}`;
    const server = await startGreylag(name, { program, args: [dns, ...args] }, directory);
    servers.push(server);
    return server;
  };
  const pages = [getAvailablePort(), getAvailablePort()] as const;
  const share = (name: string, own: number, other: number) => [
    `--status=inet:127.0.0.1:${own}`,
    `--share=http://127.0.0.1:${other}`,
    `--share-name=${name}`,
    `--share-password-file=${secret}`,
  ];
  const alone = await start(ALONE);
  const sharing = await start(SHARING, ...share("mx1", pages[0], pages[1]));
  await start("reader", ...share("mx2", pages[1], pages[0]));
  const measured = [alone, sharing];
  await makeKnown(generator, measured);
  for (const server of measured) await warmUp(generator, server);
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const mix of MIXES) {
      for (const server of measured) {
        const load = { mix, connections: CONNECTIONS, seconds, known: KNOWN_TRIPLETS };
        samples.push(await measure(generator, server, load, { part: mix, round }));
      }
    }
  }
  publish(
    "share",
    `${machine()}; medians of ${rounds} rounds of ${seconds} s.\n\n` +
      `${table(MEDIANS_HEAD, medians(samples))}\n\n${reachTable(reachOf(samples))}`,
    options.write === true,
  );
} finally {
  for (const server of servers) await server.stop();
  await nameServer.close();
  await Deno.remove(directory, { recursive: true });
}
