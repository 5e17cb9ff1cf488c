import { assert, assertEquals, assertMatch } from "@std/assert";
import { shareEndpoint } from "../../../lib/sockets/listen.ts";
import { CONNECTION_LIMITS, serveHttp } from "../../../lib/web/http/connections.ts";
import { inDirectory } from "../../daemon.ts";
import { eventually } from "../../eventually.ts";
import { freePort } from "../../free_port.ts";

const SHORT = { ...CONNECTION_LIMITS, connections: 4, headersMs: 300, idleMs: 600 };

/** Closes nothing by its times while a test runs. */
const PATIENT = { ...SHORT, headersMs: 60_000, idleMs: 60_000 };

/** Milliseconds: far from the times of {@linkcode PATIENT}, on a busy machine as well. */
const AT_ONCE = 2000;

const answer = (request: Request, address: string): Promise<Response> => {
  if (request.url.endsWith("/endless")) {
    const chunk = new Uint8Array(1 << 16);
    return Promise.resolve(
      new Response(new ReadableStream({ pull: (stream) => stream.enqueue(chunk) })),
    );
  }
  if (request.url.endsWith("/wrapped")) {
    // As hono does with a body of unknown length.
    return new Request(request, { body: request.body }).text().then((text) => new Response(text));
  }
  if (request.url.endsWith("/events")) {
    let timer: ReturnType<typeof setInterval>;
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        const send = () => controller.enqueue(new TextEncoder().encode(":\n\n"));
        timer = setInterval(send, 200);
      },
      cancel: () => clearInterval(timer),
    });
    return Promise.resolve(new Response(stream));
  }
  return Promise.resolve(new Response(address));
};

async function withServer(
  body: (connect: () => Promise<Deno.Conn>, address: string) => Promise<void>,
  where: string,
  limits = SHORT,
): Promise<void> {
  await inDirectory(async (directory) => {
    const [path, port] = [`${directory}/page`, freePort()];
    const isUnix = where === "unix";
    const server = await serveHttp(
      isUnix ? { kind: "unix", path } : { kind: "inet", host: where, port },
      answer,
      limits,
    );
    const connect = () =>
      isUnix ? Deno.connect({ transport: "unix", path }) : Deno.connect({ hostname: where, port });
    try {
      await body(connect, isUnix ? "a Unix socket" : where);
    } finally {
      await server.close(100);
    }
  });
}

/** Defines a test on TCP and on a Unix socket. */
function onBoth(name: string, body: (where: string) => Promise<void>): void {
  for (const where of ["127.0.0.1", "unix"]) Deno.test(`${name}: ${where}`, () => body(where));
}

const send = (conn: Deno.Conn, text: string) => conn.write(new TextEncoder().encode(text));

/** Milliseconds until the server closes a connection, and what it sent. */
async function untilClosed(conn: Deno.Conn): Promise<{ elapsed: number; text: string }> {
  const begin = performance.now();
  const buffer = new Uint8Array(1 << 16);
  let text = "";
  try {
    for (let size; (size = await conn.read(buffer)) !== null;) {
      text += new TextDecoder().decode(buffer.subarray(0, size));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
  return { elapsed: performance.now() - begin, text };
}

onBoth(
  "a connection without complete headers, without a request, or half way through one, is closed",
  async (where) => {
    await withServer(async (connect) => {
      for (
        const text of [
          "",
          "GET / HTTP/1.1\r\nHost: a\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na",
        ]
      ) {
        using conn = await connect();
        if (text !== "") await send(conn, text);
        const { elapsed } = await untilClosed(conn);
        assert(elapsed < 3000, `${JSON.stringify(text)}: ${elapsed} ms`);
      }
    }, where);
  },
);

onBoth(
  "headers that arrive a byte at a time are cut off, on a kept connection as well",
  async (where) => {
    await withServer(async (connect) => {
      using conn = await connect();
      await send(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await conn.read(new Uint8Array(1000));
      const begin = performance.now();
      const closed = untilClosed(conn);
      const trickle = setInterval(() => send(conn, "G").catch(() => {}), 100);
      await closed;
      clearInterval(trickle);
      assert(performance.now() - begin < 3000);
    }, where);
  },
);

onBoth("a connection is kept for further requests", async (where) => {
  await withServer(
    async (connect, address) => {
      using conn = await connect();
      for (let at = 0; at < 3; at++) {
        await send(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let text = "";
        const buffer = new Uint8Array(1000);
        while (!text.endsWith(`\r\n\r\n${address}`)) {
          const count = await conn.read(buffer);
          assert(count !== null, text);
          text += new TextDecoder().decode(buffer.subarray(0, count));
        }
        assertMatch(text, /^HTTP\/1\.1 200 /);
      }
    },
    where,
    PATIENT,
  );
});

onBoth(
  "a client that does not read is cut off; a stream with keep-alives is not",
  async (where) => {
    await withServer(async (connect) => {
      using deaf = await connect();
      await send(deaf, "GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
      using listener = await connect();
      await send(listener, "GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
      await new Promise((resolve) => setTimeout(resolve, 2000));
      await untilClosed(deaf);
      const buffer = new Uint8Array(1000);
      for (let at = 0; at < 5; at++) assert((await listener.read(buffer))! > 0);
    }, where);
  },
);

onBoth(
  "connections beyond the limit are closed at once, and others work again afterwards",
  async (where) => {
    await withServer(
      async (connect, address) => {
        const held: Deno.Conn[] = [];
        for (let at = 0; at < 4; at++) held.push(await connect());
        using extra = await connect();
        const { elapsed, text } = await untilClosed(extra);
        assertEquals(text, "");
        assert(elapsed < AT_ONCE, `${elapsed} ms`);
        for (const conn of held) conn.close();
        await eventually("the page answers", async () => {
          try {
            using conn = await connect();
            await send(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            return (await untilClosed(conn)).text.includes(address);
          } catch {
            return false;
          }
        });
      },
      where,
      PATIENT,
    );
  },
);

const outside = Deno.networkInterfaces().find(({ address, family }) =>
  family === "IPv4" && !address.startsWith("127.")
)?.address;

Deno.test({
  name: "one client from another host cannot take all connections",
  ignore: outside === undefined,
  async fn() {
    await withServer(
      async (connect) => {
        const held = [await connect(), await connect()];
        for (const conn of held) await send(conn, "GET / HTTP/1.1\r\n");
        using third = await connect();
        assert((await untilClosed(third)).elapsed < AT_ONCE);
        for (const conn of held) conn.close();
      },
      outside!,
      { ...PATIENT, perClient: 2 },
    );
  },
});

Deno.test("a Unix socket takes the place of the daemon's, and is for the group", async () => {
  await inDirectory(async (directory) => {
    const endpoint = { kind: "unix", path: `${directory}/status` } as const;
    using before = await shareEndpoint(endpoint, 0o600);
    const server = await serveHttp(endpoint, answer);
    before.accept().catch(() => {});
    assertEquals((await Deno.stat(endpoint.path)).mode! & 0o777, 0o660);
    using conn = await Deno.connect({ transport: "unix", path: endpoint.path });
    await send(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assertMatch((await untilClosed(conn)).text, /a Unix socket/);
    await server.close(100);
  });
});

onBoth("closing ends open streams in time", async (where) => {
  let begin = 0;
  await withServer(async (connect) => {
    const listener = await connect();
    await send(listener, "GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    await listener.read(new Uint8Array(1000));
    listener.close();
    const other = await connect();
    await send(other, "GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    await other.read(new Uint8Array(1000));
    begin = performance.now();
    setTimeout(() => other.close(), 1000);
  }, where);
  assert(performance.now() - begin < 1000);
});

onBoth(
  "a body without a length, and none where one is usual, can be wrapped",
  (where) =>
    withServer(async (connect) => {
      for (
        const [rest, expected] of [
          ["Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n", "a=b"],
          ["\r\n", ""],
        ] as const
      ) {
        using conn = await connect();
        await send(conn, `POST /wrapped HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${rest}`);
        const { text } = await untilClosed(conn);
        assertMatch(text, /^HTTP\/1\.1 200 /);
        assertEquals(/\r\n\r\n(?:[0-9a-f]+\r\n)?(a=b)?/.exec(text)?.[1] ?? "", expected);
      }
    }, where),
);
