import { assertEquals, assertRejects } from "@std/assert";
import { freePort } from "../free_port.ts";
import { PolicyServer } from "../../lib/postfix/listener.ts";
import { probe } from "../../lib/postfix/probe.ts";
import { DUNNO } from "../../lib/postfix/reply.ts";

async function against(serve: (conn: Deno.Conn) => Promise<void>): Promise<boolean> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = listener.accept().then(serve);
  const found = await probe({ kind: "inet", host: "127.0.0.1", port: listener.addr.port }, 100);
  await serving;
  listener.close();
  return found;
}

Deno.test("only a valid reply in time counts as a policy server", async () => {
  const server = new PolicyServer(() => Promise.resolve(DUNNO), {
    limit: () => {},
    acceptFailed: () => {},
  });
  assertEquals(
    await probe(await server.listen({ kind: "inet", host: "127.0.0.1", port: 0 }), 1000),
    true,
  );
  await server.close();
  const says = (text: string) => async (conn: Deno.Conn) => {
    await conn.write(new TextEncoder().encode(text));
    await conn.read(new Uint8Array(512));
    conn.close();
  };
  assertEquals(await against(says("220 mx ESMTP\r\n")), false);
  assertEquals(await against((conn) => Promise.resolve(conn.close())), false);
  assertEquals(
    await against(async (conn) => {
      while (await conn.read(new Uint8Array(512)).catch(() => null) !== null);
      conn.close();
    }),
    false,
  );
});

Deno.test("a refused connection is an error", async () => {
  await assertRejects(() => probe({ kind: "inet", host: "127.0.0.1", port: freePort() }, 100));
});
