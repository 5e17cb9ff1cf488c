/**
 * The reference: a policy server that replies DUNNO without parsing the request. It is the upper limit
 * of this machine and of Deno's sockets.
 *
 * @module
 */
const [port = "0"] = Deno.args;
const reply = new TextEncoder().encode("action=DUNNO\n\n");
const listener = Deno.listen({ hostname: "127.0.0.1", port: Number(port) });

for await (const conn of listener) {
  (async () => {
    const buffer = new Uint8Array(4096);
    try {
      // One read is one request of the load generator.
      while (await conn.read(buffer) !== null) await conn.write(reply);
    } catch {
      // The client closed the connection.
    }
  })();
}
