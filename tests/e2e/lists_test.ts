import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Message } from "./smtp.ts";
import { untilTaken, withBoth } from "./both.ts";

const ALICE: Message = {
  address: "192.0.2.10",
  name: "mail.example.org",
  sender: "alice@example.org",
  recipients: ["bob@example.net"],
};

const DEFERRED = "450 4.7.1";
const ACCEPTED = "250 2.1.5";

Deno.test("an allow entry accepts and a block entry rejects with 550, while the daemon runs", async () => {
  await withBoth(async ({ greylag, replyTo }) => {
    assert((await replyTo(ALICE)).startsWith(DEFERRED));
    assertEquals((await greylag("allow", "example.org", "--note=called")).code, 0);
    await untilTaken();
    assert((await replyTo(ALICE)).startsWith(ACCEPTED));

    await greylag("block", "alice@example.org");
    await untilTaken();
    assertMatch(await replyTo(ALICE), /^550 5\.7\.1 .*Refused by the policy of this site/);
    assert((await replyTo({ ...ALICE, sender: "carol@example.org" })).startsWith(ACCEPTED));

    await greylag("unlist", "alice@example.org");
    await greylag("unlist", "example.org");
    await untilTaken();
    assert((await replyTo(ALICE)).startsWith(DEFERRED));
  });
});

Deno.test("nobody gets in by claiming a name that Postfix did not verify", async () => {
  await withBoth(async ({ greylag, replyTo }) => {
    await greylag("allow", "example.org");
    await untilTaken();
    const { name: _name, ...unverified } = ALICE;
    assert((await replyTo(unverified)).startsWith(DEFERRED));
    assert((await replyTo(ALICE)).startsWith(ACCEPTED));
  });
});

Deno.test("mail that is expected passes now, and mail for others does not", async () => {
  await withBoth(async ({ greylag, replyTo }) => {
    await greylag("expect", "bob@example.net", "--for=15m");
    await untilTaken();
    assert((await replyTo(ALICE)).startsWith(ACCEPTED));
    assert((await replyTo({ ...ALICE, recipients: ["eve@example.net"] })).startsWith(DEFERRED));
    assert(
      (await replyTo({ ...ALICE, recipients: ["postmaster@example.net"] })).startsWith(ACCEPTED),
    );
  });
});

Deno.test("what waits is found and released, and passes at its next try from wherever it comes", async () => {
  await withBoth(async ({ greylag, replyTo }) => {
    assert((await replyTo(ALICE)).startsWith(DEFERRED));
    await untilTaken();
    const { pending, decisions } = JSON.parse((await greylag("find", "alice@", "--json")).out);
    assertEquals(decisions[0].reason, "new");
    assertEquals(pending[0].client_name, "mail.example.org");
    const elsewhere = { ...ALICE, address: "198.51.100.7", name: "out.example.com" };
    assert((await replyTo(elsewhere)).startsWith(DEFERRED));
    assertEquals((await greylag("release", String(pending[0].id))).code, 0);
    await untilTaken();
    assert((await replyTo({ ...elsewhere, recipients: ["eve@example.net"] })).startsWith(DEFERRED));
    assert((await replyTo(elsewhere)).startsWith(ACCEPTED));
    await greylag("unlist", "1");
    await untilTaken();
    // It is known from then on, and the release is not needed any more.
    assert((await replyTo(elsewhere)).startsWith(ACCEPTED));
    await untilTaken();
    const stats = JSON.parse((await greylag("stats", "--json")).out);
    assertEquals(stats.reasons, { new: 3, allowed: 1, known: 1 });
  });
});

Deno.test("a list file of postgrey's counts as it is, and when it changes", async () => {
  await withBoth(async ({ directory, replyTo, greylag }) => {
    assert((await replyTo(ALICE)).startsWith(DEFERRED));
    await Deno.writeTextFile(`${directory}/clients`, "# postgrey's\n192.0.2\n");
    await untilTaken();
    assert((await replyTo(ALICE)).startsWith(ACCEPTED));
    const { out } = await greylag(
      "explain",
      "--client=192.0.2.10",
      "--sender=alice@example.org",
      "--recipient=bob@example.net",
    );
    assertStringIncludes(out, `${directory}/clients:2`);
    assertStringIncludes(out, "pass, allowed.");
  }, { config: (directory) => `whitelist_clients = ["${directory}/clients"]\n` });
});

Deno.test("recipients who do not want greylisting get all their mail at once", async () => {
  await withBoth(async ({ replyTo }) => {
    assert((await replyTo(ALICE)).startsWith(ACCEPTED));
    assert((await replyTo({ ...ALICE, recipients: ["eve@example.net"] })).startsWith(DEFERRED));
  }, { config: () => `opt_out = ["bob@example.net"]\n` });
});
