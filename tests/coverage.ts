/**
 * Prints the line coverage of each module of `lib/` from LCOV on standard input:
 *
 *     deno coverage --lcov DIRECTORY | deno run tests/coverage.ts
 */

interface Lines {
  readonly covered: number;
  readonly total: number;
}

/** Sums the lines of each module of `lib/`, in alphabetical order. */
export function linesByModule(lcov: string): Map<string, Lines> {
  const modules = new Map<string, Lines>();
  for (const record of lcov.split("end_of_record")) {
    const module = /^SF:.*\/lib\/([a-z]+)\//m.exec(record)?.[1];
    if (module === undefined || module === "jsr") continue;
    const counts = [...record.matchAll(/^DA:\d+,(\d+)/gm)].map(([, count]) => Number(count));
    const { covered, total } = modules.get(module) ?? { covered: 0, total: 0 };
    modules.set(module, {
      covered: covered + counts.filter((count) => count > 0).length,
      total: total + counts.length,
    });
  }
  return new Map([...modules].sort(([one], [other]) => one < other ? -1 : 1));
}

export function coverageTable(modules: ReadonlyMap<string, Lines>): string {
  const all = [...modules.values()].reduce(
    (sum, one) => ({ covered: sum.covered + one.covered, total: sum.total + one.total }),
    { covered: 0, total: 0 },
  );
  const rows = [...modules, ["all", all] as const].map(([name, { covered, total }]) => {
    const share = total === 0 ? 0 : 100 * covered / total;
    return `${name.padEnd(10)} ${String(covered).padStart(6)} ${String(total).padStart(6)} ${
      share.toFixed(1).padStart(6)
    }`;
  });
  return `${"module".padEnd(10)} covered  lines      %\n${rows.join("\n")}\n`;
}

if (import.meta.main) {
  const lcov = await new Response(Deno.stdin.readable).text();
  Deno.stdout.writeSync(new TextEncoder().encode(coverageTable(linesByModule(lcov))));
}
