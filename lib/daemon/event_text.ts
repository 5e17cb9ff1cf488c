/**
 * The words of each event: level, text and, for errors that recur, their key. Pure.
 *
 * @module
 */
import { describeSharedClient } from "../evidence/shared_clients.ts";
import { SHARED_DATABASE_REMEDY, sharedDatabaseText } from "../store/instance_lock.ts";
import { keptText } from "../lists/list_file.ts";
import type { AttributeName } from "../postfix/request.ts";
import { messageOf } from "../text/error_message.ts";
import { escapeValue } from "../text/escape.ts";
import type { DaemonEvent, DecisionEvent, PageEvent } from "./events.ts";
import { type Fields, type LogLevel, shorten } from "./log_line.ts";
import { POSTGREY_ACTIONS } from "./postgrey_line.ts";

/** Texts are hostile. */
export interface Message {
  readonly level: LogLevel;
  /** The `event` of a JSON line. */
  readonly event: string;
  readonly text: string;
  /** The same for each occurrence of one error; absent if it is not an error. */
  readonly errorKey?: string;
}

/** Database errors share the beginning of their keys. */
export const DATABASE_KEY = "database ";

/** Invalid lines of one list file that are logged. */
const MAX_LIST_ERRORS = 20;

/** The sentences of an event; none for a decision, which has {@linkcode decisionFields}. */
export function messagesOf(event: DaemonEvent): readonly Message[] {
  const say = (level: LogLevel, text: string, name: string = event.kind): readonly Message[] => [
    { level, event: name, text },
  ];
  const report = (
    errorKey: string,
    text: string,
    level: LogLevel = "error",
  ): readonly Message[] => [
    { level, event: event.kind, text, errorKey },
  ];
  switch (event.kind) {
    case "decision":
      return [];
    case "started":
      return say("info", `greylag ${event.version} started, database ${event.database}`);
    case "listening":
      return say("info", `listening on ${event.endpoint}`);
    case "stopping":
      return say("info", `${event.signal} received: answering open requests, then stopping`);
    case "stopped": {
      const { requests, decisions } = event.counters;
      const { pass, defer } = decisions;
      return say("info", `stopped after ${requests} requests: ${pass} passed, ${defer} greylisted`);
    }
    case "reloaded": {
      const reread = say("info", "configuration reread");
      if (event.needRestart.length === 0) return reread;
      const text = `settings that change only at a restart: ${event.needRestart.join(", ")}`;
      return [...reread, ...say("warning", text, "restart-needed")];
    }
    case "reload-failed":
      return say("error", `configuration has errors, old settings stay in force: ${event.why}`);
    case "warning":
      return say("warning", event.text);
    case "site-reached":
      return say("info", `sharing with ${escapeValue(event.site)}`);
    case "site-failed":
      return report(
        `site ${event.site}`,
        `not sharing with ${escapeValue(event.site)}: ${event.why}`,
        "warning",
      );
    case "share-failed":
      return report("share", `not sharing with other sites: ${event.why}`);
    case "list-read": {
      const { path, entries, errors } = event;
      const more = errors.length - MAX_LIST_ERRORS;
      return [
        ...errors.slice(0, MAX_LIST_ERRORS).flatMap(({ line, why }) =>
          say("error", `${path}:${line}: ${why}`, "list-error")
        ),
        ...more > 0 ? say("error", `${path}: ${more} more invalid lines`, "list-error") : [],
        ...say("info", `${path}: ${entries} entries`),
      ];
    }
    case "list-failed": {
      const { path, why, kept } = event;
      const text = `${path}: cannot use this list: ${why}`;
      return say("error", kept === 0 ? text : `${text}; ${keptText(kept)}`);
    }
    case "connection-rejected":
      return say("warning", `${event.endpoint}: connection closed: ${event.why}`);
    case "background-lookup-dropped":
      return report(
        event.kind,
        "background lookup dropped: too many unknown clients at once; SPF of one was not evaluated",
        "warning",
      );
    case "history-dropped":
      return report(
        event.kind,
        `history entries dropped: ${event.count}; too many decisions at once, counted but not kept`,
        "warning",
      );
    case "log-lines-dropped":
      return say("warning", `log lines dropped: ${event.count}; the reader of the log is too slow`);
    case "pending-limit": {
      const { maxPending, maxPendingPerOrigin } = event;
      return report(
        event.kind,
        `pending limit reached (max_pending = ${maxPending}, max_pending_per_origin = ` +
          `${maxPendingPerOrigin}): evicting the oldest`,
        "warning",
      );
    }
    case "database-failed":
      return report(
        `${DATABASE_KEY}${event.error.kind}`,
        `${event.error.message}; until then all mail passes`,
      );
    case "database-recovered":
      return say("info", "the database works again");
    case "database-replaced":
      return say("error", "database file deleted or replaced: opening the file that is there now");
    case "database-set-aside":
      return say("error", `the corrupt database was kept as ${event.path}`);
    case "database-shared":
      return say("error", `${sharedDatabaseText(event.database)}. ${SHARED_DATABASE_REMEDY}`);
    case "shared-client": {
      const { what, remedy } = describeSharedClient(event.clientAddress);
      return report(`${event.kind} ${event.clientAddress}`, `${what}. ${remedy}`, "warning");
    }
    case "stage-assumed":
      return say(
        "warning",
        "request with a recipient and no protocol_state: treated as RCPT. Greylag expects the " +
          "attributes that Postfix sends; this is logged once",
      );
    case "accept-failed":
      return report(
        `accept ${event.endpoint}`,
        `${event.endpoint}: cannot accept connections: ${messageOf(event.error)}`,
      );
    case "dns-list": {
      const { zone, state, why } = event.health;
      if (state === "works") return say("info", `DNS list ${zone} works`);
      if (state === "unproven") return say("warning", `DNS list ${zone}: ${why}`);
      return report(`dns list ${zone}`, `DNS list ${zone} is not queried for an hour: ${why}`);
    }
    case "bug":
      return report(
        event.kind,
        `internal error, one request passes; please report this: ${stackOf(event.error)}`,
      );
    case "page-listening":
      return [
        ...say("info", `status server on ${event.where}`),
        ...event.isLocal ? [] : say(
          "warning",
          `status server on ${event.where}: passwords and addresses cross the network in clear; ` +
            "put a reverse proxy with TLS in front of a loopback address or a Unix socket",
          "page-in-clear",
        ),
      ];
    case "page-failed":
      return say(
        "warning",
        `no status page: ${
          messageOf(event.error)
        }. Change the setting status and restart greylag; ` +
          "mail is not affected",
      );
    case "page-crashed":
      return report(
        event.kind,
        `status page crashed: ${messageOf(event.error)}. It starts again; mail is not affected`,
        "warning",
      );
    case "notice-sent":
      return say("info", `notice ${event.notice} sent to ${event.where}`);
    case "notice-failed":
      return report(
        `${event.kind} ${event.where}`,
        `notice ${event.notice} to ${event.where} failed, will be repeated: ${event.why}`,
        "warning",
      );
    case "notice-dropped":
      return report(event.kind, `notices dropped: ${event.count}; ${event.why}`, "warning");
    case "page":
      return [pageMessage(event.event)];
  }
}

function pageMessage(event: PageEvent): Message {
  switch (event.kind) {
    case "signed-in":
      return {
        level: "info",
        event: event.kind,
        text: `status page: sign-in from ${event.address}`,
      };
    case "sign-in-failed":
      return {
        level: "warning",
        event: event.kind,
        text: `status page: wrong password from ${event.address}`,
      };
    case "changed":
      return { level: "info", event: event.kind, text: `${event.by}: ${event.what}` };
    case "link-used":
      return { level: "info", event: event.kind, text: `${event.recipient}: ${event.what}` };
    case "link-refused":
      return {
        level: "warning",
        event: event.kind,
        text: `link of a recipient refused: ${event.why}, from ${event.address}`,
        errorKey: event.kind,
      };
    case "bug":
      return {
        level: "error",
        event: "page-bug",
        text: `status page: internal error, please report this: ${event.what}`,
        errorKey: "page-bug",
      };
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

type Value = string | number | undefined;

/** A field of a decision; omitted if its value is undefined. */
interface Field {
  readonly name: string;
  /** Text before the value in a log line. */
  readonly label: string;
  readonly of: (event: DecisionEvent) => Value;
}

function field(name: string, of: Field["of"]): Field {
  return { name, label: `${name === "action" ? "" : ", "}${name}=`, of };
}

function attribute({ request }: DecisionEvent, name: AttributeName): string {
  return shorten(request.attributes.get(name) ?? "");
}

function shortened(value: string | undefined): string | undefined {
  return value === undefined ? undefined : shorten(value);
}

/** Those of postgrey's log, with its names and in its order, then those that it lacks. */
const FIELDS: readonly Field[] = [
  field("action", ({ verdict }) => POSTGREY_ACTIONS[verdict.decision]),
  field("reason", ({ verdict }) => verdict.reason),
  field(
    "delay",
    ({ verdict: { delayed } }) => delayed === undefined ? undefined : Math.floor(delayed / 1000),
  ),
  field("client_name", (event) => attribute(event, "client_name")),
  field("client_address", (event) => attribute(event, "client_address")),
  field("sender", (event) => attribute(event, "sender") || "<>"),
  field("recipient", (event) => attribute(event, "recipient")),
  field("wait", ({ verdict: { wait } }) => wait === undefined ? undefined : Math.ceil(wait / 1000)),
  field("origin", ({ verdict }) => shortened(verdict.origin)),
  field("by", ({ verdict }) => shortened(verdict.by)),
  field(
    "shadow",
    ({ verdict: { shadow } }) => shadow === undefined ? undefined : POSTGREY_ACTIONS[shadow],
  ),
  field("queue_id", (event) => attribute(event, "queue_id") || undefined),
];

/** The fields of a decision as `key=value, key=value`. */
export function decisionText(event: DecisionEvent): string {
  let text = "";
  for (const { label, of } of FIELDS) {
    const value = of(event);
    if (value === undefined) continue;
    text += label;
    text += typeof value === "string" ? escapeValue(value) : value;
  }
  return text;
}

export function decisionFields(event: DecisionEvent): Fields {
  return FIELDS.map(({ name, of }) => [name, of(event)] as const)
    .filter((one): one is readonly [string, string | number] => one[1] !== undefined);
}
