import { assertEquals } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";

Deno.test("options take their values joined or apart, and other arguments keep their order", () => {
  const { _, ...options } = parseArgs(["one", "--name=x", "--other", "y", "two"], {
    string: ["name", "other", "_"],
  });
  assertEquals<unknown>(_, ["one", "two"]);
  assertEquals({ ...options }, { name: "x", other: "y" });
});

Deno.test("a boolean option takes no value, is false if absent, and can be negated", () => {
  const options = { boolean: ["a", "b", "c"], negatable: ["b"] };
  const parsed = parseArgs(["--a", "rest", "--no-b"], options);
  assertEquals([parsed.a, parsed.b, parsed.c, parsed._], [true, false, false, ["rest"]]);
});

Deno.test("a collected option is an array, empty if absent; otherwise the last value counts", () => {
  const parsed = parseArgs(["--x=1", "--x", "2", "--y=1", "--y=2"], {
    string: ["x", "y", "z"],
    collect: ["x", "z"],
  });
  assertEquals([parsed.x, parsed.y, parsed.z], [["1", "2"], "2", []]);
});

Deno.test("a missing value is empty, and never the next option", () => {
  const parsed = parseArgs(["--a", "--b", "x", "--c"], { string: ["a", "b", "c"] });
  assertEquals([parsed.a, parsed.b, parsed.c], ["", "x", ""]);
});

Deno.test("arguments after -- are no options", () => {
  const parsed = parseArgs(["--a=1", "--", "--a=2", "x"], { string: ["a", "_"] });
  assertEquals([parsed.a, parsed._], ["1", ["--a=2", "x"]]);
});

Deno.test("other arguments become numbers if they look like numbers, unless strings are wanted", () => {
  assertEquals(parseArgs(["1", "x"])._, [1, "x"]);
  assertEquals<unknown>(parseArgs(["1", "x"], { string: ["_"] })._, ["1", "x"]);
});

Deno.test("unknown options are reported, and dropped if the callback returns false", () => {
  const told: unknown[] = [];
  const parsed = parseArgs(["--known=1", "--odd=2"], {
    string: ["known"],
    unknown: (arg, key, value) => {
      told.push([arg, key, value]);
      return false;
    },
  });
  assertEquals(told, [["--odd=2", "odd", "2"]]);
  assertEquals([parsed.known, parsed.odd], ["1", undefined]);
});

Deno.test("an undeclared option takes the next argument as its value", () => {
  const told: unknown[] = [];
  parseArgs(["--odd", "2", "rest", "-x", "--", "--late"], {
    unknown: (...given) => {
      told.push(given);
      return false;
    },
  });
  assertEquals(told, [["--odd", "odd", "2"], ["rest"], ["-x", "x", true]]);
});
