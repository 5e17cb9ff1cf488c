/**
 * Checks of the recipes for other mail servers than Postfix.
 *
 * @module
 */
import { assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../eventually.ts";
import type { ServerRoot } from "./server_root.ts";

/**
 * Starts Greylag beside a running mail server: a first contact is deferred, its retry accepted.
 *
 * @param deferral the reply to the first contact.
 */
export async function checkGreylisting(server: ServerRoot, deferral: RegExp): Promise<void> {
  assertMatch(await server.deliver("down@example.org"), /^250 /, "without Greylag mail passes");
  await server.startGreylag();
  const deliver = () => server.deliver("alice@example.org");
  assertMatch(await deliver(), deferral);
  await eventually("the retry is accepted", async () => /^250 /.test(await deliver()), {
    period: 500,
  });
  assertStringIncludes(
    await server.greylag("find", "alice@example.org", "--json"),
    '"client_name": "mail.example.org"',
  );
}

export async function checkBlock(server: ServerRoot): Promise<void> {
  await server.greylag("block", "mallory@example.org");
  await eventually(
    "a blocked sender is rejected",
    async () => /^550 5\.7\.1 /.test(await server.deliver("mallory@example.org")),
    { period: 300 },
  );
}
