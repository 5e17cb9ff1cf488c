import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type JournalEntry,
  JournalExportReader,
  logEntryOf,
  logFormOf,
  parseJournalJson,
} from "../../lib/import/journal.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** A field as `journalctl -o export` writes one that is not plain text. */
function binary(name: string, value: string): number[] {
  const bytes = encode(value);
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(bytes.length), true);
  return [...encode(`${name}\n`), ...size, ...bytes, 10];
}

function read(...pieces: Uint8Array[]): JournalEntry[] {
  const entries: JournalEntry[] = [];
  const reader = new JournalExportReader((entry) => entries.push(entry));
  for (const piece of pieces) reader.push(piece);
  reader.end();
  return entries;
}

Deno.test("entries come out the same however the bytes are cut", () => {
  const bytes = Uint8Array.from([
    ...encode("__CURSOR=x\nMESSAGE=x=y\n\n"),
    ...binary("MESSAGE", "a\n\nb"),
    ...binary("COREDUMP", "MESSAGE=no\n\n"),
    ...binary("SYSLOG_IDENTIFIER", ""),
    ...encode("MESSAGE=second\n\nMESSAGE=3\n"),
  ]);
  fc.assert(fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
    const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
    const pieces = places.slice(1).map((place, at) => bytes.subarray(places[at], place));
    assertEquals(read(...pieces), [
      { MESSAGE: "x=y" },
      { MESSAGE: "a\n\nb", SYSLOG_IDENTIFIER: "" },
      { MESSAGE: "3" },
    ]);
  }));
});

Deno.test("a value that is too long is skipped, and what follows is read", () => {
  const long = "x".repeat(1_100_000);
  const bytes = Uint8Array.from([
    ...binary("MESSAGE", long),
    ...encode(`MESSAGE=${long}\nSYSLOG_IDENTIFIER=postfix/smtpd\n\nMESSAGE=after\n\n`),
  ]);
  const cut = 70_000;
  assertEquals(read(bytes.subarray(0, cut), bytes.subarray(cut)), [
    { SYSLOG_IDENTIFIER: "postfix/smtpd" },
    { MESSAGE: "after" },
  ]);
});

Deno.test("a length of 2^64 - 1 reserves no memory", () => {
  const size = new Uint8Array(8).fill(255);
  assertEquals(read(Uint8Array.from([...encode("MESSAGE\n"), ...size, ...encode("abc")])), []);
});

Deno.test("any bytes are read", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    for (const entry of read(encode("__CURSOR=x\nMESSAGE=a\n"), bytes)) logEntryOf(entry);
  }));
});

Deno.test("JSON has texts, bytes and repeated values", () => {
  const table: [string, JournalEntry][] = [
    ['{"MESSAGE":"x","OTHER":"y"}', { MESSAGE: "x" }],
    ['\x1e{"MESSAGE":"x"}', { MESSAGE: "x" }],
    ['{"MESSAGE":[106,195,188]}', { MESSAGE: "jü" }],
    ['{"MESSAGE":["first","second"]}', { MESSAGE: "first" }],
    ['{"MESSAGE":[[97],[98]]}', { MESSAGE: "a" }],
    ['{"MESSAGE":null,"SYSLOG_IDENTIFIER":{}}', {}],
    ['{"MESSAGE":[1e9]}', {}],
  ];
  for (const [line, expected] of table) assertEquals(parseJournalJson(line), expected, line);
  assertThrows(() => parseJournalJson("{"), Error, "invalid JSON");
  assertThrows(() => parseJournalJson("null"), Error, "not a JSON object");
});

Deno.test("microseconds become whole milliseconds", () => {
  const entry = (fields: JournalEntry) =>
    logEntryOf({ SYSLOG_IDENTIFIER: "postfix/mx/smtpd", MESSAGE: "hello", ...fields });
  const expected = {
    time: 1_700_000_000_123,
    service: "postfix/mx",
    daemon: "smtpd",
    text: "hello",
  };
  assertEquals(entry({ __REALTIME_TIMESTAMP: "1700000000123456" }), expected);
  assertEquals(
    entry({
      __REALTIME_TIMESTAMP: "1800000000000000",
      _SOURCE_REALTIME_TIMESTAMP: "1700000000122999",
    }),
    expected,
  );
  for (const time of ["", "x", "-1", "1e9", "9".repeat(19)]) {
    assertEquals(entry({ __REALTIME_TIMESTAMP: time }), undefined, time);
  }
  const other = { __REALTIME_TIMESTAMP: "1", SYSLOG_IDENTIFIER: "smtpd" };
  assertEquals(entry(other), undefined);
});

Deno.test("the first bytes tell the form of a log", () => {
  assertEquals(
    ["__CURSOR=s", "__REALTIME_TIMESTAMP=1", "{", "\x1e{", "Jan  1", ""].map((text) =>
      logFormOf(encode(text))
    ),
    ["export", "export", "json", "json", "lines", "lines"],
  );
});
