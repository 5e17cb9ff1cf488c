import { assert, assertEquals, assertRejects } from "@std/assert";
import { LoadGenerator } from "../../bench/load.ts";
import { KNOWN_TRIPLETS, knownTriplet, letters, senderRecords } from "../../bench/traffic.ts";
import { RequestReader } from "../../lib/postfix/request.ts";
import { pause } from "../eventually.ts";
import { inDirectory } from "../daemon.ts";

async function canCompile(): Promise<boolean> {
  try {
    return (await new Deno.Command("cc", { args: ["--version"], stdout: "null" }).output()).success;
  } catch {
    return false;
  }
}

const hasCompiler = await canCompile();

interface Received {
  readonly address: string;
  readonly clientName: string;
  readonly sender: string;
  readonly recipient: string;
}

/** A policy server that keeps the requests; the reply to the nth is `reply(n)`. */
async function withServer(
  reply: (count: number) => string | Promise<string>,
  body: (generator: LoadGenerator, port: number, received: Received[]) => Promise<void>,
): Promise<void> {
  const received: Received[] = [];
  const serve = async (conn: Deno.Conn) => {
    const reader = new RequestReader();
    const buffer = new Uint8Array(4096);
    for (let size; (size = await conn.read(buffer)) !== null;) {
      for (const request of reader.push(buffer.subarray(0, size)).requests) {
        received.push({
          address: request.get("client_address")!,
          clientName: request.get("client_name")!,
          sender: request.get("sender")!,
          recipient: request.get("recipient")!,
        });
        await conn.write(new TextEncoder().encode(`action=${await reply(received.length)}\n\n`));
      }
    }
    conn.close();
  };
  await inDirectory(async (directory) => {
    const generator = await LoadGenerator.compile(directory);
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving: Promise<void>[] = [];
    const accepting = (async () => {
      for await (const conn of listener) serving.push(serve(conn));
    })();
    await body(generator, listener.addr.port, received);
    listener.close();
    await accepting;
    await Promise.all(serving);
  });
}

const textOf = (one: Pick<Received, "address" | "sender" | "recipient">) =>
  `${one.address} ${one.sender} ${one.recipient}`;

Deno.test({
  name: "new triplets differ from each other, also between runs",
  ignore: !hasCompiler,
  fn: () =>
    withServer(() => "DUNNO", async (generator, port, received) => {
      for (let run = 0; run < 2; run++) {
        await generator.run(port, { mix: "new", connections: 4, count: 1500 });
      }
      assertEquals(new Set(received.map(textOf)).size, 3000);
    }),
});

Deno.test({
  name: "known triplets repeat, and the mixed load has as many new ones",
  ignore: !hasCompiler,
  fn: () =>
    withServer(() => "DUNNO", async (generator, port, received) => {
      await generator.run(port, { mix: "known", connections: 2, count: 3 * KNOWN_TRIPLETS });
      const known = new Set(received.map(textOf));
      const expected = Array.from({ length: KNOWN_TRIPLETS }, (_, id) => textOf(knownTriplet(id)));
      assertEquals(known, new Set(expected));
      received.length = 0;
      await generator.run(port, { mix: "mixed", connections: 2, count: 400 });
      assertEquals(received.filter((one) => known.has(textOf(one))).length, 200);
    }),
});

Deno.test({
  name: "the sender domain has an SPF record, and the client a name below it",
  ignore: !hasCompiler,
  fn: () =>
    withServer(() => "DUNNO", async (generator, port, received) => {
      const records = senderRecords();
      await generator.run(port, { mix: "mixed", connections: 1, count: 20 });
      for (const { sender, clientName } of received) {
        const domain = sender.split("@")[1]!;
        assert(records.has(domain), domain);
        assertEquals(clientName, `mail.${domain}`);
      }
    }),
});

Deno.test({
  name: "answers are counted by their first word, and latencies by their time",
  ignore: !hasCompiler,
  fn: async () => {
    const reply = async (count: number) => {
      if (count % 10 !== 0) return "DEFER_IF_PERMIT Greylisted";
      await pause(200);
      return "DUNNO";
    };
    await withServer(reply, async (generator, port) => {
      const load = { mix: "new", connections: 1, count: 30 } as const;
      const { requests, answers, p50, p99 } = await generator.run(port, load);
      assertEquals(requests, 30);
      assertEquals(answers, { DEFER_IF_PERMIT: 27, DUNNO: 3 });
      assert(p50 < 200 && p99 >= 200, `${p50} ${p99}`);
    });
  },
});

Deno.test({
  name: "a rate limits the requests a second",
  ignore: !hasCompiler,
  fn: () =>
    withServer(() => "DUNNO", async (generator, port) => {
      const load = { mix: "known", connections: 5, seconds: 1, rate: 50 } as const;
      const { requests } = await generator.run(port, load);
      assert(requests >= 25 && requests <= 51, `${requests}`);
    }),
});

Deno.test({
  name: "a server that cannot be reached or does not reply with an action is an error",
  ignore: !hasCompiler,
  fn: () =>
    withServer(() => "DUNNO", async (generator, port) => {
      const load = { mix: "known", connections: 1, count: 1 } as const;
      await assertRejects(() => generator.run(1, load), Error, "cannot connect");
      assertEquals((await generator.run(port, load)).requests, 1);
    }),
});

Deno.test("numbers in letters have a fixed width and differ", () => {
  assertEquals([0, 1, 25, 26, 27].map((value) => letters(value, 2)), [
    "aa",
    "ab",
    "az",
    "ba",
    "bb",
  ]);
});
