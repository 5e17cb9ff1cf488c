/**
 * Notices by mail, over the machine's own SMTP.
 *
 * @module
 */
import { startThread, threadModule } from "../daemon/thread.ts";
import { isLocal } from "../net/endpoint.ts";
import { SECOND } from "../text/duration.ts";
import { messageOf } from "../text/error_message.ts";
import { mailHtml } from "./mail_html.tsx";
import { plainText, type Rendered } from "./render.ts";
import type { NotifySettings } from "./settings.ts";

/** Of each step of a session. */
const TIMEOUT = 10 * SECOND;

/** Of a whole session: a server that sends a byte now and then does not hold up the queue. */
const MAX_TIME = 60 * SECOND;

/** RFC 3834, section 5, and what vacation programs that are older than it look for. */
const HEADERS = {
  "Auto-Submitted": "auto-generated",
  "X-Auto-Response-Suppress": "All",
  "Precedence": "bulk",
};

type MailSettings = Pick<NotifySettings, "smtp" | "from" | "envelopeSender" | "hostname">;

/** The job of the thread: to send a mail, or without one to test the server. */
export interface SmtpJob {
  readonly server: ReturnType<typeof serverOf>;
  readonly mail?: ReturnType<typeof mailOf>;
}

function serverOf({ smtp, hostname }: MailSettings) {
  if (smtp.kind === "unix") throw new Error("notify_smtp must be inet:HOST:PORT");
  return {
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
  };
}

function mailOf(address: string, rendered: Rendered, settings: MailSettings) {
  return {
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
  };
}

/** @throws {Error} with the answer of the server, or why it cannot be reached. */
async function inThread(job: SmtpJob, maxTime = MAX_TIME): Promise<void> {
  const { host, port } = job.server;
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const thread = startThread(threadModule("lib/notify/smtp_worker.ts"), {
    read: [],
    write: [],
    net: [address],
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  thread.onmessage = ({ data }: MessageEvent<string | null>) =>
    data === null ? resolve() : reject(new Error(data));
  thread.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  const timer = setTimeout(
    () => reject(new Error(`${address} does not finish within ${maxTime / SECOND} s`)),
    maxTime,
  );
  thread.postMessage(job);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    thread.terminate();
  }
}

/**
 * @param maxTime of the session, in milliseconds.
 * @throws {Error} if the server does not accept the message.
 */
export async function sendMail(
  address: string,
  rendered: Rendered,
  settings: MailSettings,
  maxTime?: number,
): Promise<void> {
  await inThread(
    { server: serverOf(settings), mail: mailOf(address, rendered, settings) },
    maxTime,
  );
}

/** @returns why the SMTP server cannot be used, or undefined. */
export async function smtpObstacle(settings: MailSettings): Promise<string | undefined> {
  try {
    await inThread({ server: serverOf(settings) });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
