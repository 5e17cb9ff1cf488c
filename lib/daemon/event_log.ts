/**
 * The log: a subscriber that turns events into lines.
 *
 * @module
 */
import { isProbe } from "../postfix/probe.ts";
import { escapeLine } from "../text/escape.ts";
import { RepeatLimit } from "./error_registry.ts";
import { decisionFields, decisionText, type Message, messagesOf } from "./event_text.ts";
import type { DaemonEvent, DecisionEvent } from "./events.ts";
import {
  jsonLine,
  type LinePrefix,
  LOG_LEVELS,
  type LogFormat,
  type LogLevel,
  syslogLine,
  textLine,
} from "./log_line.ts";
import type { LogSink } from "./log_sink.ts";
import { postgreyText, postgreyWhitelisted } from "./postgrey_line.ts";

export interface LogSettings {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export class EventLog {
  readonly #sink: LogSink;
  readonly #prefix: LinePrefix;
  readonly #clock: () => number;
  readonly #repeats = new RepeatLimit();
  #settings: LogSettings;

  /** @param clock milliseconds since the epoch. */
  constructor(
    sink: LogSink,
    settings: LogSettings,
    prefix: LinePrefix = "time",
    clock: () => number = Date.now,
  ) {
    this.#sink = sink;
    this.#settings = settings;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  configure(settings: LogSettings): void {
    this.#settings = settings;
  }

  handle(event: DaemonEvent): void {
    if (event.kind === "decision") {
      this.#decision(event);
      return;
    }
    if (event.kind === "database-recovered") this.#repeats.resetDatabase();
    for (const message of messagesOf(event)) this.#message(message);
  }

  #decision(event: DecisionEvent): void {
    // The error that made Greylag fail open has a line of its own.
    if (event.verdict.reason === "fault") return;
    // A health check asks every few seconds.
    const level = isProbe(event.request.attributes) ? "debug" : "info";
    if (!this.#includes(level)) return;
    if (event.verdict.autoWhitelisted === true && this.#settings.logFormat === "postgrey") {
      this.#sink.write(syslogLine("info", postgreyWhitelisted(event), this.#prefix));
    }
    this.#sink.write(this.#decisionLine(level, event, this.#clock()));
  }

  #decisionLine(level: LogLevel, event: DecisionEvent, now: number): string {
    switch (this.#settings.logFormat) {
      case "text":
        return textLine(level, decisionText(event), this.#prefix, now);
      case "json":
        return jsonLine(level, event.kind, decisionFields(event), now);
      case "postgrey":
        return syslogLine(level, postgreyText(event), this.#prefix);
    }
  }

  #message({ level, event, text, errorKey }: Message): void {
    const now = this.#clock();
    let line = text;
    if (errorKey !== undefined) {
      const suppressed = this.#repeats.take(errorKey, now);
      if (suppressed === undefined) return;
      if (suppressed > 0) line += ` (and ${suppressed} times more)`;
    }
    if (this.#includes(level)) this.#sink.write(this.#messageLine(level, event, line, now));
  }

  #messageLine(level: LogLevel, event: string, text: string, now: number): string {
    switch (this.#settings.logFormat) {
      case "text":
        return textLine(level, escapeLine(text), this.#prefix, now);
      case "json":
        return jsonLine(level, event, [["message", text]], now);
      case "postgrey":
        return syslogLine(level, escapeLine(text), this.#prefix);
    }
  }

  #includes(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(this.#settings.logLevel);
  }
}
