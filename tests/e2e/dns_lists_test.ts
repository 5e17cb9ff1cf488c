import { assertEquals, assertMatch } from "@std/assert";
import { eventually, pause } from "../eventually.ts";
import { Knot } from "./knot.ts";
import { ACCEPTED, DEFERRED, type MailServer, withMailServer } from "./mail_server.ts";
import type { Message } from "./smtp.ts";

/** Seconds. */
const DELAY = 1;
const DELAY_SUSPICIOUS = 7;

const LIST = "dnsbl.example";

/** The test entry of RFC 5782, 5. */
const TEST_ENTRY = "2.0.0.127 A 127.0.0.2";

const LISTED: Message = {
  address: "198.51.100.66",
  name: "mail.listed.example",
  helo: "mail.listed.example",
  sender: "news@listed.example",
  recipients: ["bob@example.net"],
};

/** With a time to live of one second: a fresh answer is asked for once in half a minute. */
const LISTED_ENTRY = "66.100.51.198 1 A 127.0.0.2";

/** A client without any suspicious signal, of an organisation of its own. */
const stranger = (domain: string): Message => ({
  address: "192.0.2.10",
  name: `mail.${domain}`,
  helo: `mail.${domain}`,
  sender: `alice@${domain}`,
  recipients: ["bob@example.net"],
});

const DOMAINS = ["listed.example", "one.example", "two.example", "three.example", "four.example"];

/** Zones of the senders and, unless undefined, of the list. */
function zonesOf(list?: string): Record<string, string> {
  const senders = DOMAINS.map((domain) => [domain, '@ TXT "v=spf1 ip4:192.0.2.0/24 ~all"']);
  return { ...Object.fromEntries(senders), ...(list === undefined ? {} : { [LIST]: list }) };
}

interface Setup extends MailServer {
  /** Replaces the records of the list; undefined for a list that is gone. */
  publish(list?: string): Promise<void>;
}

async function withList(
  body: (setup: Setup) => Promise<void>,
  list: string,
  settings = "",
): Promise<void> {
  let knot = await Knot.start(zonesOf(list));
  try {
    await withMailServer((server) =>
      body({
        ...server,
        async publish(list) {
          knot = await knot.serve(zonesOf(list));
        },
      }), {
      settings: () =>
        `delay = "${DELAY}s"\ndelay_suspicious = "${DELAY_SUSPICIOUS}s"\n` +
        `dns_lists = ["${LIST}"]\n${settings}`,
      dnsServer: `127.0.0.1:${knot.port}`,
    });
  } finally {
    await knot.stop();
  }
}

Deno.test("a listed client is deferred, rejected at its retry while listed, and accepted once delisted", async () => {
  await withList(async ({ replyTo, code, publish, daemon, greylag }) => {
    assertMatch(await replyTo(LISTED), /^450 4\.7\.1 .* try again in 7 seconds/);
    await daemon.waitFor("reason=new");
    await pause(DELAY * 1000 + 100);
    assertEquals(await code(LISTED), DEFERRED, "not yet");
    await pause(DELAY_SUSPICIOUS * 1000);
    assertMatch(
      await replyTo(LISTED),
      /^554 5\.7\.1 .*Client host \[198\.51\.100\.66\] is listed by dnsbl\.example/,
    );
    await daemon.waitFor(/action=reject, reason=listed, .*by=dnsbl\.example/);
    // The history is written a moment after the log.
    await eventually("the history has the rejection", async () => {
      const { out } = await greylag("find", "news@listed.example", "--json");
      return JSON.parse(out).decisions[0].reason === "listed";
    });

    await publish(TEST_ENTRY);
    await pause(1100);
    assertEquals(await code(LISTED), ACCEPTED);
    await daemon.waitFor("reason=retried");
  }, `${TEST_ENTRY}\n${LISTED_ENTRY}`);
});

Deno.test("with listed = defer a listed client is deferred until it is delisted, and never rejected", async () => {
  await withList(
    async ({ replyTo, code, untilCode, publish, daemon }) => {
      assertEquals(await code(LISTED), DEFERRED);
      await pause(DELAY_SUSPICIOUS * 1000 + 100);
      assertMatch(await replyTo(LISTED), /^450 4\.7\.1 .* try again in 7 seconds/);
      await daemon.waitFor(/action=greylist, reason=listed, .*by=dnsbl\.example/);
      assertEquals(await code(LISTED), DEFERRED, "as long as it is listed");

      await publish(TEST_ENTRY);
      await untilCode(LISTED, ACCEPTED);
      await daemon.waitFor("reason=retried");
      assertEquals(/action=reject/.test(daemon.log), false);
    },
    `${TEST_ENTRY}\n${LISTED_ENTRY}`,
    'listed = "defer"\n',
  );
});

Deno.test("mode auto accepts a low-suspicion stranger while a list works, and defers it otherwise", async () => {
  await withList(async ({ code, publish, daemon }) => {
    assertEquals(await code(stranger("one.example")), ACCEPTED);
    await daemon.waitFor("reason=low-suspicion");
    const { name: _name, ...unnamed } = stranger("two.example");
    assertEquals(await code(unnamed), DEFERRED, "suspicious");

    await publish();
    // Another address: the answer about the first is cached.
    const later = { ...stranger("three.example"), address: "192.0.2.11" };
    assertEquals(await code(later), DEFERRED, "the list is gone");
    await publish(TEST_ENTRY);
    const last = { ...stranger("four.example"), address: "192.0.2.12" };
    assertEquals(await code(last), ACCEPTED, "the list is back");
  }, TEST_ENTRY);
});

Deno.test("a list that refuses this resolver or lists everybody is switched off, and strangers are deferred", async () => {
  for (
    const [list, why] of [
      ["* A 127.255.255.254", "127.255.255.254"],
      ["* A 127.0.0.2", "lists 127.0.0.1"],
    ] as const
  ) {
    await withList(async ({ replyTo, code, daemon }) => {
      assertMatch(await replyTo(stranger("one.example")), /^450 4\.7\.1 .* in 1 seconds/);
      await daemon.waitFor(new RegExp(`dnsbl\\.example.*${why.replaceAll(".", "\\.")}`));
      await pause(DELAY * 1000 + 100);
      assertEquals(await code(stranger("one.example")), ACCEPTED, "not rejected as listed");
    }, list);
  }
});
