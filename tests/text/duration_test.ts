import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  DAY,
  formatDuration,
  HOUR,
  MINUTE,
  parseDuration,
  SECOND,
} from "../../lib/text/duration.ts";

Deno.test("durations are parsed as whole numbers with their units", () => {
  const table: [string, number | undefined][] = [
    ["500ms", 500],
    ["90s", 90_000],
    ["3m", 180_000],
    ["2h30m", 9_000_000],
    ["2h 30m", 9_000_000],
    ["2d", 172_800_000],
    ["1w", 604_800_000],
    ["0s", 0],
    ["60", undefined],
    ["", undefined],
    ["m", undefined],
    ["1.5h", undefined],
    ["-1s", undefined],
    ["1 h", undefined],
    ["1h  30m", undefined],
    ["1h ", undefined],
    ["1y", undefined],
    ["1H", undefined],
  ];
  for (const [text, expected] of table) assertEquals(parseDuration(text), expected, text);
});

Deno.test("durations are formatted in their two largest units", () => {
  const table: [number, string][] = [
    [0, "0s"],
    [500, "500ms"],
    [50 * SECOND, "50s"],
    [59_499, "59s"],
    [59_999, "1m"],
    [61 * SECOND, "1m 1s"],
    [HOUR, "1h"],
    [HOUR + SECOND, "1h"],
    [90 * MINUTE, "1h 30m"],
    [DAY + 2 * HOUR + 3 * MINUTE, "1d 2h"],
    [-2 * MINUTE, "2m"],
    [30 * DAY, "30d"],
  ];
  for (const [milliseconds, expected] of table) {
    assertEquals(formatDuration(milliseconds), expected, `${milliseconds}`);
  }
});

Deno.test("a formatted duration parses to the same, short of the units left out", () => {
  fc.assert(fc.property(fc.nat(4000 * DAY), (milliseconds) => {
    const parsed = parseDuration(formatDuration(milliseconds))!;
    const precision = milliseconds < SECOND
      ? 1
      : milliseconds < HOUR
      ? SECOND
      : milliseconds < DAY
      ? MINUTE
      : HOUR;
    return parsed <= milliseconds + SECOND / 2 && milliseconds - parsed < precision;
  }));
});
