import { assertEquals } from "@std/assert";
import { DAY, HOUR, MINUTE } from "../../../lib/text/duration.ts";
import { Ago, At, bytes, count } from "../../../lib/web/components/time.tsx";

const NOW = Date.UTC(2026, 10, 24, 12);
const textOf = (html: string) => html.replaceAll(/<[^>]*>/g, "");

Deno.test("a time is relative to now, past and future", () => {
  const table: [number, string][] = [
    [NOW, "now"],
    [NOW - 999, "now"],
    [NOW - 90_000, "1m 30s ago"],
    [NOW - DAY - 2 * HOUR, "1d 2h ago"],
    [NOW + 5 * MINUTE, "in 5m"],
  ];
  for (const [at, expected] of table) {
    assertEquals(textOf(`${<Ago at={at} now={NOW} />}`), expected);
  }
});

Deno.test("the exact time is in UTC and machine-readable", () => {
  assertEquals(
    `${<At at={NOW} />}`,
    '<time datetime="2026-11-24T12:00:00.000Z" data-exact="true">2026-11-24 12:00:00 UTC</time>',
  );
});

Deno.test("numbers have thousands, bytes a decimal unit", () => {
  assertEquals([0, 999, 1234.5, 1e6].map(count), ["0", "999", "1\u202f235", "1\u202f000\u202f000"]);
  const table: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [12_345_678, "12.3 MB"],
    [123_456_789, "123 MB"],
    [5e15, "5000 TB"],
  ];
  for (const [amount, expected] of table) assertEquals(bytes(amount), expected);
});
