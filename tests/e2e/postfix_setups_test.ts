import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { Daemon, inDirectory, untilListening } from "../daemon.ts";
import { eventually } from "../eventually.ts";
import { ACCEPTED, ALICE, DEFERRED } from "./mail_server.ts";
import { Postfix } from "./postfix.ts";
import { recipe } from "./recipe.ts";
import { type Message, send } from "./smtp.ts";

interface Setup {
  readonly daemon: Daemon;
  readonly postfix: Postfix;
  code(message: Message, port?: number): Promise<string>;
}

/** Runs a body with Greylag and a Postfix whose configuration names its endpoint as the documents do. */
async function withPostfix(
  configure: (policy: string) => Promise<readonly [mainCf: string, masterCf?: string]>,
  body: (setup: Setup) => Promise<void>,
): Promise<void> {
  await inDirectory(async (directory) => {
    const endpoint = `inet:127.0.0.1:${freePort()}`;
    const args = [`--inet=${endpoint.slice(5)}`, `--database=${directory}/g.db`, "--delay=2s"];
    const daemon = await Daemon.start([...args, "--delay-suspicious=2s"]);
    try {
      const [mainCf, masterCf] = await configure(endpoint);
      const postfix = await Postfix.start(endpoint, mainCf, masterCf);
      const code = async (message: Message, port = postfix.port) =>
        (await send(port, message)).recipients[0]!.slice(0, 9);
      try {
        await body({ daemon, postfix, code });
      } finally {
        await postfix.stop();
      }
    } finally {
      await daemon.stop();
    }
  });
}

/**
 * The greeting of Dovecot's password server, without which smtpd does not start. Nobody asks it for a
 * password: XCLIENT names the user.
 */
class PasswordServer {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #serving = this.#serve();

  get port(): number {
    return this.#listener.addr.port;
  }

  async #serve(): Promise<void> {
    const lines = ["VERSION\t1\t1", "MECH\tPLAIN\tplaintext", "SPID\t1", "CUID\t1", "DONE", ""];
    for await (const conn of this.#listener) {
      await conn.write(new TextEncoder().encode(lines.join("\n")));
      // Until smtpd has read it and ends.
      conn.readable.pipeTo(new WritableStream()).catch(() => {});
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }
}

/** A block of docs/postfix.md with another endpoint. */
async function block(heading: string, endpoint: string): Promise<string> {
  return (await recipe("postfix.md", heading)).replaceAll("inet:127.0.0.1:10023", endpoint);
}

async function deferThenAccept({ code, daemon, postfix }: Setup, port?: number): Promise<void> {
  assertEquals(await code(ALICE, port), DEFERRED, await postfix.log());
  await eventually("the retry is accepted", async () => await code(ALICE, port) === ACCEPTED, {
    period: 500,
  }, () => daemon.log);
}

Deno.test("the submission service has Greylag learn, and replies are not delayed", async () => {
  const submission = freePort();
  await using passwords = new PasswordServer();
  await withPostfix(async (endpoint) => {
    const service = (await block("## Your own users send", endpoint))
      .replace("submission inet n - y", `127.0.0.1:${submission} inet n - n`);
    const mainCf =
      `smtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:127.0.0.1:${passwords.port}\n`;
    return [mainCf, service];
  }, async ({ code, daemon, postfix }) => {
    assertMatch(await code({ ...ALICE, sender: "one@example.org" }), /^450/);
    const outgoing: Message = {
      address: "192.0.2.77",
      login: "bob",
      sender: "bob@example.net",
      recipients: ["shop@correspondent.example"],
    };
    const [reply] = (await send(submission, outgoing)).recipients;
    assertMatch(reply!, /^250 /, `${reply} ${daemon.log} ${await postfix.log()}`);
    const stranger: Message = {
      ...ALICE,
      name: "mail.correspondent.example",
      sender: "shop@correspondent.example",
    };
    await eventually("a reply passes", async () => await code(stranger) === ACCEPTED, {
      period: 300,
    }, () => daemon.log);
    await daemon.waitFor("reason=correspondent");
    const unknown = await send(submission, { ...outgoing, login: undefined });
    assertMatch(unknown.recipients[0]!, /^[45]54 .*Relay access denied/, "without a password");
  });
});

Deno.test("behind postscreen a first contact is deferred by Greylag and its retry accepted", async () => {
  const port = freePort();
  await withPostfix(async (endpoint) => [
    "postscreen_greet_wait = 1s\npostscreen_cache_map =\n" +
    (await block("## postscreen", endpoint)).replace("    permit_mynetworks,\n", ""),
    `127.0.0.1:${port} inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\n` +
    "dnsblog unix - - n - 0 dnsblog\ntlsproxy unix - - n - 0 tlsproxy\n",
  ], async (setup) => {
    await untilListening(port);
    await deferThenAccept(setup, port);
    assertStringIncludes(await setup.postfix.log(), "postfix/postscreen");
  });
});

Deno.test("with smtpd_delay_reject = no a first contact is deferred and its retry accepted", async () => {
  await withPostfix(async (endpoint) => [
    (await block("## smtpd_delay_reject", endpoint)).replace("    permit_mynetworks,\n", ""),
  ], (setup) => deferThenAccept(setup));
});
