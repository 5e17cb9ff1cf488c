import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
// @ts-types="@types/dns-packet"
import packet, { type Answer, type OptAnswer, type Packet as Message } from "dns-packet";
import fc from "fast-check";
import { decodeReply, encodeQuestion } from "../../lib/dns/message.ts";

function reply(given: Partial<Message> & { rcode?: number }): Uint8Array {
  const { rcode = 0, flags = 0, ...rest } = given;
  return packet.encode({
    type: "response",
    id: 7,
    flags: flags | rcode,
    questions: [{ type: "TXT", name: "example.com" }],
    ...rest,
  });
}

const decode = (bytes: Uint8Array) => decodeReply(bytes, 7, "example.com", "TXT");

Deno.test("a query wants recursion and accepts replies of 1,232 bytes", () => {
  const { id, flag_rd, questions = [], additionals = [] } = packet.decode(
    Buffer.from(encodeQuestion(7, "example.com", "TXT")),
  );
  assertEquals([id, flag_rd, questions[0]!.name, questions[0]!.type], [
    7,
    true,
    "example.com",
    "TXT",
  ]);
  assertEquals((additionals[0] as OptAnswer).udpPayloadSize, 1232);
});

Deno.test("a reply of too many records is a failure, counted or claimed", () => {
  const answers = (count: number) =>
    Array.from({ length: count }, () => ({
      type: "TXT",
      name: "example.com",
      ttl: 9,
      data: "x",
    } as const));
  assertEquals(decode(reply({ answers: answers(1000) })).kind, "records");
  assertEquals(decode(reply({ answers: answers(1001) })), {
    kind: "failure",
    why: "an answer of 1001 records, more than 1000",
  });
  const claims = reply({});
  claims[6] = 0xff;
  assertEquals(decode(claims).kind, "failure");
});

Deno.test("at most 16 aliases are followed", () => {
  const chain = (length: number) => {
    const name = (at: number) => at === 0 ? "example.com" : `a${at}.example.com`;
    const aliases = Array.from({ length }, (_, at) => ({
      type: "CNAME",
      name: name(at),
      ttl: 9,
      data: name(at + 1),
    } as const));
    const end = { type: "TXT", name: name(length), ttl: 9, data: "x" } as const;
    return decode(reply({ answers: [end, ...aliases] })).kind;
  };
  assertEquals([chain(1), chain(16), chain(17), chain(900)], [
    "records",
    "records",
    "no-data",
    "no-data",
  ]);
});

Deno.test("only a reply to the query counts", () => {
  const table: [Partial<Message> & { rcode?: number }, string][] = [
    [{}, "no-data"],
    [{ id: 8 }, "unrelated"],
    [{ type: "query" }, "unrelated"],
    [{ questions: [{ type: "TXT", name: "example.org" }] }, "unrelated"],
    [{ questions: [{ type: "A", name: "example.com" }] }, "unrelated"],
    [{ questions: [] }, "unrelated"],
    [{ questions: [{ type: "TXT", name: "EXAMPLE.com" }] }, "no-data"],
    [{ rcode: 3 }, "no-name"],
    [{ rcode: 2 }, "failure"],
    [{ rcode: 5 }, "failure"],
    [{ flags: packet.TRUNCATED_RESPONSE }, "truncated"],
    [{ answers: [{ type: "TXT", name: "example.org", ttl: 9, data: "x" }] }, "no-data"],
    [{ answers: [{ type: "TXT", name: "example.com", ttl: 9, data: "x" }] }, "records"],
  ];
  for (const [given, kind] of table) {
    assertEquals(decode(reply(given)).kind, kind, JSON.stringify(given));
  }
});

Deno.test("the time to live is the shortest of the records, or that of the SOA record", () => {
  const answers: Answer[] = [
    { type: "CNAME", name: "example.com", ttl: 9, data: "a.example" },
    { type: "TXT", name: "a.example", ttl: 90, data: ["a", "b"] },
    { type: "TXT", name: "A.example", ttl: 30, data: "c" },
  ];
  assertEquals(decode(reply({ answers })), { kind: "records", records: ["ab", "c"], ttl: 30 });
  const soa = {
    mname: "x",
    rname: "x",
    serial: 1,
    refresh: 1,
    retry: 1,
    expire: 1,
    minimum: 120,
  };
  const authorities: Answer[] = [{ type: "SOA", name: "example.com", ttl: 300, data: soa }];
  assertEquals(decode(reply({ rcode: 3, authorities })), { kind: "no-name", ttl: 120 });
  assertEquals(decode(reply({})), { kind: "no-data", ttl: 60 });
});

Deno.test("a loop of aliases has no records", () => {
  const answers: Answer[] = [
    { type: "CNAME", name: "example.com", ttl: 9, data: "b.example" },
    { type: "CNAME", name: "b.example", ttl: 9, data: "example.com" },
  ];
  assertEquals(decode(reply({ answers })).kind, "no-data");
});

Deno.test("decoding never throws", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
    decode(bytes);
    const cut = reply({ answers: [{ type: "TXT", name: "example.com", data: "x".repeat(200) }] });
    decode(cut.subarray(0, bytes.length));
    const spoiled = Uint8Array.from(cut);
    bytes.forEach((byte, at) => spoiled[12 + (at * 7) % (cut.length - 12)] = byte);
    decode(spoiled);
  }));
});
