import { assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../free_port.ts";
import { Daemon, inDirectory } from "../daemon.ts";
import { eventually } from "../eventually.ts";
import { writeLogs } from "./loggers.ts";
import { ACCEPTED, ALICE, DEFERRED } from "./mail_server.ts";
import { Postfix } from "./postfix.ts";
import { type Message, send } from "./smtp.ts";

/** Delivers by LMTP and answers as a content filter does that quarantines everything. */
function quarantine(port: number): Deno.Listener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const serve = async (conn: Deno.Conn) => {
    const write = (line: string) => conn.write(new TextEncoder().encode(`${line}\r\n`));
    await write("220 filter LMTP");
    let isData = false;
    let text = "";
    for await (const piece of conn.readable.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const lines = text.split("\r\n");
      text = lines.pop()!;
      for (const line of lines) {
        if (isData && line !== ".") continue;
        if (isData) await write("250 2.7.0 Ok, discarded, id=12345-01 - spam");
        else if (line === "DATA") await write("354 go on");
        else await write("250 2.0.0 ok");
        isData = line === "DATA";
      }
    }
  };
  (async () => {
    for await (const conn of listener) serve(conn).catch(() => {});
  })();
  return listener;
}

const QUARANTINED = { ...ALICE, sender: "spam@example.com", recipients: ["bob@spam.example"] };
const OWN = { ...ALICE, address: "198.51.100.7", name: "app.example.net" };
const MX = {
  ...ALICE,
  address: "203.0.113.7",
  name: "mx.example.com",
  sender: "Mx.User@x.example",
};
const PROXIED = {
  ...ALICE,
  address: "2001:db8::7",
  name: "out.example.com",
  sender: "Proxied.User@example.com",
};

/** The log of a Postfix with a second service and a before-queue filter. */
async function logOf(directory: string): Promise<string> {
  const policy = freePort();
  const [other, proxied, back, filter] = Array.from({ length: 4 }, () => freePort());
  const daemon = await Daemon.start([
    `--inet=${policy}`,
    `--database=${directory}/first/g.db`,
    "--delay=1s",
    "--delay-suspicious=1s",
    "--builtin-list=false",
  ]);
  const service = (port: number, ...options: string[]) =>
    `127.0.0.1:${port} inet n - n - - smtpd\n${options.map((one) => `  -o ${one}\n`).join("")}`;
  const postfix = await Postfix.start(
    `inet:127.0.0.1:${policy}`,
    `virtual_mailbox_domains = example.net, spam.example
transport_maps = inline:{spam.example=lmtp:inet:127.0.0.1:${filter}}
smtpd_authorized_xforward_hosts = 127.0.0.1`,
    service(other!, "syslog_name=postfix-in") +
      service(
        proxied!,
        "syslog_name=postfix/mx",
        `smtpd_proxy_filter=127.0.0.1:${back}`,
      ) +
      service(
        back!,
        `syslog_name=postfix/${back}`,
        "smtpd_recipient_restrictions=reject_unauth_destination",
      ) +
      "lmtp unix - - n - - lmtp\n",
  );
  const listener = quarantine(filter!);
  try {
    const codeAt = async (port: number, message: Message) =>
      (await send(port, message)).recipients[0]!.slice(0, 9);
    assertEquals(await codeAt(postfix.port, ALICE), DEFERRED);
    const messages: [number, Message][] = [
      [postfix.port, ALICE],
      [postfix.port, OWN],
      [postfix.port, QUARANTINED],
      [other!, MX],
      [proxied!, PROXIED],
    ];
    for (const [port, message] of messages) {
      await eventually(
        `${message.sender} is accepted`,
        async () => (await codeAt(port, message)) === ACCEPTED,
        { period: 300 },
        () => postfix.log(),
      );
    }
    await eventually(
      "all messages left the queue",
      async () => (await postfix.log()).match(/: removed$/gm)?.length === messages.length,
      {},
      () => postfix.log(),
    );
    return await postfix.log();
  } finally {
    listener.close();
    await postfix.stop();
    await daemon.stop();
  }
}

Deno.test("the log of Postfix is read alike in every form that syslog and journald write", async () => {
  await inDirectory(async (directory) => {
    await Deno.chmod(directory, 0o755);
    const log = await logOf(directory);
    assertStringIncludes(log, "orig_client=out.example.com[2001:db8::7]");
    const files = await writeLogs(log, directory);
    for (const file of files) {
      const database = `--database=${file}.db`;
      const args = ["import", "postfix", "--mynetworks=198.51.100.0/24", "--json", database];
      const { code, out, err } = await Daemon.run([...args, file]);
      assertEquals(code, 0, `${file}: ${err}`);
      const { known, errors, log: counts } = JSON.parse(out);
      assertEquals(
        { known, errors, deliveries: counts.deliveries, excluded: counts.excluded },
        {
          known: 3,
          errors: 0,
          deliveries: 3,
          excluded: { local: 0, own: 1, outgoing: 0, discarded: 1, untraced: 0 },
        },
        `${file}: ${out}`,
      );
    }

    const port = freePort();
    const daemon = await Daemon.start([
      `--inet=${port}`,
      `--database=${directory}/journal.export.db`,
      "--builtin-list=false",
    ]);
    const reply = ({ address, name, sender, recipients }: Message) =>
      daemon.ask({
        client_address: address,
        client_name: name ?? "unknown",
        sender: sender.toLowerCase(),
        recipient: recipients[0]!,
      });
    for (const message of [ALICE, MX, PROXIED]) {
      assertStringIncludes(await reply(message), "DUNNO", message.sender);
    }
    for (const message of [QUARANTINED, { ...OWN, sender: "other@example.org" }]) {
      assertStringIncludes(await reply(message), "DEFER", message.sender);
    }
    await daemon.stop();
  });
});
