import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { freePort } from "../free_port.ts";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { type Link, type Purpose, sealLink } from "../../lib/notify/link.ts";
import { sendWebhook } from "../../lib/notify/http.ts";
import { renderNotice } from "../../lib/notify/render.ts";
import { readSecrets } from "../../lib/notify/secret_file.ts";
import { DAY } from "../../lib/text/duration.ts";
import { startBrowser } from "../browser.ts";
import { Daemon, inDirectory, untilListening } from "../daemon.ts";
import { eventually, pause } from "../eventually.ts";
import { PolicyClient } from "../policy_client.ts";
import {
  ACCEPTED,
  DEFERRED,
  type MailServer,
  type MailServerOptions,
  REJECTED,
  withMailServer,
} from "./mail_server.ts";
import type { Message } from "./smtp.ts";

const CODE: Message = {
  address: "192.0.2.10",
  name: "mail.example.org",
  helo: "mail.example.org",
  sender: "no-reply@example.org",
  recipients: ["ann@example.net"],
};

interface Notices extends MailServer {
  /** The bodies that the local ntfy server received. */
  readonly published: NtfyMessage[];
  /** The token of a link for ann, signed with the daemon's secret. */
  link(purpose: Purpose, given?: Partial<Link>): Promise<string>;
}

interface NtfyMessage {
  readonly topic: string;
  readonly title: string;
  readonly message: string;
  readonly click?: string;
  readonly actions?: readonly { readonly label: string; readonly url: string }[];
}

/** A mail server with a real HTTP server in place of ntfy, and notices by mail to its own Postfix. */
async function withNotices(
  users: (ntfy: string) => string,
  body: (notices: Notices) => Promise<void>,
  options: MailServerOptions = {},
): Promise<void> {
  const published: NtfyMessage[] = [];
  const ntfy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    published.push(await request.json());
    return new Response("{}");
  });
  try {
    await withMailServer(async (server) => {
      const { directory, page, postfix, daemon } = server;
      const path = `${directory}/greylag.toml`;
      const config = await Deno.readTextFile(path);
      await Deno.writeTextFile(
        path,
        `${config}public_url = "${page}"\nnotify_smtp = "inet:127.0.0.1:${postfix.port}"\n` +
          users(`ntfy:http://127.0.0.1:${ntfy.addr.port}`),
      );
      await daemon.reload("configuration reread");
      await eventually("the notices run", async () => {
        try {
          return (await Deno.stat(`${directory}/g.db.secret`)).isFile;
        } catch {
          return false;
        }
      });
      const link: Notices["link"] = async (purpose, given = {}) => {
        const { links } = readSecrets(`${directory}/g.db`);
        const wanted = { purpose, recipient: "ann@example.net", deferral: 1, ...given };
        const answer = await fetch(`${page}/api/v1/waiting`);
        const { items } = await answer.json();
        const found = items.find(({ id }: { id: number }) => id === wanted.deferral);
        const since = Date.parse(found.first_tried);
        return sealLink({ since, expires: Date.now() + DAY, ...wanted }, links);
      };
      await body({ ...server, daemon, published, link });
    }, options);
  } finally {
    await ntfy.shutdown();
  }
}

function decoded(quotedPrintable: string): string {
  const bytes = quotedPrintable.replaceAll(/=\r?\n/g, "")
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
}

/** Headers, text and HTML of a delivered notice. */
function partsOf(mail: string): { head: string; text: string; html: string } {
  const [head = ""] = mail.split(/\r?\n\r?\n/, 1);
  const part = (type: string) => {
    const from = mail.indexOf(`Content-Type: text/${type}`);
    const body = mail.slice(from).split(/\r?\n\r?\n/).slice(1).join("\n\n").split(/\r?\n--/, 1)[0]!;
    return decoded(body);
  };
  return { head, text: part("plain"), html: part("html") };
}

/** A phone. */
async function withPhone(body: (tab: Page) => Promise<void>): Promise<void> {
  const browser = await startBrowser();
  try {
    const context = await browser.newContext({
      viewport: { width: 390, height: 844 },
      isMobile: true,
      hasTouch: true,
      locale: "en-GB",
    });
    context.setDefaultTimeout(60_000);
    await body(await context.newPage());
  } finally {
    await browser.close();
  }
}

/** Violations of axe, and whether the page is wider than the screen. */
async function flawsOf(tab: Page): Promise<unknown[]> {
  // The policy of the page forbids scripts of others; the test's is one.
  const violations = await tab.evaluate(
    `(() => { ${axe.source}; return axe.run().then(({ violations }) => violations.map(({ id }) => id)); })()`,
  );
  const isWide = await tab.evaluate(
    "document.documentElement.scrollWidth > document.documentElement.clientWidth",
  );
  return [...violations as string[], ...(isWide ? ["wide"] : [])];
}

/** Waits until the browser would put the page on a home screen, but for its empty profile. */
async function untilInstallable(tab: Page): Promise<void> {
  const devtools = await tab.context().newCDPSession(tab);
  let errors: string[] = [];
  await eventually(
    "the page is installable",
    async () => {
      const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
      errors = installabilityErrors.map(({ errorId }) => errorId);
      return errors.join() === "in-incognito";
    },
    {},
    () => errors.join(),
  );
}

Deno.test("a deferred code is told by mail, let in by a tap, and its retry passes", () =>
  withNotices(() => 'users = [{ address = "ann@example.net" }]\n', async (notices) => {
    const { code, postfix, greylag, untilCode } = notices;
    assertEquals(await code(CODE), DEFERRED);
    const [mail] = await postfix.delivered(1);
    const { head, text, html } = partsOf(mail!);
    assertMatch(head, /^Return-Path: <>$/m);
    assertMatch(head, /^Auto-Submitted: auto-generated$/m);
    assertMatch(head, /^Subject: Mail for you is waiting$/m);
    assertMatch(head, /^To: ann@example\.net$/m);
    assertStringIncludes(text, "no-reply@example.org");
    const [url] = text.match(/http:\/\/\S+/)!;
    assertStringIncludes(html, url);

    // A scanner follows every link, more than once.
    for (const link of text.match(/http:\/\/\S+/g)!) {
      for (let visit = 0; visit < 2; visit++) {
        assertEquals((await fetch(link)).status, 200);
        assertEquals((await fetch(link, { method: "HEAD" })).status, 200);
      }
    }
    assertStringIncludes((await greylag("list")).out, "empty");
    assertEquals(await code(CODE), DEFERRED);

    await withPhone(async (tab) => {
      await tab.goto(url!);
      assertEquals(await flawsOf(tab), []);
      await tab.getByRole("button", { name: "Let this message in" }).tap();
      await tab.getByText("Ask for a new one now").waitFor();
      await untilCode(CODE, ACCEPTED);
      await tab.goto(url!);
      await tab.getByText("This link was used before.").waitFor();
    });
    assertEquals((await postfix.delivered(2)).length, 2);
  }, { settings: () => 'delay = "10m"\n' }));

Deno.test("a notice on the phone leads to the recipient's page, whose buttons work", () =>
  withNotices(
    (ntfy) => `users = [{ address = "ann@example.net", notify = "${ntfy}/ann" }]\n`,
    async ({ code, untilCode, untilRecorded, published, daemon, page }) => {
      assertEquals(await code(CODE), DEFERRED);
      await eventually("a notice is published", () => published.length === 1);
      const [{ topic, click, actions }] = published as [NtfyMessage];
      assertEquals(topic, "ann");
      assertEquals(actions!.map(({ label }) => label).slice(0, 2), [
        "Let this message in",
        "Always allow this sender",
      ]);
      await withPhone(async (tab) => {
        await tab.goto(click!);
        assertEquals(await flawsOf(tab), []);
        await tab.getByRole("button", { name: "Always allow this sender" }).tap();
        await tab.getByText("allowed, example.org").waitFor();
        await untilCode(CODE, ACCEPTED);
        // Only from its own servers, and only for ann.
        const forged = { ...CODE, address: "198.51.100.9", name: "mail.evil.example" };
        assertEquals(await code(forged), DEFERRED);
        assertEquals(await code({ ...CODE, recipients: ["bob@example.net"] }), DEFERRED);

        await tab.getByRole("button", { name: "I am expecting mail" }).tap();
        await tab.getByText("passes without delay until").waitFor();
        await untilCode({ ...CODE, address: "198.51.100.1", sender: "any@example.com" }, ACCEPTED);

        await untilRecorded(3, "reason=new");
        await tab.goto(click!);
        await tab.getByText("mail.evil.example").waitFor();
        await tab.locator("article", { hasText: "mail.evil.example" })
          .getByRole("button", { name: "Report as spam" }).tap();
        await tab.getByText("Saved.").waitFor();
        await untilCode(forged, REJECTED);

        await tab.getByRole("button", { name: "Keep me signed in" }).tap();
        await tab.getByRole("button", { name: "Sign out" }).waitFor();
        await tab.goto(`${page}/my/`);
        await tab.getByText("ann@example.net").first().waitFor();
        await untilInstallable(tab);
        await tab.goto(page);
        await untilInstallable(tab);
      });
      await daemon.waitFor("notice deferred sent to ntfy:127.0.0.1");
      const metrics = await (await fetch(`${page}/metrics`)).text();
      assertStringIncludes(metrics, 'greylag_notices_total{result="sent"} 1\n');
      assertStringIncludes(metrics, 'greylag_links_total{result="used"} 4\n');
    },
  ));

Deno.test("expired, forged, reused, foreign and revoked links are refused", () =>
  withNotices(
    (ntfy) => `users = [{ address = "ann@example.net", notify = "${ntfy}/ann" }]\n`,
    async ({ code, page, published, link, greylag, untilRecorded }) => {
      assertEquals(await code(CODE), DEFERRED);
      assertEquals(await code({ ...CODE, recipients: ["bob@example.net"] }), DEFERRED);
      await untilRecorded(2);
      await eventually("a notice is published", () => published.length === 1);
      const headers = { "sec-fetch-site": "same-origin", origin: page };
      const post = async (token: string) => {
        const answer = await fetch(`${page}/my/${token}`, { method: "POST", headers, body: "" });
        await answer.body?.cancel();
        return answer.status;
      };
      const good = await link("release");
      assertEquals(await post(await link("release", { expires: Date.now() - 1000 })), 410);
      const forged = [...good].with(-3, good.at(-3) === "A" ? "B" : "A").join("");
      assertEquals(await post(forged), 404);
      assertEquals(await post(await link("release", { deferral: 2 })), 410);
      assertEquals(
        await post(await link("release", { recipient: "bob@example.net", deferral: 2 })),
        403,
      );
      assertStringIncludes((await greylag("list")).out, "empty");
      assertEquals(await post(good), 200);
      assertEquals(await post(good), 410);
      const allow = await link("allow");
      assertEquals((await greylag("secret", "rotate")).code, 0);
      assertEquals(await post(allow), 404);
      assertEquals(await post(await link("allow")), 200);
    },
  ));

Deno.test("the digest of a week arrives, counts and fits a phone", () =>
  withNotices(
    () => 'users = [{ address = "ann@example.net", language = "de" }]\n',
    async ({ endpoint, postfix }) => {
      using client = new PolicyClient(
        await Deno.connect({ hostname: "127.0.0.1", port: Number(endpoint.split(":").at(-1)) }),
      );
      const ask = (time: number, given: Record<string, string>) =>
        client.ask({
          recipient: "ann@example.net",
          policy_test_time: String(Math.floor(time / 1000)),
          ...given,
        });
      const monday = new Date(2026, 10, 23, 8, 0).getTime();
      for (let day = 0; day < 8; day++) {
        const time = monday + day * DAY;
        const shop = { client_name: `mail.shop${day}.example` };
        // Not retried; mail of its domain is later, so that it ranks high.
        await ask(time, { ...shop, sender: `orders@shop${day}.example` });
        for (const seconds of [60, 660]) {
          await ask(time + seconds * 1000, { ...shop, sender: `info@shop${day}.example` });
        }
        for (let spam = 0; spam < 6; spam++) {
          await ask(time + 800_000, { sender: `x@spam${day}-${spam}.example` });
        }
        await pause(1600);
      }
      const [mail] = await postfix.delivered(1);
      const { head, text, html } = partsOf(mail!);
      assertMatch(head, /^Subject: Ihre E-Mail der letzten Woche$/m);
      assertMatch(text, /Aufgehalten, vermutlich Spam: \d\d/);
      assertMatch(text, /vielleicht erwünscht: [1-9]/);
      assertStringIncludes(text, "Diese Nachricht hereinlassen:");
      await withPhone(async (tab) => {
        await tab.setContent(html);
        assertEquals(await flawsOf(tab), []);
        const directory = Deno.env.get("GREYLAG_PICTURES");
        if (directory === undefined) return;
        await tab.screenshot({ path: `${directory}/digest.png`, fullPage: true });
        await Deno.writeTextFile(`${directory}/digest.txt`, text);
      });
    },
    { settings: () => 'accept_test_time = true\nmode = "all"\n' },
  ));

const FLOOD = 100_000;

Deno.test("a flood of 100,000 strangers in a day sends a handful of notices", () =>
  inDirectory(async (directory) => {
    const published: NtfyMessage[] = [];
    const ntfy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      published.push(await request.json());
      return new Response("{}");
    });
    const target = `ntfy:http://127.0.0.1:${ntfy.addr.port}`;
    const port = freePort();
    await Deno.writeTextFile(
      `${directory}/greylag.toml`,
      `database = "${directory}/g.db"\nlisten = ["inet:127.0.0.1:${port}"]\nstatus = "off"\n` +
        `accept_test_time = true\nmode = "all"\nspf = "off"\ndns_servers = ["127.0.0.1:9"]\n` +
        `notify = ["${target}/admin"]\npublic_url = "https://mail.example.net"\n` +
        `users = [{ address = "example.net", notify = "${target}/all" }, ` +
        `{ address = "ann@example.net", notify = "${target}/ann" }]\n`,
    );
    const daemon = await Daemon.startCommand(["serve", `--config=${directory}/greylag.toml`]);
    try {
      const begin = new Date(2026, 10, 24, 8, 0).getTime();
      const flood = async (connection: number) => {
        using client = new PolicyClient(await Deno.connect({ hostname: "127.0.0.1", port }));
        for (let at = connection; at < FLOOD; at += 10) {
          const reply = await client.ask({
            client_address: `198.18.${at >> 8 & 255}.${at & 255}`,
            client_name: `mail.spam${at}.example`,
            sender: `no-reply@spam${at}.example`,
            recipient: at % 3 === 0 ? "ann@example.net" : `user${at % 100}@example.net`,
            policy_test_time: String(Math.floor((begin + at * DAY / FLOOD) / 1000)),
          });
          assert(reply !== undefined);
        }
      };
      await Promise.all(Array.from({ length: 10 }, (_, at) => flood(at)));
      const floods = () =>
        published.filter(({ title }) => title.startsWith("Flood of unknown senders")).length;
      await eventually("a notice of the flood", () => floods() > 0);
      // More notices would follow.
      await pause(6000);
      assert(published.length <= 5, JSON.stringify(published.map(({ title }) => title)));
      assertEquals(floods(), 1);
    } finally {
      await daemon.stop();
      await ntfy.shutdown();
    }
  }));

Deno.test("the relay of the documents verifies the signature and adds the chat", () =>
  inDirectory(async (directory) => {
    const document = await Deno.readTextFile(new URL("../../docs/notices.md", import.meta.url));
    const relay = /```python\n(import hmac[\s\S]*?)```/.exec(document)![1]!;
    await Deno.writeTextFile(`${directory}/relay.py`, relay);
    const received: unknown[] = [];
    const telegram = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        received.push([new URL(request.url).pathname, await request.json()]);
        return new Response("{}");
      },
    );
    const port = freePort();
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const process = new Deno.Command("python3", {
      args: [`${directory}/relay.py`],
      env: {
        KEY: secret.toHex(),
        TOKEN: "1:a",
        CHAT: "42",
        PORT: String(port),
        API: `http://127.0.0.1:${telegram.addr.port}`,
      },
      stderr: "null",
    }).spawn();
    try {
      await untilListening(port);
      const rendered = renderNotice({ kind: "test" }, {
        settings: { publicUrl: "", rights: [], hostname: "mx.example.net" },
        secret,
        now: Date.now(),
      });
      const relayTo = (key: Uint8Array, now: number) =>
        sendWebhook(`http://127.0.0.1:${port}/`, { kind: "test" }, rendered, key, now);
      await relayTo(secret, Date.now());
      assertEquals(received, [["/bot1:a/sendMessage", {
        chat_id: "42",
        text: "Test notice (mx.example.net)\n\nNotices of Greylag on mx.example.net reach this " +
          "target.\n\nSent by Greylag on mx.example.net.\n",
      }]]);
      await assertRejects(() => relayTo(secret.with(0, secret[0]! ^ 1), Date.now()), Error, "403");
      await assertRejects(() => relayTo(secret, Date.now() - 600_000), Error, "403");
      assertEquals(received.length, 1);
    } finally {
      process.kill();
      await process.status;
      await telegram.shutdown();
    }
  }));
