/**
 * The reference: a policy server that answers DUNNO without looking at what it is asked. Nothing on
 * the same runtime can be faster, so it is what the machine and Deno's sockets allow.
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
      // Every read is taken for one request; the load generator sends no other.
      while (await conn.read(buffer) !== null) await conn.write(reply);
    } catch {
      // The client went away.
    }
  })();
}
