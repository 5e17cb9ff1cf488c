import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Endpoint } from "../../lib/net/endpoint.ts";
import {
  type Answer,
  LISTENER_LIMITS,
  type ListenerLimits,
  PolicyServer,
} from "../../lib/postfix/listener.ts";
import { inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Answers with the size that it was asked about. */
const echo: Answer = (request) => Promise.resolve(`action=${request.get("size") ?? "none"}\n\n`);

interface Setup {
  server: PolicyServer;
  told: string[];
  connect(): Promise<Deno.Conn>;
}

async function withServer(
  body: (setup: Setup) => Promise<void>,
  limits: Partial<ListenerLimits> = {},
  answer: Answer = echo,
  endpoint: Endpoint = { kind: "inet", host: "127.0.0.1", port: 0 },
): Promise<void> {
  const told: string[] = [];
  const server = new PolicyServer(answer, {
    limit: (where, what) => told.push(`${where.split(":")[0]} ${what}`),
    acceptFailed: (where, error) => told.push(`${where}: ${error}`),
  }, { ...LISTENER_LIMITS, ...limits });
  const bound = await server.listen(endpoint);
  const connect = (): Promise<Deno.Conn> =>
    bound.kind === "unix"
      ? Deno.connect({ transport: "unix", path: bound.path })
      : Deno.connect({ hostname: bound.host, port: bound.port });
  try {
    await body({ server, told, connect });
  } finally {
    await server.close(100);
  }
}

async function readUntil(conn: Deno.Conn, isEnough: (text: string) => boolean): Promise<string> {
  const buffer = new Uint8Array(4096);
  let text = "";
  while (!isEnough(text)) {
    const count = await conn.read(buffer);
    if (count === null) return `${text}<closed>`;
    text += decoder.decode(buffer.subarray(0, count));
  }
  return text;
}

const answers = (count: number) => (text: string) => text.split("\n\n").length > count;

Deno.test("a connection carries several requests, one reply each", async () => {
  await withServer(async ({ connect }) => {
    using conn = await connect();
    for (const size of ["1", "2", "3"]) {
      await conn.write(encoder.encode(`size=${size}\n\n`));
      assertEquals(await readUntil(conn, answers(1)), `action=${size}\n\n`);
    }
  });
});

Deno.test("pipelined and fragmented requests are answered in order", async () => {
  const slowFirst: Answer = async (request) => {
    if (request.get("size") === "1") await pause(30);
    return await echo(request);
  };
  await withServer(
    async ({ connect }) => {
      using conn = await connect();
      await conn.write(encoder.encode("size=1\n\nsize=2\r\n\r\nsize=3\n\nsi"));
      assertEquals(
        await readUntil(conn, answers(3)),
        "action=1\n\naction=2\n\naction=3\n\n",
      );
      await conn.write(encoder.encode("ze=4\n"));
      await conn.write(encoder.encode("\n"));
      assertEquals(await readUntil(conn, answers(1)), "action=4\n\n");
    },
    {},
    slowFirst,
  );
});

Deno.test("a failing answer is DUNNO", async () => {
  await withServer(
    async ({ connect }) => {
      using conn = await connect();
      await conn.write(encoder.encode("size=1\n\n"));
      assertEquals(await readUntil(conn, answers(1)), "action=DUNNO\n\n");
    },
    {},
    () => Promise.reject(new Error("broken")),
  );
});

Deno.test("a request beyond a limit closes its own connection only", async () => {
  await withServer(async ({ connect, told }) => {
    using good = await connect();
    using bad = await connect();
    await bad.write(encoder.encode("size=1\n\n" + "x=1\n".repeat(300)));
    assertEquals(await readUntil(bad, () => false), "action=1\n\n<closed>");
    await good.write(encoder.encode("size=2\n\n"));
    assertEquals(await readUntil(good, answers(1)), "action=2\n\n");
    assertEquals(told, ["inet a request of more than 200 attributes"]);
  });
});

Deno.test("a request that trickles is cut off at its deadline", async () => {
  await withServer(async ({ connect, told }) => {
    using conn = await connect();
    const trickle = (async () => {
      for (let turn = 0; turn < 100; turn++) {
        await conn.write(encoder.encode("x"));
        await pause(10);
      }
    })().catch(() => {});
    assertEquals(await readUntil(conn, () => false).catch(() => "<closed>"), "<closed>");
    await trickle;
    assertEquals(told.length, 1);
    assertStringIncludes(told[0]!, "not finished");
  }, { request: 120 });
});

Deno.test("a silent connection is closed, an active one is not", async () => {
  await withServer(async ({ connect, told }) => {
    using silent = await connect();
    using lively = await connect();
    let isClosed = false;
    const closed = readUntil(silent, () => false).finally(() => isClosed = true);
    while (!isClosed) {
      await lively.write(encoder.encode("size=1\n\n"));
      await readUntil(lively, answers(1));
      await pause(20);
    }
    assertEquals(await closed, "<closed>");
    assertEquals(told.length, 1);
    assertStringIncludes(told[0]!, "silent");
  }, { idle: 1500 });
});

Deno.test("a connection beyond the limit is closed, and a freed place is used again", async () => {
  await withServer(async ({ connect, told, server }) => {
    const first = await connect();
    using second = await connect();
    await second.write(encoder.encode("size=1\n\n"));
    await readUntil(second, answers(1));
    using third = await connect();
    assertEquals(await readUntil(third, () => false).catch(() => "<closed>"), "<closed>");
    assertStringIncludes(told[0]!, "more than 2 connections");
    first.close();
    await eventually("connections", () => server.connections <= 1);
    using fourth = await connect();
    await fourth.write(encoder.encode("size=4\n\n"));
    assertEquals(await readUntil(fourth, answers(1)), "action=4\n\n");
  }, { connections: 2 });
});

Deno.test("closing answers requests in flight and closes idle connections", async () => {
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  await withServer(
    async ({ connect, server }) => {
      using busy = await connect();
      using idle = await connect();
      await busy.write(encoder.encode("size=7\n\n"));
      await eventually("connections", () => server.connections >= 2);
      await begun.promise;
      const closing = server.close();
      gate.resolve();
      assertEquals(await readUntil(busy, () => false), "action=7\n\n<closed>");
      assertEquals(await readUntil(idle, () => false), "<closed>");
      await closing;
    },
    {},
    async (request) => {
      begun.resolve();
      await gate.promise;
      return await echo(request);
    },
  );
});

Deno.test("a server listens on several endpoints at once, IPv6 and Unix among them", async () => {
  await inDirectory(async (directory) => {
    await withServer(async ({ server }) => {
      const ipv6 = await server.listen({ kind: "inet", host: "::1", port: 0 });
      const unix = await server.listen({ kind: "unix", path: `${directory}/policy` }, 0o620);
      assert(ipv6.kind === "inet" && unix.kind === "unix");
      assertEquals((await Deno.stat(unix.path)).mode! & 0o777, 0o620);
      for (
        const conn of [
          await Deno.connect({ hostname: "::1", port: ipv6.port }),
          await Deno.connect({ transport: "unix", path: unix.path }),
        ]
      ) {
        await conn.write(encoder.encode("size=6\n\n"));
        assertEquals(await readUntil(conn, answers(1)), "action=6\n\n");
        conn.close();
      }
    });
    await assertRejects(() => Deno.stat(`${directory}/policy`), Deno.errors.NotFound);
  });
});

Deno.test("an endpoint in use is an error that names the endpoint", async () => {
  await withServer(async ({ server }) => {
    const taken = await server.listen({ kind: "inet", host: "127.0.0.1", port: 0 });
    assert(taken.kind === "inet");
    const error = await assertRejects(() => server.listen(taken), Error);
    assertStringIncludes(error.message, `inet:127.0.0.1:${taken.port}`);
    assertStringIncludes(error.message, "another program listens there");
  });
});
