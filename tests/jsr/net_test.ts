import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";

Deno.test("a port is free, and the preferred one is taken only if it is", () => {
  const port = getAvailablePort();
  assert(port > 0 && port < 65536);
  assertEquals(getAvailablePort({ preferredPort: port }), port);
  const listener = Deno.listen({ port });
  assertNotEquals(getAvailablePort({ preferredPort: port }), port);
  listener.close();
});
