import { AccessError, ConfigError, type Configuration, describeSource } from "../config/load.ts";
import { daemonSettings, notifySettings } from "../config/module_settings.ts";
import { SETTING_NAMES, type SettingName, SETTINGS, type Values } from "../config/settings.ts";
import { RELEASED, VERSION } from "../config/version.ts";
import { Notifier, notifySettings as sdNotifySettings } from "../daemon/sd_notify.ts";
import { formatEndpoint, isLocal } from "../net/endpoint.ts";
import { DEFAULT_MAIL_OWNER } from "../postfix/postconf.ts";
import { checkSharedDatabase, checkSockets } from "../admin/system_checks.ts";
import { EventLog } from "../daemon/event_log.ts";
import { Events } from "../daemon/events.ts";
import { Daemon } from "../daemon/lifecycle.ts";
import type { LinePrefix } from "../daemon/log_line.ts";
import { StreamSink, TailSink } from "../daemon/log_sink.ts";
import type { NotifyService } from "../notify/service.ts";
import { hasNotices, type RecipientPages } from "../notify/settings.ts";
import { withoutUrlSecrets } from "../notify/target.ts";
import { readUsers } from "../notify/user_files.ts";
import type { StatusSettings } from "../web/settings.ts";
import type { ShareSettings } from "../share/settings.ts";
import type { ShareThread } from "../share/share_thread.ts";
import { pageShareOf, startSharing, withSharing } from "./serve_share.ts";
import { StatusThread } from "../web/worker/thread.ts";
import { builtin } from "../node/builtin.ts";
import { messageOf } from "../text/error_message.ts";
import { directoryOf } from "../text/path.ts";
import type { Command } from "./command.ts";
import { parseSettings, postgreyNotes, SETTING_OPTIONS } from "./setting_options.ts";

/** Under systemd, standard error is journald, which reads a priority before each line. */
function linePrefix(): LinePrefix {
  const stream = Deno.env.get("JOURNAL_STREAM");
  if (stream === undefined) return "time";
  try {
    const { dev, ino } = builtin("node:fs").fstatSync(2);
    return stream === `${dev}:${ino}` ? "priority" : "time";
  } catch {
    return "time";
  }
}

function firstOf(signals: readonly Deno.Signal[]): Promise<Deno.Signal> {
  return new Promise((resolve) => {
    for (const signal of signals) Deno.addSignalListener(signal, () => resolve(signal));
  });
}

function withoutSecrets(name: SettingName, json: string): string {
  return name === "notify" || name === "users" ? withoutUrlSecrets(json) : json;
}

function recipientPages(values: Values): RecipientPages {
  const { rights, publicUrl, ...given } = notifySettings(values);
  // The service of the notices reports lines with errors.
  return { users: readUsers(given, () => {}), rights, publicUrl };
}

function statusSettings(
  { values, written, sources }: Configuration,
  shareWith: ShareSettings | undefined,
): StatusSettings | undefined {
  if (values.status === "off") return undefined;
  const { engine, store, lists } = daemonSettings(values);
  return {
    endpoint: values.status,
    names: values.status_names,
    prefix: values.status_prefix,
    trustedProxies: values.trusted_proxies,
    maxConnections: Math.floor(values.max_descriptors / 4),
    isPrivate: values.status_private,
    ...(shareWith === undefined ? {} : { share: pageShareOf(shareWith) }),
    helpText: values.help_text,
    helpContact: values.help_contact,
    store,
    rules: engine.rules,
    whitelistClients: lists.whitelistClients,
    whitelistRecipients: lists.whitelistRecipients,
    builtinList: lists.builtinList,
    hostname: engine.reply.hostname,
    version: VERSION,
    released: RELEASED,
    recipients: recipientPages(values),
    inForce: SETTING_NAMES.map((name) => ({
      name,
      value: withoutSecrets(name, JSON.stringify(written[name])),
      source: describeSource(sources[name]),
    })),
  };
}

function startStatus(
  settings: StatusSettings | undefined,
  values: Values,
  daemon: Daemon,
  events: Events,
  tail: TailSink,
  share: ShareThread | undefined,
): StatusThread | undefined {
  if (settings === undefined) return undefined;
  return new StatusThread(settings, {
    daemonStatus: () => daemon.status,
    share: () => share?.status,
    obstacles: () => daemon.obstacles(),
    log: () => values.privacy ? [] : tail.tail,
    warnings: () => [
      ...checkSockets(values.listen, DEFAULT_MAIL_OWNER),
      ...checkSharedDatabase(values.database, daemon.isDatabaseShared),
    ],
  }, {
    listening: (where) => {
      events.publish({ kind: "page-listening", where, isLocal: isLocal(settings.endpoint) });
    },
    failed: (error) => events.publish({ kind: "page-failed", error }),
    crashed: (error) => events.publish({ kind: "page-crashed", error }),
    event: (event) => events.publish({ kind: "page", event }),
  });
}

/**
 * Starts the notices, or configures those that run. Their modules are loaded only if somebody gets
 * notices.
 */
async function applyNotices(
  running: NotifyService | undefined,
  values: Values,
  daemon: Daemon,
  events: Events,
): Promise<NotifyService | undefined> {
  const settings = notifySettings(values);
  if (running !== undefined) running.configure(settings);
  if (running !== undefined || !hasNotices(settings)) return running;
  const { NotifyService } = await import("../notify/service.ts");
  const service = new NotifyService(settings, {
    store: daemon.store,
    dns: () => daemon.dns,
    publish: (event) => events.publish(event),
    // Where requests bring their own time, it begins with the first one.
    now: () => daemon.time || Date.now(),
  });
  events.subscribe((event) => service.handle(event));
  service.start();
  return service;
}

export const serve: Command = {
  name: "serve",
  summary: "run the daemon in the foreground",
  usage: "[OPTIONS]",
  description: [
    "Every option is also a setting of the configuration file (retry_window for --retry-window) " +
    "and an environment variable (GREYLAG_RETRY_WINDOW). A flag overrides the environment, the " +
    "environment the file.",
    "SIGHUP reloads the settings and the lists. SIGTERM and SIGINT answer pending requests and stop.",
    "postgrey's options are accepted in postgrey's units: --delay=300 is in seconds, " +
    "--max-age=35 and --retry-window=2 in days; -u PATH and -i [HOST:]PORT are endpoints. With one of " +
    "them, and no whitelist_clients or whitelist_recipients set, postgrey's own whitelist files are read: " +
    "/etc/postgrey/whitelist_clients, whitelist_recipients and their .local files.",
  ],
  options: SETTING_OPTIONS,

  async run(args, output) {
    const given = parseSettings(args);
    const configuration = given.load();
    const events = new Events();
    const sink = new StreamSink(Deno.stderr, (count) => {
      events.publish({ kind: "log-lines-dropped", count });
    });
    const tail = new TailSink(sink);
    const log = new EventLog(tail, daemonSettings(configuration.values).log, linePrefix());
    events.subscribe((event) => log.handle(event));
    const { settings, shareWith } = withSharing(configuration.values, events);
    for (const text of [...given.warnings, ...postgreyNotes(configuration)]) {
      events.publish({ kind: "warning", text });
    }
    if (configuration.values.accept_test_time) {
      events.publish({
        kind: "warning",
        text: "accept_test_time = true: requests can set the clock",
      });
    }

    const reload = () => {
      try {
        const next = given.load();
        const needRestart = SETTING_NAMES.filter((name) =>
          !SETTINGS[name].live &&
          JSON.stringify(next.written[name]) !== JSON.stringify(configuration.written[name])
        );
        const changed = daemonSettings(next.values);
        daemon.configure(changed);
        log.configure(changed.log);
        notices = notices.then((running) => applyNotices(running, next.values, daemon, events));
        const page = statusSettings(next, shareWith);
        if (page !== undefined) status?.configure(page);
        events.publish({ kind: "reloaded", needRestart });
      } catch (error) {
        if (!(error instanceof ConfigError || error instanceof AccessError)) throw error;
        events.publish({ kind: "reload-failed", why: error.message });
      }
    };
    const told = sdNotifySettings(
      (name) => Deno.env.get(name),
      directoryOf(configuration.values.database),
    );
    const notifier = told === undefined ? undefined : new Notifier(told);
    // The environment is read completely by now.
    Deno.permissions.revokeSync({ name: "env" });
    const stopped = firstOf(["SIGTERM", "SIGINT"]);
    let daemon: Daemon;
    let notices: Promise<NotifyService | undefined> = Promise.resolve(undefined);
    try {
      daemon = await Daemon.start(settings, VERSION, events);
    } catch (error) {
      await sink.flush();
      output.complain(`greylag: ${messageOf(error)}\n`);
      return 1;
    }
    notices = applyNotices(undefined, configuration.values, daemon, events);
    await notices;
    const share = startSharing(shareWith, daemon, events);
    const page = statusSettings(configuration, shareWith);
    const status = startStatus(page, configuration.values, daemon, events, tail, share);
    daemon.onReopened = () => {
      status?.reopen();
      share?.reopen();
    };
    Deno.addSignalListener("SIGHUP", reload);
    await notifier?.ready(`answering on ${daemon.endpoints.map(formatEndpoint).join(", ")}`);
    events.publish({ kind: "stopping", signal: await stopped });
    await notifier?.stopping();
    await status?.stop();
    (await notices)?.stop();
    await share?.stop();
    await daemon.stop();
    notifier?.close();
    await sink.flush();
    return 0;
  },
};
