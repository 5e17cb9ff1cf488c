import { assertEquals } from "@std/assert";
import { coverageTable, linesByModule } from "./coverage.ts";

const LCOV = `SF:/work/lib/net/network.ts
DA:1,2
DA:2,0
end_of_record
SF:/work/lib/dns/cache.ts
DA:1,1
end_of_record
SF:/work/lib/net/hostname.ts
DA:9,7
DA:10,1
end_of_record
SF:/work/lib/jsr/std_net/mod.ts
DA:1,1
end_of_record
SF:/work/tests/daemon.ts
DA:1,1
end_of_record
`;

Deno.test("the lines of all files of a module count together", () => {
  assertEquals([...linesByModule(LCOV)], [
    ["dns", { covered: 1, total: 1 }],
    ["net", { covered: 3, total: 4 }],
  ]);
});

Deno.test("coverage is shown by module and in total", () => {
  const rows = coverageTable(linesByModule(LCOV)).trimEnd().split("\n")
    .map((row) => row.trim().split(/ +/));
  assertEquals(rows.slice(1), [
    ["dns", "1", "1", "100.0"],
    ["net", "3", "4", "75.0"],
    ["all", "4", "5", "80.0"],
  ]);
});
