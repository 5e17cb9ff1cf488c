/**
 * Checks that notices can leave, for `greylag doctor`. Nothing is sent.
 *
 * @module
 */
import { formatEndpoint } from "../net/endpoint.ts";
import type { Finding } from "../postfix/postconf.ts";
import type { NoticeStore } from "../store/notices.ts";
import { formatDuration, HOUR, SECOND } from "../text/duration.ts";
import { messageOf } from "../text/error_message.ts";
import { smtpObstacle } from "./mail.ts";
import { readSecrets, SecretError } from "./secret_file.ts";
import type { NotifySettings } from "./settings.ts";
import { describeTarget, formatTarget, type Target } from "./target.ts";
import { readUsers } from "./user_files.ts";

const TIMEOUT = 5 * SECOND;

/** Notices wait longer than this only if their target fails. */
const OLD_BACKLOG = HOUR;

/** @returns the reason why no connection to the host of a URL can be made, or undefined. */
async function urlObstacle(target: string): Promise<string | undefined> {
  const url = new URL(target);
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const isEncrypted = url.protocol === "https:";
  const port = Number(url.port || (isEncrypted ? 443 : 80));
  const connecting = isEncrypted
    ? Deno.connectTls({ hostname, port }).then(async (conn) => {
      await conn.handshake();
      return conn;
    })
    : Deno.connect({ hostname, port });
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`no answer within ${formatDuration(TIMEOUT)}`)),
    TIMEOUT,
  );
  try {
    (await Promise.race([connecting, late])).close();
    return undefined;
  } catch (error) {
    connecting.then((conn) => conn.close(), () => {});
    return messageOf(error);
  } finally {
    clearTimeout(timer);
  }
}

async function checkTarget(target: Target): Promise<Finding[]> {
  if (target.kind === "mail") return [];
  const why = await urlObstacle(target.url);
  if (why === undefined) return [];
  return [{
    severity: "warning",
    what: `notices cannot reach ${describeTarget(target)}: ${why}`,
    remedy: "Check its URL in notify, users or user_files, and that the server runs.",
  }];
}

async function checkSmtp(settings: NotifySettings): Promise<Finding[]> {
  const why = await smtpObstacle(settings);
  if (why === undefined) return [];
  return [{
    severity: "warning",
    what: `notices cannot be sent by mail over ${formatEndpoint(settings.smtp)}: ${why}`,
    remedy: "Start the SMTP server, or set notify_smtp.",
  }];
}

function checkSecrets({ database }: NotifySettings): Finding[] {
  try {
    readSecrets(database);
    return [];
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    return [{
      severity: "warning",
      what: error.message,
      remedy: "Until then notices to recipients and webhooks do not leave.",
    }];
  }
}

/** @param now milliseconds since the epoch. */
export function checkBacklog(
  backlog: ReturnType<NoticeStore["backlog"]>,
  now: number,
): Finding[] {
  if (backlog === undefined || now - backlog.oldest < OLD_BACKLOG) return [];
  return [{
    severity: "warning",
    what: `${backlog.count} notices wait, the oldest for ${formatDuration(now - backlog.oldest)}`,
    remedy: "The log says why (notice-failed). To test: greylag notify test.",
  }];
}

export async function checkNotices(settings: NotifySettings): Promise<Finding[]> {
  const errors: string[] = [];
  const users = readUsers(settings, (why) => errors.push(why));
  const targets = [
    ...settings.targets,
    ...users.map(({ notify }) => notify).filter((notify) => typeof notify !== "string"),
  ];
  const byText = new Map(targets.map((target) => [formatTarget(target), target]));
  const usesMail = targets.some(({ kind }) => kind === "mail") ||
    users.some(({ notify }) => notify === "mail");
  const needsSecrets = users.length > 0 || targets.some(({ kind }) => kind === "webhook");
  return [
    ...errors.map((what) => ({
      severity: "warning" as const,
      what,
      remedy: "Correct the file, and reload greylag.",
    })),
    ...(needsSecrets ? checkSecrets(settings) : []),
    ...(usesMail ? await checkSmtp(settings) : []),
    ...(await Promise.all([...byText.values()].map(checkTarget))).flat(),
  ];
}
