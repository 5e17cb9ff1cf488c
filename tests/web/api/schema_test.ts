import { assertEquals } from "@std/assert";
import * as v from "valibot";
import {
  DECISION_SEARCH,
  EXEMPTION,
  isKey,
  NEW_ENTRY,
  NUMBERED_SEARCH,
  SUMMARY_SEARCH,
} from "../../../lib/web/api/schema.ts";

Deno.test("durations are from 1 ms to ten years", () => {
  const table: [string, boolean][] = [
    ["1ms", true],
    ["1h 30m", true],
    ["3650d", true],
    ["3651d", false],
    ["0s", false],
    ["15", false],
    ["", false],
  ];
  for (const [since, expected] of table) {
    assertEquals(v.is(SUMMARY_SEARCH, { since }), expected, since);
  }
});

Deno.test("a key is a JSON array of strings with the given length", () => {
  const table: [string, number, boolean][] = [
    ['["a","b"]', 2, true],
    ['["a"]', 2, false],
    ['["a",1]', 2, false],
    ['{"0":"a","length":1}', 1, false],
    ["null", 1, false],
    ["[", 1, false],
  ];
  for (const [text, parts, expected] of table) assertEquals(isKey(text, parts), expected, text);
});

Deno.test("absent parameters have defaults", () => {
  assertEquals(v.parse(NUMBERED_SEARCH, {}), { q: "", limit: 50 });
  assertEquals(v.parse(SUMMARY_SEARCH, {}), { since: "24h" });
  assertEquals(v.parse(EXEMPTION, { recipient: "a@b.example" }), {
    recipient: "a@b.example",
    for: "15m",
    note: "",
  });
});

Deno.test("limit is from 1 to 200, reasons are separated by commas", () => {
  for (const limit of ["0", "201", "1000", "1.5", "-1", "x"]) {
    assertEquals(v.is(NUMBERED_SEARCH, { limit }), false, limit);
  }
  assertEquals(v.parse(NUMBERED_SEARCH, { limit: "200" }).limit, 200);
  assertEquals(v.parse(DECISION_SEARCH, { reason: "new,early" }).reason, ["new", "early"]);
  assertEquals(v.is(DECISION_SEARCH, { reason: "new,odd" }), false);
});

Deno.test("an entry has no unknown fields", () => {
  const entry = { list: "allow", pattern: "a.example" };
  assertEquals(v.is(NEW_ENTRY, entry), true);
  assertEquals(v.is(NEW_ENTRY, { ...entry, until: "1d" }), false);
  assertEquals(v.is(NEW_ENTRY, { ...entry, list: "release" }), false);
});
