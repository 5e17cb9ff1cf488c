import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { ntfyMessage, signature, webhookBody } from "../../lib/notify/http.ts";
import { openLink } from "../../lib/notify/link.ts";
import { mailHtml } from "../../lib/notify/mail_html.tsx";
import type { DeferredNotice, DigestNotice, Notice } from "../../lib/notify/notice.ts";
import { plainText, type RenderContext, renderNotice } from "../../lib/notify/render.ts";
import { addressText } from "../../lib/notify/sender_text.ts";
import { splitAddress } from "../../lib/net/email_address.ts";
import { RIGHTS } from "../../lib/notify/settings.ts";
import { TEXTS } from "../../lib/notify/texts/texts.ts";
import { LANGUAGES } from "../../lib/text/language.ts";

const NOW = 1_800_000_000_000;

const CONTEXT: RenderContext = {
  settings: { publicUrl: "https://mail.example.net", rights: RIGHTS, hostname: "mx.example.net" },
  secret: new Uint8Array(32).fill(1),
  now: NOW,
};

const ITEM = { deferral: 7, sender: "no-reply@shop.example", time: NOW - 60_000, canAllow: true };

const DEFERRED: DeferredNotice = {
  kind: "deferred",
  recipient: "ann@example.net",
  language: "en",
  items: [ITEM],
};

const DIGEST: DigestNotice = {
  kind: "digest",
  recipient: "ann@example.net",
  language: "en",
  period: "week",
  retried: 9,
  waiting: 1,
  notRetried: 3,
  stopped: 41,
  items: [ITEM],
};

const linksOf = (text: string) => text.match(/https?:\/\/[^\s"<>]+/g) ?? [];

Deno.test("a notice has a link for each right, which opens for its recipient only", () => {
  const rendered = renderNotice(DEFERRED, CONTEXT);
  const links = linksOf(plainText(rendered)).map((url) =>
    openLink(url.slice("https://mail.example.net/my/".length), CONTEXT.secret, NOW)
  );
  assertEquals(
    links.map((one) => one.ok && [one.link.purpose, one.link.recipient, one.link.deferral]),
    [
      ["release", "ann@example.net", 7],
      ["allow", "ann@example.net", 7],
      ["spam", "ann@example.net", 7],
      ["page", "ann@example.net", 0],
    ],
  );
});

Deno.test("rights that are turned off, and senders that cannot be bound, have no link", () => {
  const purposes = (rights: typeof RIGHTS[number][], canAllow: boolean) =>
    renderNotice({ ...DEFERRED, items: [{ ...ITEM, canAllow }] }, {
      ...CONTEXT,
      settings: { ...CONTEXT.settings, rights },
    }).items[0]!.actions.map(({ purpose }) => purpose);
  assertEquals(purposes(["release", "allow"], true), ["release", "allow"]);
  assertEquals(purposes(["release", "allow"], false), ["release"]);
  assertEquals(purposes([], true), []);
});

Deno.test("a digest has its numbers in text, HTML and JSON", () => {
  const rendered = renderNotice(DIGEST, CONTEXT);
  assertMatch(plainText(rendered), /possibly wanted: 3\nStopped, likely spam: 41\n/);
  assertMatch(mailHtml(rendered), /Stopped, likely spam<\/td><td[^>]*>41<\/td>/);
  const { counts, items } = JSON.parse(webhookBody(DIGEST, rendered, NOW));
  assertEquals(counts, { not_retried: 3, stopped: 41, waiting: 1, retried: 9 });
  assertEquals(Object.keys(items[0].links), ["release", "allow", "spam"]);
});

Deno.test("notices are complete in every language", () => {
  for (const language of LANGUAGES) {
    for (const notice of [{ ...DEFERRED, language }, { ...DIGEST, language }]) {
      const text = plainText(renderNotice(notice, CONTEXT));
      assert(text.includes(TEXTS[language].release.label), text);
      assert(!text.includes("undefined"), text);
    }
  }
});

/** Texts that an attacker would choose, and any others. */
const hostile = fc.oneof(
  fc.constantFrom(
    "x\r\nBcc: all@example.org",
    "<a href=https://evil.example>click</a>@evil.example",
    "https://evil.example/login@evil.example",
    "www.evil.example/x@evil.example",
    "Your account is locked, call 0800@evil.example",
    "](https://evil.example)@evil.example",
    "a\u202e\u2066b@evil.example",
    "javascript:alert(1)@evil.example",
    '"><script>alert(1)</script>@evil.example',
  ),
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.string({ maxLength: 200 }).map((local) => `${local}@evil.example`),
);

/** Notices that show a text from outside in every place that has one. */
const noticesWith = (sender: string): readonly Notice[] => [
  { ...DEFERRED, items: [{ ...ITEM, sender }] },
  { ...DIGEST, items: [{ ...ITEM, sender }] },
  { kind: "lost", count: 1, items: [{ sender, recipient: sender, client: sender }] },
];

/** Links, and what programs make links of; control characters, halves of characters, separators. */
const UNSAFE = /[\s\p{Cc}\p{Cs}/:<>"'()[\]@]|(?:www|ftp)\d*\./iu;

Deno.test("no sender puts a line, a link or markup of its own into a notice", () => {
  const plain = noticesWith("alice@sender.example").map((one) => renderNotice(one, CONTEXT));
  fc.assert(
    fc.property(hostile, (sender) => {
      const shown = addressText(sender);
      if (sender !== "") {
        const { local, domain } = splitAddress(shown);
        assert(!UNSAFE.test(local) && !/[\s\p{Cc}\p{Cs}/:<>"'()[\]@]/u.test(domain), shown);
      }
      assert(shown.length < 140, shown);
      for (const [at, notice] of noticesWith(sender).entries()) {
        const rendered = renderNotice(notice, CONTEXT);
        const text = plainText(rendered);
        const html = mailHtml(rendered);
        const message = JSON.stringify(ntfyMessage("t", rendered));
        const body = webhookBody(notice, rendered, NOW);
        for (const url of [text, html, message, body].flatMap(linksOf)) {
          assert(url.startsWith("https://mail.example.net/my/"), url);
        }
        assert(!/<script|<a (?!href="https:\/\/mail\.example\.net\/my\/)/.test(html), html);
        // Nothing but the text of the sender differs from the notice about somebody else.
        const expected = plain[at]!;
        assertEquals(rendered.title, expected.title);
        assertEquals(text.split("\n").length, plainText(expected).split("\n").length);
        assertEquals(html.split("<").length, mailHtml(expected).split("<").length);
      }
    }),
    {
      examples: [
        [""],
        ["\0"],
        ["<>"],
        ["@"],
        [`${"x".repeat(39)}\u{10400}@sender.example`],
        [`x@${"y".repeat(79)}\u{10400}.example`],
        ["www.evil.example#x@evil.example"],
        ["FTP2.evil.example"],
      ],
    },
  );
});

Deno.test("ntfy gets buttons for one message, and the page for several", () => {
  const one = ntfyMessage("topic", renderNotice(DEFERRED, CONTEXT));
  const labels = (message: Record<string, unknown>) =>
    (message["actions"] as { label: string }[]).map(({ label }) => label);
  assertEquals(labels(one), ["Let this message in", "Always allow this sender", "Open my mail"]);
  assertEquals(one["priority"], 4);
  const several = ntfyMessage("topic", renderNotice({ ...DEFERRED, items: [ITEM, ITEM] }, CONTEXT));
  assertEquals(labels(several), ["Open my mail"]);
});

Deno.test("trouble is one line, without control characters", () => {
  const notice: Notice = { kind: "trouble", text: "bug: x\x1b[2J\n  at secret.ts", remedy: "" };
  const { intro } = renderNotice(notice, CONTEXT);
  assertEquals(intro, "bug: x\\u{1b}[2J.");
});

Deno.test("a webhook is signed over its time and body", () => {
  const secret = new TextEncoder().encode("key");
  assertEquals(
    signature('{"a":1}', secret, 1_700_000_000_500),
    // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac key
    "t=1700000000,v1=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03",
  );
});
