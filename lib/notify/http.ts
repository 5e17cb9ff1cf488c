/**
 * Notices over HTTP: ntfy, and webhooks for everything else.
 *
 * @module
 */
import { builtin } from "../node/builtin.ts";
import { formatDuration, SECOND } from "../text/duration.ts";
import { messageOf } from "../text/error_message.ts";
import type { Notice } from "./notice.ts";
import { plainText, type Rendered } from "./render.ts";
import { topicOf } from "./target.ts";

const TIMEOUT = 10 * SECOND;

/** ntfy shows three buttons at most. */
const MAX_ACTIONS = 3;

/** ntfy's priorities: 3 is the default, 4 is high. */
const PRIORITY = { urgent: 4, normal: 3 };

/** Why a request failed, without its URL, which may be a secret. */
function failureOf(error: unknown): string {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return `no answer within ${formatDuration(TIMEOUT)}`;
  }
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return messageOf(cause).replace(/^error sending request for url \(.*?\): /, "")
    .replace(/^client error \(\w+\): /, "");
}

async function post(
  url: URL,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const { username, password } = url;
  const target = new URL(url);
  target.username = target.password = "";
  const { Buffer } = builtin("node:buffer");
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const sent = fetch(target, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "user-agent": "greylag",
      ...(credentials === ":"
        ? {}
        : { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` }),
      ...headers,
    },
    // Links and addresses go to the configured host only.
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT),
  });
  const response = await sent.catch((error) => {
    throw new Error(failureOf(error));
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
}

/** The text of a notice without its links, which are buttons. */
function shortText(rendered: Rendered): string {
  const items = rendered.items.map(({ sender, time }) => ({ sender, time, actions: [] }));
  const { page: _page, ...rest } = rendered;
  return plainText({ ...rest, items, lines: rendered.page === undefined ? rendered.lines : [] });
}

/** ntfy's JSON for a topic. */
export function ntfyMessage(topic: string, rendered: Rendered): Record<string, unknown> {
  const { items, page } = rendered;
  // With several messages a button could not tell which one it is for.
  const single = items.length === 1 ? items[0]!.actions : [];
  const actions = [...single.slice(0, MAX_ACTIONS - 1), ...(page === undefined ? [] : [page])];
  return {
    topic,
    title: rendered.title,
    message: shortText(rendered),
    priority: rendered.isUrgent ? PRIORITY.urgent : PRIORITY.normal,
    ...(page === undefined ? {} : { click: page.url }),
    ...(actions.length === 0
      ? {}
      : { actions: actions.map(({ label, url }) => ({ action: "view", label, url })) }),
  };
}

/** @throws {Error} if the server does not accept the notice. */
export async function sendNtfy(target: string, rendered: Rendered): Promise<void> {
  const url = new URL(target);
  const topic = topicOf(url)!;
  url.pathname = url.pathname.slice(0, -topic.length);
  await post(url, JSON.stringify(ntfyMessage(topic, rendered)), {});
}

/** The JSON of a webhook; documented in docs/notices.md. */
export function webhookBody(notice: Notice, rendered: Rendered, now: number): string {
  const { items, page, title } = rendered;
  const text = plainText(rendered);
  return JSON.stringify({
    event: notice.kind,
    time: new Date(now).toISOString(),
    title,
    text,
    // The name that Gotify expects.
    message: text,
    recipient: "recipient" in notice ? notice.recipient : null,
    counts: notice.kind === "digest"
      ? {
        not_retried: notice.notRetried,
        stopped: notice.stopped,
        waiting: notice.waiting,
        retried: notice.retried,
      }
      : null,
    items: items.map(({ sender, actions }, at) => ({
      sender,
      time: "recipient" in notice ? new Date(notice.items[at]!.time).toISOString() : null,
      links: Object.fromEntries(actions.map(({ purpose, url }) => [purpose, url])),
    })),
    page: page?.url ?? null,
  });
}

/** `t=SECONDS,v1=HEX`: HMAC-SHA-256 over the time, a full stop and the body. */
export function signature(body: string, secret: Uint8Array, now: number): string {
  const seconds = Math.floor(now / SECOND);
  const hash = builtin("node:crypto").createHmac("sha256", secret).update(`${seconds}.${body}`)
    .digest("hex");
  return `t=${seconds},v1=${hash}`;
}

/** @throws {Error} if the server does not accept the notice. */
export async function sendWebhook(
  target: string,
  notice: Notice,
  rendered: Rendered,
  secret: Uint8Array,
  now: number,
): Promise<void> {
  const body = webhookBody(notice, rendered, now);
  await post(new URL(target), body, { "greylag-signature": signature(body, secret, now) });
}
