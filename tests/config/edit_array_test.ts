import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parse } from "smol-toml";
import { addToArray } from "../../lib/config/edit_array.ts";

Deno.test("values are added to an array, and comments and order stay", () => {
  const table: [before: string, after: string | undefined][] = [
    ["", 'x = ["b", "c"]\n'],
    ['# first\na = "1"', '# first\na = "1"\nx = ["b", "c"]\n'],
    ["# x = []\n", '# x = []\nx = ["b", "c"]\n'],
    ["a = 1\n[t]\nb = 2\n", 'a = 1\nx = ["b", "c"]\n[t]\nb = 2\n'],
    ["x = [] # none\na = 1\n", 'x = ["b", "c"] # none\na = 1\n'],
    ['x = ["a"] # one\n', 'x = ["a", "b", "c"] # one\n'],
    ['x = ["a",]\n', 'x = ["a", "b", "c"]\n'],
    ['"x" = [ "a" ]\n', '"x" = [ "a", "b", "c"]\n'],
    ["x = ['a]', \"#\"]\n", 'x = [\'a]\', "#", "b", "c"]\n'],
    ['x = ["b"]\n', 'x = ["b", "c"]\n'],
    ['x = ["c", "b"]\n', 'x = ["c", "b"]\n'],
    [
      'x = [\n  "a", # the first\n  "z" # the last\n]\ny = 1\n',
      'x = [\n  "a", # the first\n  "z", # the last\n  "b",\n  "c",\n]\ny = 1\n',
    ],
    [
      'x = [\r\n\t"a",\r\n\t# "old"\r\n]\r\n',
      'x = [\r\n\t"a",\r\n\t# "old"\r\n\t"b",\r\n\t"c",\r\n]\r\n',
    ],
    ['x = "a"\n', undefined],
    ["x = [1]\n", undefined],
    ['x = [["a"]]\n', undefined],
    ['x = ["""\na"""]\n', undefined],
    ["not toml\n", undefined],
    ['text = """\nx = [\n"""\nx = ["a"]\n', undefined],
  ];
  for (const [before, after] of table) {
    assertEquals(addToArray(before, "x", ["b", "c"]), after, before);
  }
});

Deno.test("an edited file has the values, and nothing else changes", () => {
  const value = fc.string({ unit: "binary", maxLength: 8 }).filter((text) =>
    !/[\ud800-\udfff]/.test(text)
  );
  const line = fc.oneof(
    fc.constant("# a comment"),
    fc.constant(""),
    value.map((text) => `k${Math.abs(text.length)} = ${JSON.stringify(text)}`),
  );
  const array = fc.tuple(fc.array(value, { maxLength: 3 }), fc.boolean(), fc.boolean()).map(
    ([values, isLong, hasComma]) => {
      const shown = values.map((one) => JSON.stringify(one));
      const comma = hasComma && values.length > 0 ? "," : "";
      return isLong
        ? `x = [\n  ${shown.join(",\n  ")}${comma} # end\n]`
        : `x = [${shown.join(", ")}${comma}]`;
    },
  );
  fc.assert(fc.property(fc.array(line), array, value, (lines, given, added) => {
    const text = [...lines, given].join("\n");
    let before;
    try {
      before = parse(text);
    } catch {
      return;
    }
    const edited = addToArray(text, "x", [added]);
    if (edited === undefined) return;
    const after = parse(edited);
    const stored = before["x"] as string[];
    assertEquals({ ...after }, {
      ...before,
      x: stored.includes(added) ? stored : [...stored, added],
    });
    for (const comment of text.match(/^# a comment$/gm) ?? []) {
      assertEquals(edited.includes(comment), true);
    }
  }));
});
