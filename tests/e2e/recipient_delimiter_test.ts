import { assertEquals } from "@std/assert";
import { withoutExtension } from "../../lib/net/email_address.ts";
import { ACCEPTED, ALICE, DEFERRED, withMailServer } from "./mail_server.ts";

const DELIMITERS = "+-_";

/** Mailboxes that an extension would leave. */
const MAILBOXES = ["bob", "owner", "list", "mailer", "double", "a.b"];

const MAIN_CF = `recipient_delimiter = ${DELIMITERS}
virtual_mailbox_maps = inline:{ ${
  MAILBOXES.map((name) => `{ ${name}@example.net = box/ }`).join(" ")
} }`;

/** Not the name of a mailbox: Postfix accepts it only if it finds an extension. */
const LOCAL_PARTS = [
  "bob+shop",
  "bob-shop",
  "bob_shop",
  "bob_shop+x-y",
  "Bob-Shop",
  "a.b-c",
  "bob.shop",
  "-bob",
  "+bob-x",
  "_bob",
  "bob-",
  "owner-bob",
  "list-request",
  "list-x-request",
  "owner+x",
  "mailer-daemon",
  "double-bounce",
];

Deno.test("a recipient's extension is what Postfix takes for one", async () => {
  await withMailServer(async ({ code }) => {
    for (const local of LOCAL_PARTS) {
      const answer = await code({ ...ALICE, recipients: [`${local}@example.net`] });
      const isSplit = withoutExtension(local.toLowerCase(), DELIMITERS) !== local.toLowerCase();
      assertEquals(answer === ACCEPTED, isSplit, `${local}: ${answer}`);
    }
  }, { mainCf: MAIN_CF, settings: () => 'mode = "off"\n' });
});

Deno.test("mail to one extension makes the sender known to the others", async () => {
  await withMailServer(async ({ code, untilCode }) => {
    const to = (local: string) => ({ ...ALICE, recipients: [`${local}@example.net`] });
    assertEquals(await code(to("bob-shop")), DEFERRED);
    await untilCode(to("bob-shop"), ACCEPTED);
    assertEquals(await code(to("bob_bank")), ACCEPTED);
    assertEquals(await code(to("bob")), ACCEPTED);
    assertEquals(await code(to("a.b-c")), DEFERRED);
  }, {
    mainCf: MAIN_CF,
    settings: () =>
      `recipient_delimiter = "${DELIMITERS}"\ndelay = "1s"\ndelay_suspicious = "1s"\n` +
      "auto_whitelist_clients = 0\nauto_whitelist_domains = 0\n",
  });
});
