import { assert, assertEquals } from "@std/assert";
import { renderTable } from "../../lib/cli/table.ts";

Deno.test("columns are aligned, and the widest is shortened on a narrow terminal", () => {
  const rows = [["1", "x".repeat(100), "short"], ["22", "y", "z"]];
  assertEquals(
    renderTable(["no.", "long", "end"], [["1", "a", "b"]]),
    "no.  long  end\n1    a     b\n",
  );
  const lines = renderTable(["no.", "long", "end"], rows, 80).trimEnd().split("\n");
  assert(lines.every((line) => line.length <= 80));
  assert(lines[1]!.includes("...") && lines[1]!.endsWith("short"));
  const [, address] = renderTable(["", ""], [["alice.longname@mail.example.org", "x"]], 25)
    .split("\n");
  assertEquals(address, "alice.lon...xample.org  x");
});

Deno.test("wide characters take two columns, and are never cut in half", () => {
  const rows = [["用户用户用户用户", "x"], ["ab", "y"]];
  assertEquals(
    renderTable(["a", "b"], rows),
    `a                 b\n用户用户用户用户  x\nab                y\n`,
  );
  const [, first, second] = renderTable(["a", "b"], rows, 13).split("\n");
  assertEquals([first, second], ["用...用户   x", "ab          y"]);
});

Deno.test("hostile text cannot move the cursor or break a row", () => {
  const text = renderTable(["a"], [["\x1b[2J\nx\u202e"]]);
  assertEquals(text, "a\n\\u{1b}[2J\\u{a}x\\u{202e}\n");
});
