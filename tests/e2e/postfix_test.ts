import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import {
  ACCEPTED,
  ALICE,
  DEFERRED,
  type MailServer,
  type MailServerOptions,
  withMailServer,
} from "./mail_server.ts";
import { Postfix } from "./postfix.ts";
import { type Message, send } from "./smtp.ts";

/** Seconds. */
const DELAY = 2;

/** Long enough for two attempts of a busy machine. */
const LONG_DELAY = 6;

const untilDelayEnds = () => pause(DELAY * 1000 + 100);

function withDelay(
  body: (server: MailServer) => Promise<void>,
  { settings = () => "", ...options }: MailServerOptions = {},
): Promise<void> {
  return withMailServer(body, {
    settings: (directory) =>
      `delay = "${DELAY}s"\ndelay_suspicious = "${DELAY}s"\n${settings(directory)}`,
    ...options,
  });
}

Deno.test("a first contact is deferred, its retry accepted, and its next message passes without delay", async () => {
  await withMailServer(async ({ postfix, daemon, send, code, restart, untilCode }) => {
    const { recipients: [first] } = await send(ALICE);
    assertMatch(first!, /^450 4\.7\.1 .*Greylisted, please try again in 6 seconds/);
    assertEquals(await code(ALICE), DEFERRED, "early");
    await untilCode(ALICE, ACCEPTED);
    const [delivered] = await postfix.delivered(1);
    assertMatch(
      delivered!,
      /^X-Greylist: delayed \d+ seconds by greylag-\S+ at \S+; .* \+0000$/m,
    );
    assertEquals(await code(ALICE), ACCEPTED, "known");
    await daemon.waitFor("reason=known");
    assertStringIncludes(
      daemon.log,
      "action=greylist, reason=early, client_name=mail.example.org",
    );

    await restart("SIGTERM");
    assertEquals(await code(ALICE), ACCEPTED, "known after a restart");
    await restart("SIGKILL");
    assertEquals(await code(ALICE), ACCEPTED, "known after a kill -9");
  }, { settings: () => `delay = "${LONG_DELAY}s"\n` });
});

Deno.test("an IPv6 client may retry from its /64 only", async () => {
  await withDelay(async ({ code }) => {
    const client = (address: string): Message => ({ ...ALICE, name: "unknown", address });
    assertEquals(await code(client("2001:db8:1:2::10")), DEFERRED);
    await untilDelayEnds();
    assertEquals(await code(client("2001:db8:1:3::10")), DEFERRED);
    assertEquals(await code(client("2001:db8:1:2:ffff::99")), ACCEPTED);
  });
});

Deno.test("a client may retry from another network under a name of the same organisation", async () => {
  await withDelay(async ({ code }) => {
    const host = (address: string, name: string) => ({ ...ALICE, address, name });
    assertEquals(await code(host("192.0.2.10", "out1.mail.example.org")), DEFERRED);
    await untilDelayEnds();
    assertEquals(await code(host("203.0.113.9", "dsl-9.isp.example")), DEFERRED);
    assertEquals(await code(host("198.51.100.7", "out2.mail.example.org")), ACCEPTED);
  });
});

Deno.test("the null sender is greylisted at RCPT", async () => {
  await withDelay(async ({ code, untilCode }) => {
    const bounce = { ...ALICE, sender: "" };
    assertEquals(await code(bounce), DEFERRED);
    await untilCode(bounce, ACCEPTED);
  });
});

Deno.test("with null_sender = data a callout passes at RCPT and a bounce is deferred at DATA", async () => {
  await withDelay(
    async ({ send, code }) => {
      const bounce = { ...ALICE, sender: "" };
      const first = await send(bounce);
      assertEquals(first.recipients[0]!.slice(0, 9), ACCEPTED);
      assertEquals(first.data!.slice(0, 9), DEFERRED);
      await untilDelayEnds();
      assertEquals((await send(bounce)).data!.slice(0, 3), "250");
      const other = { ...ALICE, name: "out.other.example", sender: "carol@other.example" };
      assertEquals(await code(other), DEFERRED, "other senders are greylisted at RCPT");
    },
    { settings: () => 'null_sender = "data"\n', mainCf: "smtpd_data_restrictions = POLICY" },
  );
});

Deno.test("with null_sender = data a bounce to two recipients passes only if both may have it", async () => {
  await withDelay(
    async ({ send, postfix }) => {
      const bounceTo = async (...names: string[]) => {
        const recipients = names.map((name) => `${name}@example.net`);
        // A client without a name earns no trust by one retry.
        const outcome = await send({ address: "192.0.2.10", sender: "", recipients });
        for (const reply of outcome.recipients) assertEquals(reply.slice(0, 9), ACCEPTED);
        return outcome.data!;
      };
      assertMatch(await bounceTo("bob", "eve"), /^450 4\.7\.1 .*Greylisted/);
      await untilDelayEnds();
      assertMatch(await bounceTo("bob", "carol"), /^450/, "the first of two is not enough");
      assertMatch(await bounceTo("bob", "eve"), /^250/);
      assertMatch(await bounceTo("eve", "bob"), /^250/, "known");
      assertMatch(await bounceTo("eve", "dave"), /^450/, "dave is new");
      const bounces = await postfix.delivered(4);
      assertEquals(bounces.length, 4, "each of two bounces to two recipients");
    },
    { settings: () => 'null_sender = "data"\n', mainCf: "smtpd_data_restrictions = POLICY" },
  );
});

Deno.test("twenty recipients of a message share one delay and one header", async () => {
  await withDelay(
    async ({ postfix, send }) => {
      const recipients = Array.from({ length: 20 }, (_, at) => `user${at}@example.net`);
      const message = { ...ALICE, recipients };
      const first = await send(message);
      assert(first.recipients.every((reply) => reply.startsWith(DEFERRED)));
      await untilDelayEnds();
      const retry = await send({ ...message, recipients: [...recipients, "late@example.net"] });
      assert(retry.recipients.every((reply) => reply.startsWith(ACCEPTED)));
      const [delivered] = await postfix.delivered(1);
      assertEquals(delivered!.match(/^X-Greylist:/gm)?.length, 1);
    },
    { mainCf: "smtpd_soft_error_limit = 100\nsmtpd_hard_error_limit = 100" },
  );
});

Deno.test("two Postfix servers share one Greylag", async () => {
  await withDelay(async ({ postfix, endpoint }) => {
    const other = await Postfix.start(endpoint);
    try {
      const messages = Array.from({ length: 20 }, (_, at) => ({
        ...ALICE,
        sender: `sender${at % 10}x@example.org`,
      }));
      const sendAll = async () => {
        const outcomes = await Promise.all(
          messages.map((message, at) => send(at < 10 ? postfix.port : other.port, message)),
        );
        return new Set(outcomes.map(({ recipients }) => recipients[0]!.slice(0, 9)));
      };
      assertEquals(await sendAll(), new Set([DEFERRED]));
      await untilDelayEnds();
      assertEquals(await sendAll(), new Set([ACCEPTED]));
    } finally {
      await other.stop();
    }
  });
});

Deno.test("Postfix accepts mail while Greylag is down", async () => {
  await inDirectory(async (directory) => {
    const port = freePort();
    const args = [`--inet=${port}`, `--database=${directory}/g.db`, `--delay=${DELAY}s`];
    const postfix = await Postfix.start(`inet:127.0.0.1:${port}`);
    const code = async (sender: string) => {
      const { recipients } = await send(postfix.port, { ...ALICE, sender });
      return recipients[0]!.slice(0, 9);
    };
    try {
      assertEquals(await code("one@example.org"), ACCEPTED, "before the start");
      const first = await Daemon.start(args);
      assertEquals(await code("two@example.org"), DEFERRED);
      await first.stop();
      assertEquals(await code("three@example.org"), ACCEPTED, "stopped");
      const second = await Daemon.start(args);
      assertEquals(await code("four@example.org"), DEFERRED, "started again");
      await untilDelayEnds();
      assertEquals(await code("two@example.org"), ACCEPTED, "pending across the restart");
      await second.stop();
    } finally {
      await postfix.stop();
    }
  });
});

Deno.test("Postfix reaches Greylag through a Unix socket", async () => {
  await inDirectory(async (directory) => {
    await Deno.chmod(directory, 0o755);
    const daemon = await Daemon.start([
      `--unix=${directory}/policy`,
      `--database=${directory}/db/g.db`,
    ]);
    const postfix = await Postfix.start(`unix:${directory}/policy`);
    try {
      const { recipients: [reply] } = await send(postfix.port, ALICE);
      assertEquals(reply!.slice(0, 9), DEFERRED);
    } finally {
      await postfix.stop();
      await daemon.stop();
    }
  });
});

Deno.test("in shadow mode all mail passes, and Postfix logs the verdict", async () => {
  await withDelay(async ({ postfix, code }) => {
    assertEquals(await code(ALICE), ACCEPTED);
    await eventually(
      "Postfix logs the verdict",
      async () => (await postfix.log()).includes("greylag would have deferred this: new"),
      {},
      () => postfix.log(),
    );
  }, { settings: () => 'mode = "shadow"\n' });
});
