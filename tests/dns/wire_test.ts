import { assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
// @ts-types="@types/dns-packet"
import packet, { type Answer } from "dns-packet";
import fc from "fast-check";
import { decodeMessage, encodeQuery } from "../../lib/dns/wire.ts";

const label = fc.stringMatching(/^[a-z0-9_-]{1,63}$/);
const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join("."));

Deno.test("a query has the bytes of another implementation", () => {
  const type = fc.constantFrom("A", "AAAA", "MX", "PTR", "TXT");
  fc.assert(fc.property(fc.nat(0xffff), name, type, (id, name, type) => {
    const expected = packet.encode({
      type: "query",
      id,
      flags: packet.RECURSION_DESIRED,
      questions: [{ type, name, class: "IN" }],
      additionals: [{
        type: "OPT",
        name: ".",
        udpPayloadSize: 1232,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      }],
    });
    assertEquals(encodeQuery(id, name, type, 1232), Uint8Array.from(expected));
  }));
});

Deno.test("a name without a wire format is refused", () => {
  for (const name of ["", ".", "a..b", `${"a".repeat(64)}.b`, "a.".repeat(127) + "b"]) {
    assertThrows(() => encodeQuery(1, name, "A", 512), RangeError);
  }
});

Deno.test("records of another implementation are read as they were written", () => {
  const record = fc.oneof(
    fc.ipV4().map((data): Answer => ({ type: "A", name: "a.example", ttl: 9, data })),
    name.map((data): Answer => ({ type: "PTR", name: "a.example", ttl: 9, data })),
    name.map((data): Answer => ({ type: "CNAME", name: "a.example", ttl: 9, data })),
    fc.array(fc.stringMatching(/^[ -~]{0,255}$/), { minLength: 1 })
      .map((data): Answer => ({ type: "TXT", name: "a.example", ttl: 9, data })),
    name.map((exchange): Answer => ({
      type: "MX",
      name: "a.example",
      ttl: 9,
      data: { preference: 10, exchange },
    })),
  );
  const textOf = (answer: Answer) =>
    answer.type === "MX"
      ? answer.data.exchange
      : answer.type === "TXT"
      ? [answer.data].flat().join("")
      : String("data" in answer ? answer.data : "");
  fc.assert(fc.property(fc.array(record), (answers) => {
    const bytes = packet.encode({
      type: "response",
      id: 1,
      questions: [{ type: "TXT", name: "a.example" }],
      answers,
    });
    assertEquals(
      decodeMessage(bytes)!.answers,
      answers.map((answer) => ({
        name: "a.example",
        type: answer.type as "TXT",
        ttl: 9,
        data: textOf(answer),
      })),
    );
  }));
});

Deno.test("a malformed message is an error", () => {
  const header = [0, 1, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  const table: Readonly<Record<string, number[]>> = {
    "no question": [],
    "a label beyond the end": [5, 97],
    "a pointer to itself": [0xc0, 12],
    "a pointer forwards": [0xc0, 14, 0],
    "a loop of two pointers": [1, 97, 0xc0, 12],
    "an unknown kind of label": [0x80, 0],
    "a name of 300 octets": [...Array(150).fill([1, 97]).flat(), 0],
  };
  for (const [why, bytes] of Object.entries(table)) {
    assertThrows(() => decodeMessage(Uint8Array.from([...header, ...bytes])), RangeError, "", why);
  }
  assertEquals(decodeMessage(Uint8Array.from([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])), undefined);
  // Bytes that are cut anywhere.
  const whole = packet.encode({
    type: "response",
    questions: [{ type: "MX", name: "a.example" }],
    answers: [{ type: "MX", name: "a.example", data: { exchange: "b.example", preference: 1 } }],
  });
  for (let length = 4; length < whole.length; length++) {
    assertThrows(() => decodeMessage(Buffer.from(whole).subarray(0, length)), RangeError);
  }
});
