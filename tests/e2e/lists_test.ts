import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../eventually.ts";
import { ACCEPTED, ALICE, DEFERRED, REJECTED, withMailServer } from "./mail_server.ts";

const CAROL = { ...ALICE, sender: "carol@example.org" };
const TO_EVE = { ...ALICE, recipients: ["eve@example.net"] };

Deno.test("entries of allow and block take effect while the daemon runs", async () => {
  await withMailServer(async ({ greylag, code, replyTo, untilCode }) => {
    assertEquals(await code(ALICE), DEFERRED);
    assertEquals((await greylag("allow", "example.org", "--note=called")).code, 0);
    await untilCode(ALICE, ACCEPTED);

    await greylag("block", "alice@example.org");
    await untilCode(ALICE, REJECTED);
    assertMatch(await replyTo(ALICE), /^550 5\.7\.1 .*Refused by the policy of this site/);
    assertEquals(await code(CAROL), ACCEPTED);

    await greylag("unlist", "alice@example.org");
    await greylag("unlist", "example.org");
    await untilCode(ALICE, DEFERRED);
  });
});

Deno.test("an entry does not match a client name that Postfix has not verified", async () => {
  await withMailServer(async ({ greylag, code, untilCode }) => {
    await greylag("allow", "example.org");
    await untilCode(CAROL, ACCEPTED);
    const { name: _name, ...unverified } = ALICE;
    assertEquals(await code(unverified), DEFERRED);
    assertEquals(await code(ALICE), ACCEPTED);
  });
});

Deno.test("expected mail passes without delay, and mail to other recipients does not", async () => {
  await withMailServer(async ({ greylag, code, untilCode }) => {
    await greylag("expect", "bob@example.net", "--for=15m");
    await untilCode(ALICE, ACCEPTED);
    assertEquals(await code(TO_EVE), DEFERRED);
    assertEquals(await code({ ...ALICE, recipients: ["postmaster@example.net"] }), ACCEPTED);
  });
});

Deno.test("released mail passes at its next retry from any client, and its triplet is known then", async () => {
  await withMailServer(async ({ greylag, code, untilCode, untilRecorded, daemon }) => {
    assertEquals(await code(ALICE), DEFERRED);
    await untilRecorded(1);
    const { pending, decisions } = JSON.parse((await greylag("find", "alice@", "--json")).out);
    assertEquals(decisions[0].reason, "new");
    assertEquals(pending[0].client_name, "mail.example.org");
    const elsewhere = { ...ALICE, address: "198.51.100.7", name: "out.example.com" };
    assertEquals(await code(elsewhere), DEFERRED);
    assertEquals((await greylag("release", String(pending[0].id))).code, 0);
    await untilCode(elsewhere, ACCEPTED);
    assertEquals(await code({ ...elsewhere, recipients: ["eve@example.net"] }), DEFERRED);
    await greylag("unlist", "1");
    await eventually("the release is not needed", async () => {
      assertEquals(await code(elsewhere), ACCEPTED);
      return daemon.log.includes("reason=known");
    }, { period: 200 });
    await eventually("the history counts what the log says", async () => {
      const stats = JSON.parse((await greylag("stats", "--json")).out);
      const reasons = Object.entries(daemon.countReasons());
      return reasons.every(([reason, count]) => stats.reasons[reason] === count);
    });
    assertEquals(daemon.countReasons()["new"], 3);
  });
});

Deno.test("a client that writes to a trap is deferred for a day, except for known mail", async () => {
  await withMailServer(async ({ greylag, code, replyTo, untilCode, daemon }) => {
    await untilCode(ALICE, ACCEPTED);
    const neighbour = { ...ALICE, address: "192.0.2.11" };
    assertEquals(await code(neighbour), ACCEPTED, "known");
    assertEquals((await greylag("trap", "old@example.net")).code, 0);
    const toTrap = { ...CAROL, recipients: ["old@example.net"] };
    await eventually(
      "the entry takes effect",
      async () => (await replyTo(toTrap)).includes("in 86400 seconds"),
      { period: 200 },
    );
    await daemon.waitFor(/action=greylist, reason=trap, .*recipient=old@example\.net/);

    assertEquals(await code(ALICE), ACCEPTED, "known before");
    assertEquals(await code({ ...ALICE, sender: "dave@example.com" }), DEFERRED);
    await daemon.waitFor(/reason=trap, .*sender=dave@example\.com/);
    assertEquals(await code(neighbour), ACCEPTED, "another client of the same network");
    assertEquals((await greylag("allow", "192.0.2.10")).code, 0);
    await untilCode(ALICE, ACCEPTED);
  }, { settings: () => 'delay = "1s"\n' });
});

Deno.test("a list file of postgrey is reread when it changes", async () => {
  await withMailServer(async ({ directory, code, untilCode, greylag }) => {
    assertEquals(await code(ALICE), DEFERRED);
    await Deno.writeTextFile(`${directory}/clients`, "# postgrey's\n192.0.2\n");
    await untilCode(ALICE, ACCEPTED);
    const { out } = await greylag(
      "explain",
      "--client=192.0.2.10",
      "--sender=alice@example.org",
      "--recipient=bob@example.net",
    );
    assertStringIncludes(out, `${directory}/clients:2`);
    assertStringIncludes(out, "pass, allowed.");
  }, { settings: (directory) => `whitelist_clients = ["${directory}/clients"]\n` });
});

Deno.test("recipients of opt_out get their mail without delay", async () => {
  await withMailServer(async ({ code }) => {
    assertEquals(await code(ALICE), ACCEPTED);
    assertEquals(await code(TO_EVE), DEFERRED);
  }, { settings: () => `opt_out = ["bob@example.net"]\n` });
});
