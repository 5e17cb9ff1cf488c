/**
 * The log: one method for each event, which counts it and writes its line. The only place that
 * escapes text for the log.
 *
 * @module
 */
import type { Verdict } from "../greylist/model.ts";
import type { FileError } from "../lists/list_file.ts";
import type { AttributeName, PolicyRequest } from "../postfix/request.ts";
import type { DatabaseError } from "../store/database_error.ts";
import { Counters } from "./counters.ts";
import type { History } from "./history.ts";
import type { LogSink } from "./log_sink.ts";

/** How much is logged: each level includes those before it. */
export const LOG_LEVELS = ["error", "warning", "info", "debug"] as const;

/** One of {@linkcode LOG_LEVELS}. */
export type LogLevel = typeof LOG_LEVELS[number];

/** What the administrator says about the log. */
export interface LogSettings {
  /** How much is logged. */
  readonly logLevel: LogLevel;
  /** `text` is `key=value` for people and log watchers, `json` an object a line. */
  readonly logFormat: "text" | "json";
}

/** Something that went wrong, as often as it did. Times are milliseconds since the epoch. */
export interface ToldFault {
  /** What was wrong, in words that may hold hostile text. */
  readonly text: string;
  /** How bad it is. */
  readonly level: LogLevel;
  /** The first time since the start. */
  readonly first: number;
  /** The last time. */
  readonly last: number;
  /** How often. */
  readonly times: number;
}

/** What happened on the status page. Texts are hostile. */
export type PageEvent =
  /** Somebody signed in, or gave a wrong password; from where. */
  | { readonly kind: "signed-in" | "sign-in-failed"; readonly address: string }
  /** Somebody changed something: who, and what in words. */
  | { readonly kind: "changed"; readonly by: string; readonly what: string }
  /** A bug of the page, which the mail did not notice. */
  | { readonly kind: "bug"; readonly what: string };

/** How a line of text begins: with the time, or with the priority that journald understands. */
export type LinePrefix = "time" | "priority";

type Fields = ReadonlyArray<readonly [name: string, value: string | number]>;

/** syslog(3) priorities, as sd-daemon(3) puts them before a line. */
const PRIORITIES: Readonly<Record<LogLevel, string>> = {
  error: "<3>",
  warning: "<4>",
  info: "<6>",
  debug: "<7>",
};

const ACTIONS: Readonly<Record<Verdict["decision"], string>> = {
  pass: "pass",
  defer: "greylist",
  reject: "reject",
};

/** The same fault is logged once in this time, in milliseconds. */
const FAULT_PERIOD = 60_000;

/** No single value may fill the log. */
const MAX_VALUE = 320;

const SAFE_VALUE = /^[!#-+\--[\]-~]*$/;

function codePoint(char: string): string {
  return `\\u{${char.codePointAt(0)!.toString(16)}}`;
}

function shorten(value: string): string {
  return value.length > MAX_VALUE ? `${value.slice(0, MAX_VALUE)}...` : value;
}

/**
 * A value that cannot break out of `key=value, key=value`: white space, commas, quotes, backslashes
 * and everything that is no letter, digit or ASCII sign becomes `\u{hex}`.
 */
export function escapeValue(value: string): string {
  const short = shorten(value);
  if (SAFE_VALUE.test(short)) return short;
  return short.replaceAll(/[^\p{L}\p{N}!#-+\--[\]-~]/gu, codePoint);
}

/** A text of several words on one line, without control or invisible characters. */
function escapeText(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}\x20-\x7e]/gu, codePoint);
}

function escapeJson(json: string): string {
  return json.replaceAll(
    /[^\p{L}\p{N}\x20-\x7e]/gu,
    (char) =>
      [...Array(char.length).keys()].map((at) =>
        `\\u${char.charCodeAt(at).toString(16).padStart(4, "0")}`
      ).join(""),
  );
}

/** The log of one process. */
export class EventLog {
  /** What was counted. */
  readonly counters = new Counters();
  readonly #sink: LogSink;
  readonly #prefix: LinePrefix;
  readonly #clock: () => number;
  #settings: LogSettings;
  #level: number;
  #history: History | undefined;
  readonly #faults = new Map<string, { since: number; more: number }>();
  readonly #told = new Map<string, ToldFault>();

  /** A log that writes to a sink; `clock` tells milliseconds since the epoch. */
  constructor(
    sink: LogSink,
    settings: LogSettings,
    prefix: LinePrefix = "time",
    clock: () => number = Date.now,
  ) {
    this.#sink = sink;
    this.#settings = settings;
    this.#level = LOG_LEVELS.indexOf(settings.logLevel);
    this.#prefix = prefix;
    this.#clock = clock;
  }

  /** Takes new settings. */
  configure(settings: LogSettings): void {
    this.#settings = settings;
    this.#level = LOG_LEVELS.indexOf(settings.logLevel);
  }

  /** What went wrong since the start, the newest last. */
  get faults(): readonly ToldFault[] {
    return [...this.#told.values()];
  }

  /** Has every decision be kept as well. */
  keepIn(history: History): void {
    this.#history = history;
  }

  /** One request was decided; `now` is by its own clock, in milliseconds since the epoch. */
  decision(request: PolicyRequest, verdict: Verdict, now = this.#clock()): void {
    this.counters.count(verdict);
    this.#history?.note(request, verdict, now);
    if (this.#level < 2) return;
    this.#write("info", "decision", () => decisionFields(request, verdict));
  }

  /** A request was answered DUNNO because greylag is ill; the fault itself has its own line. */
  failedOpen(request: PolicyRequest, now = this.#clock()): void {
    const verdict: Verdict = { decision: "pass", reason: "fault" };
    this.counters.count(verdict);
    this.#history?.note(request, verdict, now);
  }

  /** The daemon began its work. */
  started(version: string, database: string): void {
    this.#say("info", "started", `greylag ${version} started, database ${database}`);
  }

  /** An endpoint is open. */
  listening(endpoint: string): void {
    this.#say("info", "listening", `listening on ${endpoint}`);
  }

  /** The status server is there. */
  statusListening(where: string): void {
    this.#say("info", "status", `status server on ${where}`);
  }

  /** The status server could not be started; mail does not need it. */
  statusFailed(error: unknown): void {
    this.#say("error", "status-failed", `no status server: ${messageOf(error)}`);
  }

  /** The status server listens where others than this machine reach it, and nothing is encrypted. */
  statusInClear(where: string): void {
    const text = `status server on ${where}: passwords and addresses cross the network in clear; ` +
      "put a reverse proxy with TLS in front of a loopback address or a Unix socket";
    this.#say("warning", "status-in-clear", text);
  }

  /** Something happened on the status page. */
  onStatusPage(event: PageEvent): void {
    switch (event.kind) {
      case "signed-in":
        return this.#say("info", event.kind, `status page: signed in from ${event.address}`);
      case "sign-in-failed":
        this.counters.signInFailures++;
        return this.#say(
          "warning",
          event.kind,
          `status page: wrong password from ${event.address}`,
        );
      case "changed":
        return this.#say("info", event.kind, `${event.by}: ${event.what}`);
      case "bug":
        return this.#fault("page", `status page: please report this: ${event.what}`);
    }
  }

  /** The daemon was asked to stop. */
  stopping(signal: string): void {
    this.#say("info", "stopping", `${signal}: answering what is in flight, then stopping`);
  }

  /** The daemon ended in good order. */
  stopped(): void {
    const { requests, decisions } = this.counters;
    this.#say(
      "info",
      "stopped",
      `stopped after ${requests} requests: ${decisions.pass} passed, ${decisions.defer} greylisted`,
    );
  }

  /** The configuration was read again. */
  reloaded(needRestart: readonly string[]): void {
    this.#say("info", "reloaded", "configuration reread");
    if (needRestart.length > 0) {
      const names = needRestart.join(", ");
      this.#say("warning", "restart-needed", `these settings change only at a restart: ${names}`);
    }
  }

  /** The configuration was read again and is broken. */
  reloadFailed(why: string): void {
    this.#say("error", "reload-failed", `the old settings stay in force: ${why}`);
  }

  /** Something that the administrator should know and that stops nothing. */
  warning(text: string): void {
    this.#say("warning", "warning", text);
  }

  /** A list file was read; lines that cannot be understood are errors, and the others are in force. */
  listFileRead(path: string, entries: number, errors: readonly FileError[]): void {
    for (const { line, why } of errors) this.#say("error", "list-error", `${path}:${line}: ${why}`);
    this.#say("info", "list-read", `${path}: ${entries} entries`);
  }

  /** A list file cannot be read; it counts as empty until it can. */
  listFileFailed(path: string, error: unknown): void {
    this.#say("error", "list-failed", `${path}: cannot read this list: ${messageOf(error)}`);
  }

  /** A connection went past a limit and is closed. */
  limit(endpoint: string, what: string): void {
    this.counters.limits++;
    this.#say("warning", "limit", `${endpoint}: closed a connection: ${what}`);
  }

  /** A connection could not be accepted. */
  acceptFailed(endpoint: string, error: unknown): void {
    this.#fault(`accept ${endpoint}`, `${endpoint}: cannot accept: ${messageOf(error)}`);
  }

  /** A stranger was not learnt of, because there were too many at once. */
  backgroundLookupsDropped(): void {
    this.counters.backgroundLookupsDropped++;
    const text = "too many strangers at once: what DNS says of one was not learnt";
    this.#fault("not-learnt", text, "warning");
  }

  /** More waits than may, so that the oldest of it is removed. */
  overLimit(): void {
    const text =
      "more strangers wait than max_pending or max_pending_per_origin allow: the oldest " +
      "are forgotten, and have to wait anew";
    this.#fault("crowded", text, "warning");
  }

  /** A decision was counted and not kept, because there were too many at once. */
  historyDropped(): void {
    this.counters.historyDropped++;
    const text = "too many decisions at once: one was counted, and is not in the history";
    this.#fault("not-kept", text, "warning");
  }

  /** A list of addresses in DNS does not work. */
  dnsListSwitchedOff(zone: string, why: string): void {
    this.#fault(`dns list ${zone}`, `${zone} is not asked for an hour: ${why}`);
  }

  /** The store cannot do its work, so that mail passes without greylisting. */
  storeIll(fault: DatabaseError): void {
    this.counters.storeFaults++;
    this.#fault(`store ${fault.kind}`, `${fault.message}; until then all mail passes`);
  }

  /** The store works again. */
  storeRecovered(): void {
    for (const what of this.#faults.keys()) {
      if (what.startsWith("store ")) this.#faults.delete(what);
    }
    this.#say("info", "store-recovered", "the database works again");
  }

  /** The database was deleted or replaced. */
  storeReplaced(): void {
    const text = "the database file was deleted or replaced; what is there now is opened";
    this.#say("error", "store-replaced", text);
  }

  /** A corrupt database was moved away. */
  storeSetAside(path: string): void {
    this.#say("error", "store-set-aside", `the corrupt database was kept as ${path}`);
  }

  /** A bug: one request could not be decided, and its mail passes. */
  bug(error: unknown): void {
    const stack = error instanceof Error ? error.stack ?? error.message : String(error);
    this.#fault("bug", `a request could not be decided and passes; please report this: ${stack}`);
  }

  #fault(what: string, text: string, level: LogLevel = "error"): void {
    const now = this.#clock();
    const { first = now, times = 0 } = this.#told.get(what) ?? {};
    this.#told.delete(what);
    this.#told.set(what, { text, level, first, last: now, times: times + 1 });
    const last = this.#faults.get(what);
    if (last !== undefined && now >= last.since && now - last.since < FAULT_PERIOD) {
      last.more++;
      return;
    }
    const more = last === undefined || last.more === 0 ? "" : ` (and ${last.more} times more)`;
    this.#faults.set(what, { since: now, more: 0 });
    this.#say(level, "fault", text + more);
  }

  #say(level: LogLevel, event: string, text: string): void {
    if (LOG_LEVELS.indexOf(level) > this.#level) return;
    if (this.#settings.logFormat === "json") this.#write(level, event, () => [["message", text]]);
    else this.#sink.write(this.#line(level, () => escapeText(text)));
  }

  #write(level: LogLevel, event: string, fields: () => Fields): void {
    if (this.#settings.logFormat === "text") {
      this.#sink.write(this.#line(level, () => textOf(fields())));
      return;
    }
    const now = this.#clock();
    this.#sink.write(() =>
      jsonOf([["time", dateOf(now)], ["level", level], ["event", event], ...fields()])
    );
  }

  #line(level: LogLevel, text: () => string): () => string {
    if (this.#prefix === "priority") return () => PRIORITIES[level] + text();
    const now = this.#clock();
    return () => `${dateOf(now)} ${level}: ${text()}`;
  }
}

let dateText = "";
let dateTime = NaN;

/** Many lines are of the same millisecond. */
function dateOf(milliseconds: number): string {
  if (milliseconds !== dateTime) {
    dateTime = milliseconds;
    dateText = new Date(milliseconds).toISOString();
  }
  return dateText;
}

function textOf(fields: Fields): string {
  let text = "";
  for (const [name, value] of fields) {
    if (text !== "") text += ", ";
    text += `${name}=${typeof value === "string" ? escapeValue(value) : value}`;
  }
  return text;
}

function jsonOf(fields: Fields): string {
  const short = fields.map(([name, value]) => [
    name,
    typeof value === "string" ? shorten(value) : value,
  ]);
  return escapeJson(JSON.stringify(Object.fromEntries(short)));
}

/** The names are postgrey's, in its order; what it does not know comes behind. */
function decisionFields(request: PolicyRequest, verdict: Verdict): Fields {
  const value = (name: AttributeName) => request.get(name) ?? "";
  const fields: [string, string | number][] = [
    ["action", ACTIONS[verdict.decision]],
    ["reason", verdict.reason],
  ];
  if (verdict.delayed !== undefined) fields.push(["delay", Math.floor(verdict.delayed / 1000)]);
  fields.push(
    ["client_name", value("client_name")],
    ["client_address", value("client_address")],
    ["sender", value("sender") || "<>"],
    ["recipient", value("recipient")],
  );
  if (verdict.wait !== undefined) fields.push(["wait", Math.ceil(verdict.wait / 1000)]);
  if (verdict.origin !== undefined) fields.push(["origin", verdict.origin]);
  if (verdict.by !== undefined) fields.push(["by", verdict.by]);
  if (verdict.shadow !== undefined) fields.push(["shadow", ACTIONS[verdict.shadow]]);
  if (value("queue_id") !== "") fields.push(["queue_id", value("queue_id")]);
  return fields;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
