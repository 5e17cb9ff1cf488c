import { assertEquals } from "@std/assert";
import { answerShares, medians, ratio, reachOf, type Sample } from "../../bench/throughput.ts";

function sample(
  server: string,
  round: number,
  rate: number,
  options: Partial<Sample> = {},
): Sample {
  return {
    part: "known",
    connections: 50,
    requests: 100,
    p50: 1,
    p99: 2,
    cpu: 8,
    generatorCpu: 5,
    answers: { DUNNO: 100 },
    server,
    round,
    rate,
    ...options,
  };
}

Deno.test("a ratio is the median of the ratios within each round", () => {
  const samples = [
    ...[100, 10, 100].map((rate, round) => sample("reference", round, rate)),
    ...[50, 6, 40].map((rate, round) => sample("greylag", round, rate)),
  ];
  assertEquals(ratio(samples, "rate", "known", "greylag", "reference", 50), 0.5);
});

Deno.test("a ratio needs both servers in one round, part and number of connections", () => {
  const own = sample("greylag", 0, 1);
  const others: Partial<Sample>[] = [{ round: 1 }, { part: "mixed" }, { connections: 1 }];
  for (const other of others) {
    const samples = [own, sample("reference", 0, 1, other)];
    assertEquals(ratio(samples, "rate", "known", "greylag", "reference", 50), NaN);
  }
});

Deno.test("medians are taken for each part, number of connections and server", () => {
  const samples = [1, 30, 2].flatMap((rate, round) => [
    sample("greylag", round, rate),
    sample("greylag", round, 10 * rate, { connections: 1 }),
  ]);
  assertEquals(medians(samples).map((row) => row.slice(0, 4)), [
    ["known", "50", "greylag", 2],
    ["known", "1", "greylag", 20],
  ]);
});

Deno.test("answers are given as shares, the most frequent first", () => {
  const samples = [
    sample("greylag", 0, 1, { answers: { PREPEND: 1, DUNNO: 99 } }),
    sample("greylag", 1, 1),
  ];
  assertEquals(answerShares(samples), "DUNNO 99.5 %, PREPEND 0.5 %");
  assertEquals(answerShares([sample("greylag", 0, 1)]), "DUNNO 100 %");
});

Deno.test("limits compare greylag with the reference and postgrey", () => {
  const samples = [
    sample("reference", 0, 1000),
    sample("greylag", 0, 400, { cpu: 20, p99: 3 }),
    sample("postgrey", 0, 10, { p99: 60 }),
  ];
  const measured = reachOf(samples).filter((one) => Number.isFinite(one.measured))
    .map((one) => [one.subject, one.measured]);
  assertEquals(measured, [
    ["throughput against postgrey, known", 40],
    ["throughput against the reference, known", 40],
    ["CPU a request against the reference, known", 2.5],
    ["p99 under load against postgrey, known", 0.05],
  ]);
});
