import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  ATTRIBUTE_NAMES,
  type AttributeName,
  type PolicyRequest,
  RequestReader,
} from "../../lib/postfix/request.ts";

const encoder = new TextEncoder();
const bytes = (text: string) => encoder.encode(text);

function plain(request: PolicyRequest): Partial<Record<AttributeName, string>> {
  const found = ATTRIBUTE_NAMES.map((name) => [name, request.get(name)] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

function readAll(pieces: Uint8Array[]): { requests: unknown[]; fault?: string } {
  const reader = new RequestReader();
  const requests: unknown[] = [];
  for (const piece of pieces) {
    const reading = reader.push(piece);
    requests.push(...reading.requests.map(plain));
    if (reading.fault !== undefined) return { requests, fault: reading.fault };
  }
  return { requests };
}

Deno.test("a request is its attributes up to the blank line", () => {
  const table: [string, string, Partial<Record<AttributeName, string>>[]][] = [
    ["in any order", "sender=a@b\nrequest=x\n\n", [{ request: "x", sender: "a@b" }]],
    ["unknown names are ignored", "color=red\nsender=a\n\n", [{ sender: "a" }]],
    ["an empty value is kept", "sender=\n\n", [{ sender: "" }]],
    ["a value may hold =", "sender=a=b=c\n\n", [{ sender: "a=b=c" }]],
    ["the first of two counts", "size=1\nsize=2\n\n", [{ size: "1" }]],
    ["a line without = is ignored", "rubbish\nsize=1\n\n", [{ size: "1" }]],
    ["a name is no prefix", "xsender=1\nsenderx=2\nsender=3\n\n", [{ sender: "3" }]],
    ["white space is kept", "helo_name= x \n\n", [{ helo_name: " x " }]],
    ["two in one packet", "size=1\n\nsize=2\n\n", [{ size: "1" }, { size: "2" }]],
    ["a byte order mark ends nothing", "size=1\n\ufeff\nsender=a\n\n", [{
      size: "1",
      sender: "a",
    }]],
    ["CRLF", "size=1\r\nsender=\r\n\r\nsize=2\r\n\r\n", [{ size: "1", sender: "" }, { size: "2" }]],
    ["nothing at all", "\n", [{}]],
    ["an empty one after another", "size=1\n\n\n", [{ size: "1" }, {}]],
    ["UTF-8", "sender=jürgen@bücher.example\n\n", [{ sender: "jürgen@bücher.example" }]],
    ["an unfinished one is none", "size=1\n", []],
  ];
  for (const [name, text, expected] of table) {
    assertEquals(readAll([bytes(text)]), { requests: expected }, name);
    const single = [...bytes(text)].map((byte) => Uint8Array.of(byte));
    assertEquals(readAll(single), { requests: expected }, `${name}, byte by byte`);
  }
});

Deno.test("all attributes through Postfix 3.12 are known by name", () => {
  const text = ATTRIBUTE_NAMES.map((name) => `${name}=value of ${name}\n`).join("") + "\n";
  const expected = Object.fromEntries(ATTRIBUTE_NAMES.map((name) => [name, `value of ${name}`]));
  assertEquals(readAll([bytes(text)]).requests, [expected]);
});

Deno.test("fragmentation does not change the requests", () => {
  const line = fc.oneof(
    fc.constantFrom("\n", "\r\n", "sender=a@b\n", "size=\r\n", "x=1\n", "request=smtpd\n"),
    fc.string({ unit: "binary", maxLength: 20 }),
  );
  const input = fc.oneof(
    fc.array(line, { maxLength: 30 }).map((lines) => bytes(lines.join(""))),
    fc.uint8Array({ maxLength: 400 }),
  );
  fc.assert(
    fc.property(input, fc.array(fc.nat(400), { maxLength: 8 }), (whole, cuts) => {
      const ends = [...cuts.map((cut) => Math.min(cut, whole.length)), 0, whole.length].sort((
        a,
        b,
      ) => a - b);
      const pieces = ends.slice(1).map((end, at) => whole.slice(ends[at], end));
      assertEquals(readAll(pieces), readAll([whole]));
    }),
    { numRuns: 500 },
  );
});

Deno.test("a request beyond a limit is a fault, and complete requests before it are kept", () => {
  const good = "size=1\n\n";
  const many = "x=1\n".repeat(201);
  const table: [string, string][] = [
    [`${good}${many}\n`, "200 attributes"],
    [`${good}sender=${"a".repeat(65_536)}\n\n`, "65536 bytes"],
    [`${good}sender=${"a".repeat(65_536)}`, "65536 bytes"],
    [`${good}${"ü".repeat(32_769)}`, "65536 bytes"],
  ];
  for (const [text, expected] of table) {
    for (const size of [text.length * 2, 4096, 7]) {
      const all = bytes(text);
      const pieces = [];
      for (let at = 0; at < all.length; at += size) pieces.push(all.slice(at, at + size));
      const { requests, fault } = readAll(pieces);
      assertEquals(requests, [{ size: "1" }]);
      assertStringIncludes(fault ?? "", expected);
    }
  }
});

Deno.test("a request of exactly the limits is accepted", () => {
  const lines = "x=1\n".repeat(199) + "size=1\n";
  assertEquals(readAll([bytes(`${lines}\n`)]).requests, [{ size: "1" }]);
  const value = "a".repeat(65_536 - "sender=\n\n".length);
  assertEquals(readAll([bytes(`sender=${value}\n\n`)]).requests, [{ sender: value }]);
});

Deno.test("after a fault nothing more is read", () => {
  const reader = new RequestReader({ bytes: 10, attributes: 5, pipelined: 9 });
  assertEquals(reader.push(bytes("sender=aaaaaaa\n\n")).requests.length, 0);
  assertEquals(reader.push(bytes("size=1\n\n")).requests.length, 0);
});

Deno.test("an incomplete request is known as begun", () => {
  const reader = new RequestReader();
  assertEquals(reader.begun, false);
  reader.push(bytes("si"));
  assertEquals(reader.begun, true);
  reader.push(bytes("ze=1\n"));
  assertEquals(reader.begun, true);
  reader.push(bytes("\n"));
  assertEquals(reader.begun, false);
});

Deno.test("too many pipelined requests are a fault", () => {
  const limits = { bytes: 1000, attributes: 5, pipelined: 3 };
  const text = "size=1\n\n".repeat(4);
  for (const piece of [text, `${text}size=2\n`]) {
    const { requests, fault } = new RequestReader(limits).push(bytes(piece));
    assertEquals([requests.length, fault], [3, "more than 3 requests at once"]);
  }
  const reader = new RequestReader(limits);
  for (let at = 0; at < 9; at++) assertEquals(reader.push(bytes("size=1\n\n")).fault, undefined);
});
