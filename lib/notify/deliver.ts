/**
 * Delivers one notice to one target.
 *
 * @module
 */
import { sendNtfy, sendWebhook } from "./http.ts";
import { sendMail } from "./mail.ts";
import type { Notice } from "./notice.ts";
import { renderNotice } from "./render.ts";
import type { Secrets } from "./secret_file.ts";
import type { NotifySettings } from "./settings.ts";
import type { Target } from "./target.ts";

/** Administrators' notices have no links, and leave without secrets. */
const NO_SECRET = new Uint8Array();

/**
 * @param secrets throws if they cannot be read.
 * @throws {Error} if the target does not accept it.
 */
export async function deliver(
  notice: Notice,
  target: Target,
  settings: NotifySettings,
  secrets: () => Secrets,
  now: number,
): Promise<void> {
  const secret = "recipient" in notice ? secrets().links : NO_SECRET;
  const rendered = renderNotice(notice, { settings, secret, now });
  switch (target.kind) {
    case "mail":
      return await sendMail(target.address, rendered, settings);
    case "ntfy":
      return await sendNtfy(target.url, rendered);
    case "webhook":
      return await sendWebhook(target.url, notice, rendered, secrets().webhook, now);
  }
}
