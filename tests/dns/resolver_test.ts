import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createSocket, type Socket } from "node:dgram";
import { Buffer } from "node:buffer";
// @ts-types="@types/dns-packet"
import packet from "dns-packet";
import { DnsResolver, parseResolvConf } from "../../lib/dns/resolver.ts";
import { TemporaryDnsError } from "../../lib/spf/check_host.ts";
import { eventually } from "../eventually.ts";

type Question = { readonly id: number; readonly name: string };

/** A server that does what no real one does on demand: `answer` tells what is sent back, and when. */
async function withServer(
  answer: (question: Question, send: (bytes: Uint8Array) => void) => void,
  body: (
    resolver: DnsResolver,
    questions: Question[],
    port: number,
    asker: () => number,
  ) => Promise<void>,
): Promise<void> {
  const questions: Question[] = [];
  let asker = 0;
  const socket: Socket = createSocket("udp4");
  socket.on("message", (bytes, { port, address }) => {
    const { id = 0, questions: [first] = [] } = packet.decode(bytes);
    const question = { id, name: first!.name };
    questions.push(question);
    asker = port;
    answer(question, (reply) => socket.send(reply, port, address));
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  const servers = [{ address: "127.0.0.1", port }];
  try {
    const resolver = new DnsResolver({ servers, queryTimeout: 200 });
    await body(resolver, questions, port, () => asker);
  } finally {
    await new Promise<void>((resolve) => socket.close(resolve));
  }
}

function reply({ id, name }: Question, address = "192.0.2.1", ttl = 60): Uint8Array {
  return packet.encode({
    type: "response",
    id,
    questions: [{ type: "A", name }],
    answers: [{ type: "A", name, ttl, data: address }],
  });
}

Deno.test("a silent server is queried twice, and the failure is cached", async () => {
  await withServer(() => {}, async (resolver, questions) => {
    const error = await assertRejects(() => resolver.a("a.example"), TemporaryDnsError);
    assertStringIncludes(error.message, "no answer within 200 ms");
    assertEquals(questions.length, 2);
    await assertRejects(() => resolver.a("a.example"), TemporaryDnsError);
    assertEquals(questions.length, 2);
  });
});

Deno.test("a lost datagram is sent again", async () => {
  let count = 0;
  await withServer((question, send) => {
    if (++count > 1) send(reply(question));
  }, async (resolver) => {
    assertEquals(await resolver.a("a.example"), ["192.0.2.1"]);
  });
});

Deno.test("unrelated datagrams are ignored", async () => {
  await withServer((question, send) => {
    send(reply({ ...question, id: question.id ^ 1 }, "203.0.113.66"));
    send(reply({ ...question, name: "b.example" }, "203.0.113.66"));
    send(Buffer.from("rubbish"));
    send(new Uint8Array(0));
    setTimeout(() => send(reply(question)), 20);
  }, async (resolver) => {
    assertEquals(await resolver.a("a.example"), ["192.0.2.1"]);
  });
});

Deno.test("a truncated reply without TCP is a failure", async () => {
  await withServer(({ id, name }, send) => {
    send(packet.encode({
      type: "response",
      id,
      flags: packet.TRUNCATED_RESPONSE,
      questions: [{ type: "A", name }],
    }));
  }, async (resolver) => {
    await assertRejects(() => resolver.a("a.example"), TemporaryDnsError, "refused");
  });
});

Deno.test("a caller can stop waiting, and the answer serves the next caller", async () => {
  await withServer((question, send) => setTimeout(() => send(reply(question)), 100), async (
    resolver,
    questions,
  ) => {
    const controller = new AbortController();
    const waiting = resolver.a("a.example", controller.signal);
    controller.abort(new Error("enough"));
    await assertRejects(() => waiting, Error, "enough");
    assertEquals(await resolver.a("a.example"), ["192.0.2.1"]);
    assertEquals(questions.length, 1);
  });
});

Deno.test("equal queries at the same time are sent once", async () => {
  await withServer((question, send) => send(reply(question)), async (resolver, questions) => {
    await Promise.all(Array.from({ length: 20 }, () => resolver.a("A.example")));
    assertEquals(questions.length, 1);
  });
});

Deno.test("an invalid name is never queried", async () => {
  await withServer(() => {}, async (resolver, questions) => {
    for (const name of ["", "a..example", `${"x".repeat(64)}.example`, "x.".repeat(130)]) {
      assertEquals(await resolver.a(name), []);
    }
    assertEquals(questions, []);
  });
});

Deno.test("the next server is queried if one does not answer", async () => {
  await withServer((question, send) => send(reply(question)), async (_, __, port) => {
    const servers = [{ address: "127.0.0.1", port: 9 }, { address: "127.0.0.1", port }];
    const resolver = new DnsResolver({ servers, queryTimeout: 200 });
    assertEquals(await resolver.a("a.example"), ["192.0.2.1"]);
  });
});

Deno.test("a reply from another address is ignored", async () => {
  const liar = createSocket("udp4");
  await withServer((question, send) => {
    setTimeout(() => send(reply(question)), 50);
  }, async (resolver, questions, __, asker) => {
    await new Promise<void>((resolve) => liar.bind(0, "127.0.0.1", resolve));
    const asked = resolver.a("a.example");
    await eventually("a query", () => questions.length > 0, { period: 1 });
    liar.send(reply(questions[0]!, "203.0.113.66"), asker(), "127.0.0.1");
    assertEquals(await asked, ["192.0.2.1"]);
  });
  await new Promise<void>((resolve) => liar.close(resolve));
});

Deno.test("the system's servers are those of resolv.conf, or 127.0.0.1", () => {
  assertEquals(
    parseResolvConf("# x\nnameserver 192.0.2.53\n nameserver fe80::1%eth0\nsearch x\n"),
    [
      { address: "192.0.2.53", port: 53 },
      { address: "fe80::1", port: 53 },
    ],
  );
  assertEquals(parseResolvConf("nameserver nonsense"), [{ address: "127.0.0.1", port: 53 }]);
});
