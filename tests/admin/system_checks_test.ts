import { assertEquals } from "@std/assert";
import { checkSharedClients } from "../../lib/admin/system_checks.ts";
import { MIN_SENDER_DOMAINS } from "../../lib/evidence/shared_clients.ts";

const NUMBERS = Array.from({ length: 3 * MIN_SENDER_DOMAINS }, (_, at) => at);

Deno.test("a shared client is reported once, a client without a readable address never", () => {
  for (const [clientAddress, expected] of [["172.17.0.1", 1], ["unknown", 0]] as const) {
    const found = checkSharedClients(
      NUMBERS.map((at) => ({ clientAddress, sender: `a@d${at}.example`, reason: "new" })),
    );
    assertEquals(found.length, expected, clientAddress);
  }
});
