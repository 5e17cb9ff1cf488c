import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { sendMail, smtpObstacle } from "../../lib/notify/mail.ts";
import type { Rendered } from "../../lib/notify/render.ts";

/** An SMTP server that answers RCPT with `reply`; resolves to the messages that it took. */
async function withSmtpServer(
  reply: string,
  body: (port: number) => Promise<void>,
): Promise<string[]> {
  const messages: string[] = [];
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serve = async (conn: Deno.Conn) => {
    const say = (text: string) => conn.write(new TextEncoder().encode(`${text}\r\n`));
    await say("220 mx.example ESMTP");
    let [text, isData] = ["", false];
    for await (const piece of conn.readable.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const end = isData ? "\r\n.\r\n" : "\r\n";
      for (let at = text.indexOf(end); at >= 0; at = text.indexOf(end)) {
        const line = text.slice(0, at);
        text = text.slice(at + end.length);
        if (isData) messages.push(line);
        isData = !isData && line === "DATA";
        await say(isData ? "354 go on" : line.startsWith("RCPT") ? reply : "250 ok");
        if (isData) break;
      }
    }
  };
  const accepting = (async () => {
    for await (const conn of listener) serve(conn).catch(() => {});
  })();
  try {
    await body(listener.addr.port);
  } finally {
    listener.close();
    await accepting;
  }
  return messages;
}

const RENDERED: Rendered = {
  language: "en",
  title: "Mail waits",
  intro: "A <script> waits.",
  counts: [],
  choose: "",
  items: [],
  lines: [],
  footer: "",
  isUrgent: false,
};

const settingsFor = (port: number) => ({
  smtp: { kind: "inet", host: "127.0.0.1", port } as const,
  from: "greylag@mx.example",
  envelopeSender: "",
  hostname: "mx.example",
});

Deno.test("a mail leaves by a thread that may reach the SMTP server only", async () => {
  const [message = ""] = await withSmtpServer("250 ok", async (port) => {
    assertEquals(await smtpObstacle(settingsFor(port)), undefined);
    await sendMail("a@example.org", RENDERED, settingsFor(port));
  });
  assertStringIncludes(message, "Subject: Mail waits");
  assertStringIncludes(message, "Auto-Submitted: auto-generated");
  assertStringIncludes(message, "A &lt;script&gt; waits.");
});

Deno.test("the answer of a server that refuses, or its absence, is the error", async () => {
  await withSmtpServer("550 no such user", async (port) => {
    await assertRejects(
      () => sendMail("a@example.org", RENDERED, settingsFor(port)),
      Error,
      "550 no such user",
    );
  });
  assertStringIncludes(await smtpObstacle(settingsFor(1)) ?? "", "ECONNREFUSED");
});

Deno.test("a server that sends a byte now and then does not hold up the queue", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = (async () => {
    for await (const conn of listener) {
      const timer = setInterval(() => conn.write(new Uint8Array([0x32])).catch(() => {}), 100);
      await conn.read(new Uint8Array(1)).catch(() => {});
      clearInterval(timer);
      conn.close();
    }
  })();
  try {
    await assertRejects(
      () => sendMail("a@example.org", RENDERED, settingsFor(listener.addr.port), 1000),
      Error,
      "does not finish within 1 s",
    );
  } finally {
    listener.close();
    await accepting;
  }
});
