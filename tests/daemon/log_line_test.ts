import { assertEquals } from "@std/assert";
import { jsonLine, shorten, textLine } from "../../lib/daemon/log_line.ts";

const TIME = Date.UTC(2026, 10, 24, 12);

Deno.test("a line of text begins with the time, or with journald's priority", () => {
  assertEquals(
    textLine("error", "e", "time", TIME),
    "2026-11-24T12:00:00.000Z error: e",
  );
  const lines = (["error", "warning", "info", "debug"] as const).map((level) =>
    textLine(level, "x", "priority", TIME)
  );
  assertEquals(lines, ["<3>x", "<4>x", "<6>x", "<7>x"]);
});

Deno.test("a line of JSON has time, level and event, and no control character", () => {
  const line = jsonLine("info", "warning", [["message", "a\u202eb"]], TIME);
  assertEquals(
    line,
    '{"time":"2026-11-24T12:00:00.000Z","level":"info","event":"warning","message":"a\\u202eb"}',
  );
});

Deno.test("a value is shortened to the longest mail address", () => {
  assertEquals(shorten("x".repeat(320)).length, 320);
  assertEquals(shorten("x".repeat(321)), `${"x".repeat(320)}...`);
});
