/**
 * The reference: a policy server that answers DUNNO without parsing the request. No policy
 * server in Deno is faster.
 *
 *     deno run --allow-net bench/reference.ts PORT
 *
 * @module
 */
const reply = new TextEncoder().encode("action=DUNNO\n\n");
const buffer = new Uint8Array(4096);

async function serve(conn: Deno.Conn): Promise<void> {
  // The load generator has one request in flight and sends it in one piece.
  while (await conn.read(buffer) !== null) await conn.write(reply);
}

const listener = Deno.listen({ hostname: "127.0.0.1", port: Number(Deno.args[0]) });
for await (const conn of listener) serve(conn).catch(() => conn.close());
