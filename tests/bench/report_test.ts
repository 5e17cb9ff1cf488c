import { assert, assertEquals, assertThrows } from "@std/assert";
import { isReached, median, reachTable, replaceSection, table } from "../../bench/report.ts";

Deno.test("the median is the middle value, or the mean of the two middle values", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([10, 1, 2, 3]), 2.5);
  assertEquals(median([]), NaN);
});

Deno.test("a table aligns numbers to the right, with three significant digits", () => {
  assertEquals(
    table(["server", "rate"], [["reference", 129_000.4], ["greylag", 1.234]]),
    [
      "| server    |    rate |",
      "| --------- | ------: |",
      "| reference | 129,000 |",
      "| greylag   |    1.23 |",
    ].join("\n"),
  );
});

Deno.test("a limit is reached when it is met exactly", () => {
  const reach = { subject: "throughput", unit: " %", measured: 30, limit: 30 } as const;
  assert(isReached({ ...reach, bound: "at least" }));
  assert(isReached({ ...reach, bound: "at most" }));
  assert(!isReached({ ...reach, bound: "at least", measured: 29.9 }));
  assert(!isReached({ ...reach, bound: "at most", measured: 30.1 }));
});

Deno.test("the table of limits leaves out what was not measured", () => {
  const reach = { limit: 2, bound: "at most", unit: "" } as const;
  const text = reachTable([
    { subject: "one", measured: NaN, ...reach },
    { subject: "two", measured: 3, ...reach },
  ]);
  assertEquals(text.split("\n").length, 3);
  assert(/two +\| 3\.00 +\| at most 2 +\| no/.test(text), text);
});

Deno.test("a generated section is replaced, and the text around it stays", () => {
  const document = "before\n<!-- begin one -->\nold\n<!-- end one -->\nafter\n";
  const once = replaceSection(document, "one", "new\n");
  assertEquals(once, "before\n<!-- begin one -->\n\nnew\n\n<!-- end one -->\nafter\n");
  assertEquals(replaceSection(once, "one", "new"), once);
  assertThrows(() => replaceSection(document, "two", "new"), Error, "two");
});

Deno.test("the documents have the generated sections", () => {
  const read = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
  for (const name of ["throughput", "footprint", "scale"]) {
    replaceSection(read("bench/RESULTS.md"), name, "");
  }
  replaceSection(read("HACKING.md"), "budget", "");
});
