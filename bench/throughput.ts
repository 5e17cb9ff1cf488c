/** Measurements, medians and ratios of the throughput benchmark. */
import type { Load, LoadGenerator, Measurement } from "./load.ts";
import { type Cell, median, type Reach } from "./report.ts";
import type { Server } from "./servers.ts";

/** One run against one server. */
export interface Sample extends Measurement {
  readonly part: string;
  readonly server: string;
  readonly connections: number;
  readonly round: number;
  /** Processor time of the server for one request, in microseconds. */
  readonly cpu: number;
}

/** Puts a load on a server. */
export async function measure(
  generator: LoadGenerator,
  server: Server,
  load: Load,
  of: Pick<Sample, "part" | "round">,
): Promise<Sample> {
  const before = server.cpuTime;
  const measured = await generator.run(server.port, load);
  const cpu = (server.cpuTime - before) / measured.requests;
  return { ...of, server: server.name, connections: load.connections, cpu, ...measured };
}

export type Quantity = "rate" | "p50" | "p99" | "cpu";

interface Group {
  readonly part: string;
  readonly server: string;
  readonly connections: number;
}

function ofGroup(samples: readonly Sample[], group: Group): Sample[] {
  return samples.filter(({ part, server, connections }) =>
    part === group.part && server === group.server && connections === group.connections
  );
}

/** The median over the rounds of the ratio of two servers in one round; NaN without such a round. */
export function ratio(
  samples: readonly Sample[],
  quantity: Quantity,
  part: string,
  server: string,
  other: string,
  connections: number,
): number {
  const others = ofGroup(samples, { part, server: other, connections });
  const ratios = ofGroup(samples, { part, server, connections }).flatMap((sample) => {
    const same = others.find(({ round }) => round === sample.round);
    return same === undefined ? [] : [sample[quantity] / same[quantity]];
  });
  return median(ratios);
}

/** The share of each answer, such as `DUNNO 100 %`; the most frequent first. */
export function answerShares(samples: readonly Sample[]): string {
  const counts = new Map<string, number>();
  for (const { answers } of samples) {
    for (const [word, count] of Object.entries(answers)) {
      counts.set(word, (counts.get(word) ?? 0) + count);
    }
  }
  const total = samples.reduce((sum, { requests }) => sum + requests, 0);
  return [...counts].sort((a, b) => b[1] - a[1])
    .map(([word, count]) => `${word} ${(100 * count / total).toFixed(count === total ? 0 : 1)} %`)
    .join(", ");
}

export const MEDIANS_HEAD = [
  "part",
  "connections",
  "server",
  "requests/s",
  "p50 ms",
  "p99 ms",
  "CPU µs",
  "answers",
];

/** A row of medians for each part, number of connections and server, in the order of the samples. */
export function medians(samples: readonly Sample[]): Cell[][] {
  const groups = new Map<string, Group>();
  for (const { part, server, connections } of samples) {
    groups.set(`${part} ${connections} ${server}`, { part, server, connections });
  }
  return [...groups.values()].map((group) => {
    const own = ofGroup(samples, group);
    const of = (quantity: Quantity) => median(own.map((sample) => sample[quantity]));
    const figures = [of("rate"), of("p50"), of("p99"), of("cpu")];
    return [group.part, String(group.connections), group.server, ...figures, answerShares(own)];
  });
}

/** The limits of the project, as ratios to the reference and to postgrey. */
export function reachOf(samples: readonly Sample[]): Reach[] {
  const to = (quantity: Quantity, part: string, other: string, connections: number) =>
    ratio(samples, quantity, part, "greylag", other, connections);
  const mixes = ["known", "new", "mixed"];
  return [
    ...mixes.map((part): Reach => ({
      subject: `throughput against postgrey, ${part}`,
      measured: to("rate", part, "postgrey", 50),
      limit: 20,
      bound: "at least",
      unit: " times",
    })),
    ...([["known", 50], ["new", 30]] as const).map(([part, limit]): Reach => ({
      subject: `throughput against the reference, ${part}`,
      measured: 100 * to("rate", part, "reference", 50),
      limit,
      bound: "at least",
      unit: " %",
    })),
    ...([["known", 2.5], ["new", 4]] as const).map(([part, limit]): Reach => ({
      subject: `CPU a request against the reference, ${part}`,
      measured: to("cpu", part, "reference", 50),
      limit,
      bound: "at most",
      unit: " times",
    })),
    ...([["known", 2], ["new", 3]] as const).map(([part, limit]): Reach => ({
      subject: `p50 at one connection against the reference, ${part}`,
      measured: to("p50", part, "reference", 1),
      limit,
      bound: "at most",
      unit: " times",
    })),
    ...mixes.map((part): Reach => ({
      subject: `p99 under load against postgrey, ${part}`,
      measured: to("p99", part, "postgrey", 50),
      limit: 0.1,
      bound: "at most",
      unit: "",
    })),
  ];
}
