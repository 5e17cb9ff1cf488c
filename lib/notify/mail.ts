/**
 * Notices by mail, over the machine's own SMTP.
 *
 * @module
 */
import { createTransport } from "nodemailer";
import { isLocal } from "../net/endpoint.ts";
import { SECOND } from "../text/duration.ts";
import { messageOf } from "../text/error_message.ts";
import { mailHtml } from "./mail_html.tsx";
import { plainText, type Rendered } from "./render.ts";
import type { NotifySettings } from "./settings.ts";

const TIMEOUT = 10 * SECOND;

/** RFC 3834, section 5, and what vacation programs that are older than it look for. */
const HEADERS = {
  "Auto-Submitted": "auto-generated",
  "X-Auto-Response-Suppress": "All",
  "Precedence": "bulk",
};

type MailSettings = Pick<NotifySettings, "smtp" | "from" | "envelopeSender" | "hostname">;

function transportTo({ smtp, hostname }: MailSettings) {
  if (smtp.kind === "unix") throw new Error("notify_smtp must be inet:HOST:PORT");
  return createTransport({
    host: smtp.host,
    port: smtp.port,
    secure: false,
    name: hostname,
    // As Postfix does without a policy for the destination: encrypted if offered, by any certificate.
    ignoreTLS: isLocal(smtp),
    tls: { rejectUnauthorized: false },
    connectionTimeout: TIMEOUT,
    greetingTimeout: TIMEOUT,
    socketTimeout: TIMEOUT,
    // Nothing of a notice names a file or a URL to be read.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** @throws {Error} if the server does not accept the message. */
export async function sendMail(
  address: string,
  rendered: Rendered,
  settings: MailSettings,
): Promise<void> {
  const transport = transportTo(settings);
  try {
    await transport.sendMail({
      from: { name: "Greylag", address: settings.from },
      to: { name: "", address },
      // A null sender is never answered, and nothing bounces back.
      envelope: { from: settings.envelopeSender, to: address },
      messageId: `<${crypto.randomUUID()}@${settings.hostname}>`,
      subject: rendered.title,
      text: plainText(rendered),
      html: mailHtml(rendered),
      headers: HEADERS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  } finally {
    transport.close();
  }
}

/** @returns why the SMTP server cannot be used, or undefined. */
export async function smtpObstacle(settings: MailSettings): Promise<string | undefined> {
  let transport: ReturnType<typeof transportTo> | undefined;
  try {
    transport = transportTo(settings);
    await transport.verify();
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    transport?.close();
  }
}
