import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import { Daemon, inDirectory } from "../daemon.ts";
import { Postfix } from "./postfix.ts";
import { type Message, send } from "./smtp.ts";

/** Seconds that a stranger has to wait in these tests. */
const DELAY = 2;

const ALICE: Message = {
  address: "192.0.2.10",
  name: "mail.example.org",
  sender: "alice@example.org",
  recipients: ["bob@example.net"],
};

interface Setup {
  postfix: Postfix;
  greylag: Daemon;
  restart(how: "stop" | "kill"): Promise<void>;
  /** One recipient's reply, without its text. */
  codeFor(message: Message): Promise<string>;
}

async function withBoth(
  body: (setup: Setup) => Promise<void>,
  settings: string[] = [],
  more = "",
): Promise<void> {
  await inDirectory(async (directory) => {
    const port = getAvailablePort();
    const args = [
      `--inet=${port}`,
      `--database=${directory}/g.db`,
      `--delay=${DELAY}s`,
      ...settings,
    ];
    let greylag = await Daemon.start(args);
    // The README's line for main.cf, with this port.
    const policy =
      `check_policy_service { inet:127.0.0.1:${port}, timeout=10s, default_action=DUNNO }`;
    const postfix = await Postfix.start({ policy, more: more.replaceAll("POLICY", policy) });
    try {
      await body({
        postfix,
        get greylag() {
          return greylag;
        },
        restart: async (how) => {
          await (how === "stop" ? greylag.stop() : greylag.kill());
          greylag = await Daemon.start(args);
        },
        codeFor: async (message) => {
          const { recipients } = await send(postfix.port, message);
          return recipients[0]!.slice(0, 9);
        },
      });
    } finally {
      await postfix.stop();
      await greylag.stop();
    }
  });
}

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const waitItsTime = () => pause(DELAY + 0.1);

const DEFERRED = "450 4.7.1";
const ACCEPTED = "250 2.1.5";

Deno.test("a stranger is deferred, its retry accepted, its next message accepted at once", async () => {
  await withBoth(async ({ postfix, greylag, codeFor, restart }) => {
    const { recipients: [first] } = await send(postfix.port, ALICE);
    assertMatch(first!, /^450 4\.7\.1 .*Greylisted, please try again in 2 seconds/);
    assertEquals(await codeFor(ALICE), DEFERRED, "too early");
    await waitItsTime();
    const retry = await send(postfix.port, ALICE);
    assert(retry.recipients[0]!.startsWith(ACCEPTED) && retry.data!.startsWith("250"));
    const [delivered] = await postfix.delivered(1);
    assertMatch(
      delivered!,
      /^X-Greylist: delayed [2-9] seconds by greylag-\S+ at \S+; .* \+0000$/m,
    );
    assertEquals(await codeFor(ALICE), ACCEPTED, "known");
    await greylag.waitFor("reason=known");
    assertStringIncludes(
      greylag.log,
      "action=greylist, reason=early, client_name=mail.example.org",
    );

    await restart("stop");
    assertEquals(await codeFor(ALICE), ACCEPTED, "known after a restart");
    await restart("kill");
    assertEquals(await codeFor(ALICE), ACCEPTED, "known after a kill -9");
  });
});

Deno.test("an IPv6 client is its /64", async () => {
  await withBoth(async ({ codeFor }) => {
    const client = (address: string): Message => ({ ...ALICE, name: "unknown", address });
    assertEquals(await codeFor(client("2001:db8:1:2::10")), DEFERRED);
    await waitItsTime();
    assertEquals(await codeFor(client("2001:db8:1:3::10")), DEFERRED);
    assertEquals(await codeFor(client("2001:db8:1:2:ffff::99")), ACCEPTED);
  });
});

Deno.test("a retry from another network of the same organisation is accepted", async () => {
  await withBoth(async ({ codeFor }) => {
    const host = (address: string, name: string) => ({ ...ALICE, address, name });
    assertEquals(await codeFor(host("192.0.2.10", "out1.mail.example.org")), DEFERRED);
    await waitItsTime();
    assertEquals(await codeFor(host("203.0.113.9", "dsl-9.isp.example")), DEFERRED);
    assertEquals(await codeFor(host("198.51.100.7", "out2.mail.example.org")), ACCEPTED);
  });
});

Deno.test("the null sender is greylisted at RCPT", async () => {
  await withBoth(async ({ codeFor }) => {
    const bounce = { ...ALICE, sender: "" };
    assertEquals(await codeFor(bounce), DEFERRED);
    await waitItsTime();
    assertEquals(await codeFor(bounce), ACCEPTED);
  });
});

Deno.test("with null_sender = data a callout passes at RCPT and a bounce waits at DATA", async () => {
  await withBoth(
    async ({ postfix, codeFor }) => {
      const bounce = { ...ALICE, sender: "" };
      const first = await send(postfix.port, bounce);
      assertEquals(first.recipients[0]!.slice(0, 9), ACCEPTED);
      assertEquals(first.data!.slice(0, 9), DEFERRED);
      await waitItsTime();
      assertEquals((await send(postfix.port, bounce)).data!.slice(0, 3), "250");
      assertEquals(await codeFor(ALICE), DEFERRED, "others are greylisted at RCPT as before");
    },
    ["--null-sender=data"],
    "smtpd_data_restrictions = POLICY",
  );
});

Deno.test("twenty recipients of one message are delayed once, with one header", async () => {
  await withBoth(
    async ({ postfix }) => {
      const recipients = Array.from({ length: 20 }, (_, at) => `user${at}@example.net`);
      const message = { ...ALICE, recipients };
      const more = "smtpd_soft_error_limit";
      const first = await send(postfix.port, message);
      assert(first.recipients.every((reply) => reply.startsWith(DEFERRED)), more);
      await waitItsTime();
      const retry = await send(postfix.port, {
        ...message,
        recipients: [...recipients, "late@example.net"],
      });
      assert(retry.recipients.every((reply) => reply.startsWith(ACCEPTED)));
      const [delivered] = await postfix.delivered(1);
      assertEquals(delivered!.match(/^X-Greylist:/gm)?.length, 1);
    },
    [],
    "smtpd_soft_error_limit = 100\nsmtpd_hard_error_limit = 100",
  );
});

Deno.test("two Postfix servers ask one Greylag at once", async () => {
  await withBoth(async ({ postfix, greylag }) => {
    const port = /inet:127\.0\.0\.1:(\d+)/.exec(greylag.log)![1];
    const other = await Postfix.start({
      policy: `check_policy_service { inet:127.0.0.1:${port}, timeout=10s, default_action=DUNNO }`,
    });
    try {
      const messages = Array.from({ length: 20 }, (_, at) => ({
        ...ALICE,
        sender: `sender${at % 10}x@example.org`,
      }));
      const all = async () => {
        const outcomes = await Promise.all(
          messages.map((message, at) => send(at < 10 ? postfix.port : other.port, message)),
        );
        return new Set(outcomes.map(({ recipients }) => recipients[0]!.slice(0, 9)));
      };
      assertEquals(await all(), new Set([DEFERRED]));
      await waitItsTime();
      assertEquals(await all(), new Set([ACCEPTED]));
    } finally {
      await other.stop();
    }
  });
});

Deno.test("mail is accepted while Greylag is stopped, and greylisted once it runs again", async () => {
  await inDirectory(async (directory) => {
    const port = getAvailablePort();
    const args = [`--inet=${port}`, `--database=${directory}/g.db`, `--delay=${DELAY}s`];
    const postfix = await Postfix.start({
      policy: `check_policy_service { inet:127.0.0.1:${port}, timeout=10s, default_action=DUNNO }`,
    });
    const code = async (sender: string) => {
      const { recipients } = await send(postfix.port, { ...ALICE, sender });
      return recipients[0]!.slice(0, 9);
    };
    try {
      assertEquals(await code("one@example.org"), ACCEPTED, "not there yet");
      const first = await Daemon.start(args);
      assertEquals(await code("two@example.org"), DEFERRED);
      await first.stop();
      assertEquals(await code("three@example.org"), ACCEPTED, "down");
      const second = await Daemon.start(args);
      assertEquals(await code("four@example.org"), DEFERRED, "back");
      await waitItsTime();
      assertEquals(await code("two@example.org"), ACCEPTED, "remembered");
      await second.stop();
    } finally {
      await postfix.stop();
    }
  });
});

Deno.test("a Unix socket serves Postfix as well", async () => {
  await inDirectory(async (directory) => {
    await Deno.chmod(directory, 0o755);
    const greylag = await Daemon.start([
      `--unix=${directory}/policy`,
      `--database=${directory}/db/g.db`,
    ]);
    const postfix = await Postfix.start({
      policy:
        `check_policy_service { unix:${directory}/policy, timeout=10s, default_action=DUNNO }`,
    });
    try {
      const { recipients: [reply] } = await send(postfix.port, ALICE);
      assertEquals(reply!.slice(0, 9), DEFERRED);
    } finally {
      await postfix.stop();
      await greylag.stop();
    }
  });
});

Deno.test("shadow mode accepts all mail, and Postfix logs what would have happened", async () => {
  await withBoth(async ({ postfix, codeFor }) => {
    assertEquals(await codeFor(ALICE), ACCEPTED);
    assertStringIncludes(await postfix.log(), "greylag would have deferred this: new");
  }, ["--mode=shadow"]);
});
