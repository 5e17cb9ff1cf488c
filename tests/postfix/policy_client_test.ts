import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { PolicyClient, resultOf } from "../../lib/postfix/policy_client.ts";

Deno.test("actions of access(5) become accept, defer or reject", () => {
  const table: [action: string, kind: string, text: string][] = [
    ["DUNNO", "accept", ""],
    ["OK", "accept", ""],
    ["PREPEND X-Greylist: delayed 60 seconds", "accept", ""],
    ["INFO greylag would have deferred this", "accept", ""],
    ["", "accept", ""],
    ["DEFER_IF_PERMIT 4.7.1 Greylisted", "defer", "4.7.1 Greylisted"],
    ["DEFER 4.7.1 Greylisted", "defer", "4.7.1 Greylisted"],
    ["450 4.7.1 Greylisted", "defer", "4.7.1 Greylisted"],
    ["550 5.7.1 Blocked", "reject", "5.7.1 Blocked"],
    ["REJECT 5.7.1 Blocked", "reject", "5.7.1 Blocked"],
  ];
  for (const [action, kind, text] of table) {
    assertEquals(resultOf(action), { kind, text } as ReturnType<typeof resultOf>, action);
  }
});

/** A policy server that handles each connection with the next function. */
async function withServer(
  handlers: readonly ((conn: Deno.Conn) => Promise<void>)[],
  body: (client: PolicyClient) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const serving = (async () => {
    for (const handler of handlers) await handler(await listener.accept());
  })();
  const client = new PolicyClient({ kind: "inet", host: "127.0.0.1", port }, 500);
  try {
    await body(client);
    await serving;
  } finally {
    client.close();
    listener.close();
  }
}

const say = (conn: Deno.Conn, text: string) => conn.write(new TextEncoder().encode(text));

async function read(conn: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(1024);
  return new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
}

Deno.test("two requests share a connection, and a reply may arrive in pieces", async () => {
  const seen: string[] = [];
  await withServer([async (conn) => {
    seen.push(await read(conn));
    await say(conn, "action=DEFER_IF_PER");
    await say(conn, "MIT 4.7.1 Greylisted\n\n");
    seen.push(await read(conn));
    await say(conn, "action=DUNNO\n\n");
    conn.close();
  }], async (client) => {
    const replies = await Promise.all([client.ask({ sender: "a" }), client.ask({ sender: "b" })]);
    assertEquals(replies.map(({ kind }) => kind), ["defer", "accept"]);
  });
  assertEquals(seen, ["sender=a\n\n", "sender=b\n\n"]);
});

Deno.test("a connection that the server has closed is replaced", async () => {
  const answerOnce = async (conn: Deno.Conn) => {
    await read(conn);
    await say(conn, "action=DUNNO\n\n");
    conn.close();
  };
  await withServer([answerOnce, answerOnce], async (client) => {
    assertEquals((await client.ask({})).kind, "accept");
    assertEquals((await client.ask({})).kind, "accept");
  });
});

Deno.test("after a failure the next request uses a new connection", async () => {
  await withServer([
    (conn) => Promise.resolve(conn.close()),
    async (conn) => {
      await read(conn);
      await say(conn, "nonsense\n\n");
      conn.close();
    },
    async (conn) => {
      // Silent until the client gives up.
      while (await read(conn) !== "");
      conn.close();
    },
    async (conn) => {
      await read(conn);
      await say(conn, "action=DUNNO\n\n");
      conn.close();
    },
  ], async (client) => {
    for (const why of ["closed", "no action", "timeout after 500 ms"]) {
      const error = await assertRejects(
        () => client.ask({}),
        Error,
        "no reply from inet:127.0.0.1:",
      );
      if (why !== "closed") assertStringIncludes(error.message, why);
    }
    assertEquals((await client.ask({})).kind, "accept");
  });
});
