/**
 * `deno task bench:scale`: throughput with many stored relations, against that of an empty database, in
 * turns, and the bytes of a relation on disk.
 *
 *     deno task bench:scale [--relations 1000000,10000000] [--rounds 5] [--seconds 2]
 *                           [--program FILE] [--write]
 *
 * The requests of the mix `known` are about all stored relations, in scattered order.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { relationKeysOf } from "../lib/greylist/attempt.ts";
import type { Change } from "../lib/greylist/model.ts";
import { openConnection } from "../lib/store/open.ts";
import { LoadGenerator } from "./load.ts";
import { makeKnown, startNameServer, warmUp } from "./preparation.ts";
import { machine, print, publish, type Reach, reachTable, table } from "./report.ts";
import { GREYLAG_SOURCE, type Server, startGreylag } from "./servers.ts";
import { measure, medians, MEDIANS_HEAD, ratio, type Sample } from "./throughput.ts";
import { KNOWN_TRIPLETS, knownTriplet, MIXES } from "./traffic.ts";

/** The least share of the empty database's throughput, in per cent. */
const shareOf = (count: number): number => count <= 1_000_000 ? 80 : 60;
const BYTES = 60;

const CONNECTIONS = 50;
const EMPTY = "empty";

/** SQLite's page cache while relations are stored: large enough to write each page once. */
const FILL_CACHE_KIB = 2_000_000;

/** Coprime to powers of ten: relations are stored in an order that no key has. */
const SCATTER = 381_966_011;

const options = parseArgs(Deno.args, {
  string: ["relations", "rounds", "seconds", "program"],
  boolean: ["write"],
});
const sizes = String(options.relations ?? "1000000,10000000").split(",").map(Number);
const rounds = Number(options.rounds ?? 5);
const seconds = Number(options.seconds ?? 2);
const program = String(options.program ?? GREYLAG_SOURCE);

/** The relation of a known triplet, as the daemon stores it after the retry. */
function relationChange(id: number, now: number): Change {
  const { address, domain, sender, recipient } = knownTriplet(id);
  const network = `${address.slice(0, address.lastIndexOf("."))}.0/24`;
  const origins = [`ip:${address}`, `net:${network}`, `org:${domain}`, `spf:${domain}`];
  return {
    kind: "relation",
    key: relationKeysOf(sender, recipient, "+")[0]!,
    record: { origins, firstSeen: now, lastSeen: now },
  };
}

/** Stores relations, and returns the bytes of each on disk. */
function fill(database: string, count: number): number {
  const settings = { database, privacy: false };
  const bytesOf = () => Deno.statSync(database).size;
  openConnection(settings).close();
  const before = bytesOf();
  const connection = openConnection(settings);
  connection.db.exec(`PRAGMA cache_size = -${FILL_CACHE_KIB}`);
  const now = Date.now();
  connection.transact("write", ({ records }) => {
    for (let at = 0, id = 0; at < count; at++, id = (id + SCATTER) % count) {
      records.write(relationChange(id, now));
    }
  });
  connection.close();
  return (bytesOf() - before) / count;
}

/** The number of relations and the bytes of each. */
interface Filled {
  readonly count: number;
  readonly bytes: number;
}

function reachOf(samples: readonly Sample[], filled: readonly Filled[]): Reach[] {
  return filled.flatMap(({ count, bytes }): Reach[] => {
    const relations = `${count.toLocaleString("en-US")} relations`;
    return [
      ...MIXES.map((mix): Reach => ({
        subject: `throughput with ${relations}, ${mix}`,
        measured: 100 * ratio(samples, "rate", mix, relations, EMPTY, CONNECTIONS),
        limit: shareOf(count),
        bound: "at least",
        unit: " %",
      })),
      {
        subject: `bytes on disk, ${relations}`,
        measured: bytes,
        limit: BYTES,
        bound: "at most",
        unit: "",
      },
    ];
  });
}

const directory = await Deno.makeTempDir({ prefix: "greylag-scale-" });
const nameServer = startNameServer();
const servers: { readonly server: Server; readonly known: number }[] = [];
try {
  const generator = await LoadGenerator.compile(directory);
  const start = (name: string) =>
    startGreylag(
      name,
      { program, args: [`--dns-servers=127.0.0.1:${nameServer.port}`] },
      directory,
    );
  const empty = await start(EMPTY);
  servers.push({ server: empty, known: KNOWN_TRIPLETS });
  await makeKnown(generator, [empty]);
  const filled: Filled[] = [];
  for (const count of sizes) {
    const name = `${count.toLocaleString("en-US")} relations`;
    const begin = performance.now();
    const bytes = fill(`${directory}/${name}.db`, count);
    filled.push({ count, bytes });
    print(`${name}: stored in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
    servers.push({ server: await start(name), known: count });
  }
  for (const { server } of servers) await warmUp(generator, server);
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const mix of MIXES) {
      for (const { server, known } of servers) {
        const load = { mix, connections: CONNECTIONS, seconds, known };
        samples.push(await measure(generator, server, load, { part: mix, round }));
      }
    }
  }
  publish(
    "scale",
    `${machine()}; medians of ${rounds} rounds of ${seconds} s.\n\n` +
      `${table(MEDIANS_HEAD, medians(samples))}\n\n${reachTable(reachOf(samples, filled))}`,
    options.write === true,
  );
} finally {
  for (const { server } of servers) await server.stop();
  await nameServer.close();
  await Deno.remove(directory, { recursive: true });
}
