import { assertEquals } from "@std/assert";
import {
  dateOf,
  formatAgo,
  formatClient,
  formatEntry,
  formatSender,
} from "../../lib/admin/format.ts";
import { DAY, HOUR } from "../../lib/text/duration.ts";

Deno.test("an age below a second is now", () => {
  const table: [number, string][] = [
    [-5000, "now"],
    [0, "now"],
    [999, "now"],
    [1000, "1s ago"],
    [DAY + HOUR, "1d 1h ago"],
  ];
  for (const [age, expected] of table) assertEquals(formatAgo(age), expected);
});

Deno.test("a client is named only if its name is verified", () => {
  const clientAddress = "192.0.2.10";
  assertEquals(formatClient({ clientAddress, clientName: "unknown" }), clientAddress);
  assertEquals(
    formatClient({ clientAddress, clientName: "mail.example.org" }),
    "mail.example.org [192.0.2.10]",
  );
});

Deno.test("the null sender and an absent date are shown", () => {
  assertEquals([formatSender(""), formatSender("a@b.example")], ["<>", "a@b.example"]);
  assertEquals([dateOf(undefined), dateOf(0)], [null, "1970-01-01T00:00:00.000Z"]);
});

Deno.test("an entry is named by its number, list and pattern", () => {
  assertEquals(
    formatEntry({ id: 1, list: "block", matchOn: "sender", pattern: "a@b.example" }),
    "entry 1: block sender a@b.example",
  );
  assertEquals(
    formatEntry({ id: 2, list: "release", matchOn: "pair", pattern: " bob@example.net" }),
    "entry 2: release <> to bob@example.net",
  );
});
