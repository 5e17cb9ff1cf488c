/** The state in which a server is measured. */
import { pause } from "../tests/eventually.ts";
import type { LoadGenerator } from "./load.ts";
import type { Server } from "./servers.ts";
import { NameServer } from "./trace/dns.ts";
import { KNOWN_TRIPLETS, senderRecords } from "./traffic.ts";

/** Delay of the servers, with a margin, in milliseconds. */
const DELAY = 1200;

/** Seconds in which the SPF results of all sender domains come into the cache, at 100 lookups a second. */
const SPF_SECONDS = 7;

/** A name server with the SPF records of the load's senders. */
export function startNameServer(): NameServer {
  return new NameServer({ records: senderRecords(), listings: new Map() });
}

/**
 * Makes the known triplets known.
 *
 * @throws {Error} if a server defers them after their retry.
 */
export async function makeKnown(generator: LoadGenerator, servers: readonly Server[]) {
  const load = { mix: "known", connections: 8, count: KNOWN_TRIPLETS } as const;
  for (const { port } of servers) await generator.run(port, load);
  await pause(DELAY);
  for (const { port } of servers) await generator.run(port, load);
  for (const { name, port } of servers) {
    const { answers, requests } = await generator.run(port, load);
    if (answers.DUNNO !== requests) {
      throw new Error(`${name} defers known triplets: ${JSON.stringify(answers)}`);
    }
  }
}

/** Brings the SPF results of new triplets into the cache, and has the hot path compiled. */
export async function warmUp(generator: LoadGenerator, { port }: Server): Promise<void> {
  await generator.run(port, { mix: "new", connections: 8, seconds: SPF_SECONDS });
}
