/**
 * Every setting of Greylag in one table, and how they become the rooms' own settings.
 *
 * @module
 */
import { SIGNAL_WEIGHTS } from "../evidence/signals.ts";
import { formatEndpoint, isLocal } from "../net/endpoint.ts";
import { isDeferAction } from "../postfix/reply.ts";
import { REQUEST_LIMITS } from "../postfix/request.ts";
import { LOG_LEVELS } from "../daemon/event_log.ts";
import type { ServiceSettings } from "../daemon/lifecycle.ts";
import {
  choice,
  count,
  dnsLists,
  dnsServers,
  duration,
  endpointOrOff,
  endpoints,
  fileMode,
  hostNames,
  networks,
  onOff,
  paths,
  recipients,
  type Setting,
  signalWeights,
  text,
} from "./setting.ts";
import { VERSION } from "./version.ts";

const isPrefix = (path: string): boolean => /^(?:\/[A-Za-z0-9._~-]+)*$/.test(path);

/** The settings by their names in the file; a flag has dashes, a variable of the environment is upper case. */
export const SETTINGS = {
  listen: endpoints({
    standard: ["inet:127.0.0.1:10023"],
    help: "Where Postfix asks: inet:HOST:PORT or unix:PATH; any number of them.",
    live: false,
  }),
  socketmode: fileMode({
    standard: "0666",
    help: "Permissions of Unix sockets.",
    live: false,
  }),
  database: text("FILE", "the path of a file", (path) => path !== "" && !path.endsWith("/"), {
    standard: "/var/lib/greylag/greylag.db",
    help: "The database; it and its directory are made if they are not there.",
    live: false,
  }),
  privacy: onOff({
    standard: false,
    help: "Store keyed hashes instead of addresses; the key stands beside the database.",
    live: false,
  }),
  mode: choice(["all", "suspicious", "shadow", "off"], {
    standard: "all",
    help:
      "Greylist every stranger; or only odd ones; or only report what would happen; or nothing.",
  }),
  delay: duration("1s", "1d", {
    standard: "1m",
    help: "How long a stranger has to wait before its retry passes.",
  }),
  retry_window: duration("1m", "90d", {
    standard: "2d",
    help: "How long after its first attempt a stranger may come back.",
  }),
  max_pending: count(1000, 1_000_000_000, {
    standard: 2_000_000,
    help: "So many triplets may wait at once; of more, those that wait longest are forgotten.",
  }),
  max_pending_per_origin: count(10, 1_000_000_000, {
    standard: 50_000,
    help: "The same for one origin.",
  }),
  lifetime: duration("1h", "3650d", {
    standard: "36d",
    help: "How long one who came back is remembered since its last message.",
  }),
  auto_whitelist_clients: count(0, 1_000_000, {
    standard: 5,
    help: "Deliveries, one an hour at most, after which an origin skips greylisting; 0 for never.",
  }),
  ipv4cidr: count(8, 32, { standard: 24, help: "The size of a client's network, IPv4." }),
  ipv6cidr: count(16, 128, { standard: 64, help: "The size of a client's network, IPv6." }),
  null_sender: choice(["rcpt", "data"], {
    standard: "rcpt",
    help: "Greylist the null sender at RCPT; or at DATA, so that sender callouts work.",
  }),
  spf: choice(["origin", "pass", "off"], {
    standard: "origin",
    help: "A pass of SPF makes the domain one more origin of the client; or lets it in at once.",
  }),
  spf_fail: choice(["greylist", "block"], {
    standard: "greylist",
    help: "What becomes of a stranger that SPF says is not its sender's.",
  }),
  spf_widest_ipv4: count(0, 32, {
    standard: 10,
    help:
      "An SPF record that lets more IPv4 addresses pass than a network of this size says nothing.",
  }),
  spf_widest_ipv6: count(0, 128, { standard: 20, help: "The same for IPv6." }),
  learn_outbound: onOff({
    standard: true,
    help: "Do not greylist the hosts of domains that your own users write to.",
  }),
  dns_servers: dnsServers({
    standard: [],
    help: "DNS servers; those of /etc/resolv.conf if there is none.",
  }),
  dns_timeout: duration("50ms", "1m", {
    standard: "1s",
    help: "How long one DNS server may take for one question.",
  }),
  dns_wait: duration("0s", "30s", {
    standard: "2s",
    help: "How long a request may wait for DNS, where that decides it.",
  }),
  dns_lists: dnsLists({
    standard: [],
    help: "For mode suspicious: lists of addresses in DNS, as in Postfix's postscreen_dnsbl_sites.",
  }),
  signal_weights: signalWeights({
    standard: [],
    help: "For mode suspicious: what signals weigh, where not as usual.",
  }),
  suspicion_threshold: count(-1000, 1000, {
    standard: 3,
    help: "For mode suspicious: whoever weighs this much or more is greylisted.",
  }),
  trusted_networks: networks({
    standard: [],
    help: "Clients that are never greylisted: addresses and networks of your own.",
  }),
  whitelist_clients: paths({
    standard: [],
    help: "Files of clients that pass, in postgrey's format; changes are noticed.",
  }),
  whitelist_recipients: paths({
    standard: [],
    help: "Files of recipients whose mail passes, in postgrey's format; changes are noticed.",
  }),
  opt_in: recipients({
    standard: [],
    help: "Recipients that want greylisting; if there is any, all others do not.",
  }),
  opt_out: recipients({
    standard: [],
    help: "Recipients that do not want greylisting.",
  }),
  builtin_list: onOff({
    standard: true,
    help: "Let those pass that are known not to retry or to retry from everywhere.",
  }),
  block_text: text("TEXT", "a text on one line", (given) => given.trim() !== "", {
    standard: "Refused by the policy of this site",
    help: "The text of the refusal of what is blocked; %r is the recipient's domain.",
  }),
  greylist_action: text(
    "ACTION",
    `an action that asks to come back: "DEFER_IF_PERMIT", "DEFER" or a code from 400 to 499`,
    isDeferAction,
    { standard: "DEFER_IF_PERMIT", help: "What Postfix does with a stranger (access(5))." },
  ),
  greylist_text: text("TEXT", "a text on one line", (given) => given.trim() !== "", {
    standard: "Greylisted, please try again in %s seconds",
    help: "The text of the refusal; %s is the seconds left, %r the recipient's domain.",
  }),
  x_greylist_header: text(
    "TEXT",
    `a header on one line, such as "X-Greylist: …"`,
    (given) => /^[!-9;-~]+: ?\S/.test(given),
    {
      standard: "X-Greylist: delayed %t seconds by greylag-%v at %h; %d",
      help: "Header of a delayed message; %t seconds, %v version, %h host name, %d date.",
    },
  ),
  hostname: text("NAME", "a host name", (name) => /^[A-Za-z0-9._-]*$/.test(name), {
    standard: "",
    help: "The host name for that header; empty for this machine's own.",
  }),
  status: endpointOrOff({
    standard: "inet:127.0.0.1:10024",
    help: "Where the status page is: inet:HOST:PORT or unix:PATH. Beyond loopback it asks for a " +
      "password.",
    live: false,
  }),
  status_names: hostNames({
    standard: [],
    help: "Host names that the status page goes by, besides localhost: those of a reverse proxy.",
  }),
  status_prefix: text("PATH", `a path such as "/greylag"`, isPrefix, {
    standard: "",
    help: "The path below which a reverse proxy shows the status page.",
  }),
  status_private: onOff({
    standard: false,
    help: "Ask for a password to read the status page on loopback and Unix sockets as well.",
  }),
  help_text: text("TEXT", "a text on one line", () => true, {
    standard: "",
    help: "What the page /help says to people whose mail was delayed.",
  }),
  help_contact: text("TEXT", "a text on one line", () => true, {
    standard: "",
    help: "How they reach you: a telephone number, a mail address, an address of a web page.",
  }),
  max_connections: count(1, 100_000, {
    standard: 2000,
    help: "Connections of Postfix at once.",
    live: false,
  }),
  idle_timeout: duration("1s", "1d", {
    standard: "15m",
    help: "How long a connection may be silent; Postfix itself closes it after 1,000 s.",
    live: false,
  }),
  request_timeout: duration("1s", "10m", {
    standard: "10s",
    help: "How long one request may take to arrive.",
    live: false,
  }),
  history: duration("0s", "3650d", {
    standard: "14d",
    help: "How long decisions are kept for `greylag find` and the like; 0s keeps none.",
  }),
  history_rows: count(0, 100_000_000, {
    standard: 500_000,
    help: "So many decisions, and so much of what was put off, are kept at most.",
  }),
  accept_test_time: onOff({
    standard: false,
    help: "Take the attribute policy_test_time (epoch seconds) as a request's clock; for tests.",
  }),
  log_level: choice(LOG_LEVELS, {
    standard: "info",
    help: "How much is logged.",
  }),
  log_format: choice(["text", "json"], {
    standard: "text",
    help: "key=value lines, or one JSON object a line.",
  }),
} as const satisfies Readonly<Record<string, Setting>>;

/** The name of a setting. */
export type SettingName = keyof typeof SETTINGS;

/** The names of all settings, in the order of the table. */
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** Whether a text is the name of a setting. */
export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

/** A value for every setting. */
export type Values = {
  [Name in SettingName]: typeof SETTINGS[Name] extends Setting<infer T> ? T : never;
};

/**
 * What is wrong with settings that are each right.
 *
 * @returns the setting to blame and why, or undefined if all is well.
 */
export function contradiction(values: Values): { name: SettingName; why: string } | undefined {
  if (values.retry_window <= values.delay) {
    return { name: "retry_window", why: "must be longer than `delay`, or nobody can ever pass" };
  }
  if (values.lifetime < values.retry_window) {
    return { name: "lifetime", why: "must not be shorter than `retry_window`" };
  }
  if (values.listen.length === 0) {
    return {
      name: "listen",
      why: 'must name at least one endpoint, such as "inet:127.0.0.1:10023"',
    };
  }
  const open = values.listen.find((endpoint) => !isLocal(endpoint));
  if (values.accept_test_time && open !== undefined) {
    const where = formatEndpoint(open);
    return {
      name: "accept_test_time",
      why: `lets anybody who asks set the clock, so it is refused with ${where}: ` +
        "listen on loopback addresses and Unix sockets only",
    };
  }
  return undefined;
}

/** The rooms' own settings. */
export function serviceSettings(values: Values): ServiceSettings {
  const hostname = values.hostname === "" ? Deno.hostname() : values.hostname;
  return {
    engine: {
      rules: {
        mode: values.mode,
        delay: values.delay,
        retryWindow: values.retry_window,
        lifetime: values.lifetime,
        autoWhitelistClients: values.auto_whitelist_clients,
        ipv4Prefix: values.ipv4cidr,
        ipv6Prefix: values.ipv6cidr,
        nullSender: values.null_sender,
        spf: values.spf,
        spfFail: values.spf_fail,
        suspicionThreshold: values.suspicion_threshold,
        learnOutbound: values.learn_outbound,
        trustedNetworks: values.trusted_networks,
      },
      reply: {
        greylistAction: values.greylist_action,
        greylistText: values.greylist_text,
        blockText: values.block_text,
        xGreylistHeader: values.x_greylist_header,
        hostname,
        version: VERSION,
      },
      acceptTestTime: values.accept_test_time,
    },
    listen: values.listen,
    socketMode: values.socketmode,
    limits: {
      connections: values.max_connections,
      idle: values.idle_timeout,
      request: values.request_timeout,
      size: REQUEST_LIMITS,
    },
    lists: {
      whitelistClients: values.whitelist_clients,
      whitelistRecipients: values.whitelist_recipients,
      optIn: values.opt_in,
      optOut: values.opt_out,
      builtinList: values.builtin_list,
    },
    resolver: { servers: values.dns_servers, queryTimeout: values.dns_timeout },
    gatherer: {
      mode: values.mode,
      spf: values.spf !== "off",
      dnsWait: values.dns_wait,
      breadth: { ipv4: values.spf_widest_ipv4, ipv6: values.spf_widest_ipv6 },
      dnsLists: values.dns_lists,
      weights: { ...SIGNAL_WEIGHTS, ...Object.fromEntries(values.signal_weights) },
      ours: new Set([hostname.toLowerCase()]),
      receiver: hostname,
    },
    store: { database: values.database, privacy: values.privacy },
    history: { history: values.history, historyRows: values.history_rows },
    evictions: {
      maxPending: values.max_pending,
      maxPendingPerOrigin: values.max_pending_per_origin,
    },
    journal: { logLevel: values.log_level, logFormat: values.log_format },
  };
}
