/**
 * The table of all settings.
 *
 * @module
 */
import { DEFAULT_RECIPIENT_DELIMITER } from "../net/email_address.ts";
import { LISTED_ACTIONS } from "../dns/dnsbl.ts";
import { isDeferAction } from "../postfix/reply.ts";
import { LOG_LEVELS } from "../daemon/log_line.ts";
import {
  boolean,
  choice,
  dnsLists,
  dnsServers,
  duration,
  endpoint,
  endpointOrOff,
  endpoints,
  fileMode,
  hostNames,
  integer,
  networks,
  paths,
  recipients,
  type Setting,
  shareTargets,
  signalWeights,
  text,
} from "./setting.ts";
import { NOTICE_EVENTS, RIGHTS } from "../notify/settings.ts";
import { mailAddress, publicUrl, targets, users, words } from "./notice_setting.ts";

const isPrefix = (path: string): boolean => /^(?:\/[A-Za-z0-9._~-]+)*$/.test(path);

/** By the names in the file; the flag of `dns_wait` is `--dns-wait`, its variable `GREYLAG_DNS_WAIT`. */
export const SETTINGS = {
  listen: endpoints({
    default: ["inet:127.0.0.1:10023"],
    help: "Endpoints for Postfix: inet:HOST:PORT or unix:PATH.",
    live: false,
  }),
  socketmode: fileMode({
    default: "0666",
    help: "Permissions of Unix sockets.",
    live: false,
  }),
  database: text("FILE", "the path of a file", (path) => path !== "" && !path.endsWith("/"), {
    default: "/var/lib/greylag/greylag.db",
    help: "Path of the SQLite database. The daemon creates the file and its directory.",
    live: false,
  }),
  privacy: boolean({
    default: false,
    help: "Store keyed hashes instead of mail addresses. The key is DATABASE.key.",
    live: false,
  }),
  mode: choice(["auto", "all", "suspicious", "shadow", "off"], {
    default: "auto",
    help:
      "Clients to greylist: all unknown ones, suspicious ones only, suspicious ones while a DNSBL answers and all otherwise (auto), none but log the decisions (shadow), or none (off).",
  }),
  delay: duration("1s", "1d", {
    default: "50s",
    help:
      "Minimum time between the first attempt and the retry that is accepted, for a client with a verified name that is not generic.",
  }),
  delay_suspicious: duration("1s", "1d", {
    default: "5m",
    help: "The same for other clients and for those that a DNSBL lists. Never shorter than delay.",
  }),
  retry_window: duration("1m", "90d", {
    default: "2d",
    help:
      "Maximum time between the first attempt and the retry. A later retry counts as a first attempt.",
  }),
  max_pending: integer(1000, 1_000_000_000, {
    default: 2_000_000,
    help: "Maximum number of pending triplets. The oldest are evicted beyond it.",
  }),
  max_pending_per_origin: integer(10, 1_000_000_000, {
    default: 50_000,
    help: "Maximum number of pending triplets of one origin. The oldest are evicted beyond it.",
  }),
  lifetime: duration("1h", "3650d", {
    default: "60d",
    help: "Time after its last message at which a known triplet or an origin is forgotten.",
  }),
  auto_whitelist_clients: integer(0, 1_000_000, {
    default: 5,
    help:
      "Retried messages after which a client address skips greylisting, counted once an hour at most. 0 turns auto-whitelisting off.",
  }),
  auto_whitelist_domains: integer(0, 1_000_000, {
    default: 1,
    help:
      "Retried messages after which an address skips greylisting for their sender's domain. The domain's other hosts need one more, or a week. 0 turns this off.",
  }),
  ipv4cidr: integer(8, 32, { default: 24, help: "Prefix length of a client's network, IPv4." }),
  ipv6cidr: integer(16, 128, { default: 64, help: "Prefix length of a client's network, IPv6." }),
  null_sender: choice(["rcpt", "data"], {
    default: "rcpt",
    help:
      "Stage at which mail from the null sender <> is greylisted. data lets sender address verification pass.",
  }),
  spf: choice(["origin", "pass", "off"], {
    default: "origin",
    help:
      "Use of SPF. origin: a pass makes the domain an origin of the client. pass: a pass also skips greylisting. off: no SPF lookups.",
  }),
  spf_fail: choice(["greylist", "block"], {
    default: "greylist",
    help: "Action for unknown clients if SPF returns fail.",
  }),
  spf_widest_ipv4: integer(0, 32, {
    default: 10,
    help:
      "Ignore an SPF pass if the record authorises more than an IPv4 network of this prefix length.",
  }),
  spf_widest_ipv6: integer(0, 128, {
    default: 20,
    help:
      "Ignore an SPF pass if the record authorises more than an IPv6 network of this prefix length.",
  }),
  learn_outbound: boolean({
    default: true,
    help: "Skip greylisting for domains that your own users write to.",
  }),
  recipient_delimiter: text(
    "CHARACTERS",
    "characters between an address and its extension",
    (given) => /^[!-~]*$/.test(given) && !/[A-Za-z0-9@<>"]/.test(given),
    {
      default: DEFAULT_RECIPIENT_DELIMITER,
      help:
        "Postfix's recipient_delimiter: any of these characters separates a recipient from its extension, which is ignored.",
    },
  ),
  dns_servers: dnsServers({
    default: [],
    help: "DNS servers. If empty, those of /etc/resolv.conf.",
  }),
  dns_timeout: duration("50ms", "1m", {
    default: "1s",
    help: "Timeout of one DNS query to one server.",
  }),
  dns_wait: duration("0s", "30s", {
    default: "2s",
    help: "Maximum time a request waits for DNS results that decide it.",
  }),
  dns_lists: dnsLists({
    default: [],
    help:
      "DNSBLs and DNSWLs in the notation of Postfix's postscreen_dnsbl_sites, with an action behind it: zone=127.0.0.[2..11]*3:reject. The weight is 3 if absent, and below 0 for a DNSWL.",
  }),
  listed: choice(LISTED_ACTIONS, {
    default: "reject",
    help:
      "Action for a retry from a client that a DNSBL still lists, for lists without an action of their own.",
  }),
  listed_wait: duration("1m", "30d", {
    default: "12h",
    help: 'Maximum time for which listed = "defer" defers a client.',
  }),
  background_lookups: integer(1, 100_000, {
    default: 100,
    help: "Maximum number of SPF lookups a second that no request waits for.",
  }),
  codes: choice(["off", "spf"], {
    default: "off",
    help:
      "Senders of login codes and notices (no-reply, security, verify …) skip greylisting. spf: if SPF passes, the client has a name and no DNSBL lists it.",
  }),
  signal_weights: signalWeights({
    default: [],
    help:
      "Weights of suspicion signals that differ from the defaults. Used in modes suspicious and auto.",
  }),
  suspicion_threshold: integer(-1000, 1000, {
    default: 3,
    help:
      "Suspicion score from which a client is greylisted in modes suspicious and auto, and score of DNS lists from which it counts as listed.",
  }),
  trusted_networks: networks({
    default: [],
    help: "Client addresses and networks that are never greylisted.",
  }),
  whitelist_clients: paths({
    default: [],
    help:
      "Files of allowed clients: postgrey's, sqlgrey's, or Postfix's CIDR tables. Changes take effect without a reload.",
  }),
  whitelist_recipients: paths({
    default: [],
    help: "Files of allowed recipients in postgrey's format. Changes take effect without a reload.",
  }),
  opt_in: recipients({
    default: [],
    help: "Recipients with greylisting. If set, other recipients have none.",
  }),
  opt_out: recipients({
    default: [],
    help: "Recipients without greylisting.",
  }),
  builtin_list: boolean({
    default: true,
    help:
      "Accept hosts of well-known senders without delay, and mail to postmaster@ and abuse@; see `greylag list builtin`.",
  }),
  block_text: text("TEXT", "a string on one line", (given) => given.trim() !== "", {
    default: "Refused by the policy of this site",
    help: "Reply text for blocked mail. %r is the recipient's domain.",
  }),
  greylist_action: text(
    "ACTION",
    `an action that defers: "DEFER_IF_PERMIT", "DEFER" or a code from 400 to 499`,
    isDeferAction,
    { default: "DEFER_IF_PERMIT", help: "Postfix action for deferred mail (access(5))." },
  ),
  greylist_text: text("TEXT", "a string on one line", (given) => given.trim() !== "", {
    default: "Greylisted, please try again in %s seconds",
    help:
      "Reply text for deferred mail. %s is the number of seconds left, %r the recipient's domain.",
  }),
  x_greylist_header: text(
    "TEXT",
    `a header on one line, such as "X-Greylist: …"`,
    (given) => /^[!-9;-~]+: ?\S/.test(given),
    {
      default: "X-Greylist: delayed %t seconds by greylag-%v at %h; %d",
      help:
        "Header added to delayed mail. %t is the delay in seconds, %v the version, %h the host name, %d the date.",
    },
  ),
  hostname: text("NAME", "a host name", (name) => /^[A-Za-z0-9._-]*$/.test(name), {
    default: "",
    help: "Host name in x_greylist_header and in SPF macros. If empty, the system's host name.",
  }),
  status: endpointOrOff({
    default: "inet:127.0.0.1:10623",
    help:
      "Endpoint of the status page: inet:HOST:PORT or unix:PATH. On other than loopback addresses and Unix sockets it requires a password.",
    live: false,
  }),
  status_names: hostNames({
    default: [],
    help: "Host names of the status page besides localhost, such as those of a reverse proxy.",
  }),
  status_prefix: text("PATH", `a path such as "/greylag"`, isPrefix, {
    default: "",
    help: "Path prefix of the status page behind a reverse proxy.",
  }),
  status_private: boolean({
    default: false,
    help:
      "Require a password to read the status page on loopback addresses and Unix sockets as well.",
  }),
  trusted_proxies: networks({
    default: ["127.0.0.1", "::1"],
    help:
      "Addresses and networks of reverse proxies whose X-Forwarded-For names the client, for the limits on sign-ins. A Unix socket is always trusted.",
  }),
  help_text: text("TEXT", "a string on one line", () => true, {
    default: "",
    help: "Text of the public page /help for senders whose mail was delayed.",
  }),
  help_contact: text("TEXT", "a string on one line", () => true, {
    default: "",
    help: "Contact on the page /help: a telephone number, a mail address or a URL.",
  }),
  notify: targets({
    default: [],
    help:
      "Targets of notices to administrators, such as mail:admin@example.net, ntfy:https://ntfy.example.net/TOPIC or webhook:https://….",
  }),
  notify_events: words(NOTICE_EVENTS, {
    default: [...NOTICE_EVENTS],
    help:
      "Subjects of notices to administrators: possibly lost mail once a day, something wrong, floods of unknown senders.",
  }),
  notify_smtp: endpoint({
    default: "inet:127.0.0.1:25",
    help: "SMTP server for notices by mail.",
  }),
  notify_from: mailAddress({
    default: "",
    help: "Address in From: of notices by mail. If empty, greylag@ and the host name.",
  }),
  notify_sender: mailAddress({
    default: "",
    help: "Envelope sender of notices by mail. If empty, the null sender, so that nothing bounces.",
  }),
  users: users({
    default: [],
    help:
      'Recipients, or domains, that get notices of their own. notify is "mail" (the default), "off" or a target; digest is "week" (the default), "day" or "off"; language is en, de, fr, es, nl, it or pl.',
  }),
  user_files: paths({
    default: [],
    help: "Files of such recipients, one a line: ADDRESS [notify=…] [digest=…] [language=…].",
  }),
  user_rights: words(RIGHTS, {
    default: [...RIGHTS],
    help:
      "Actions that recipients may take for their own mail: let a message in, always allow a sender, report spam, expect mail, turn greylisting off.",
  }),
  public_url: publicUrl({
    default: "",
    help: "URL under which recipients reach the page, for the links in their notices.",
  }),
  max_connections: integer(1, 100_000, {
    default: 2000,
    help: "Maximum number of open connections from Postfix.",
    live: false,
  }),
  max_descriptors: integer(64, 10_000_000, {
    default: 4096,
    help:
      "File descriptors that the process may open (systemd: LimitNOFILE). Half are reserved for connections from Postfix; the status page uses a quarter, at most 256.",
    live: false,
  }),
  idle_timeout: duration("1s", "1d", {
    default: "15m",
    help:
      "Maximum time between two requests on a connection. Postfix closes idle connections after 1,000 s.",
    live: false,
  }),
  request_timeout: duration("1s", "10m", {
    default: "10s",
    help: "Maximum time for one request to arrive completely.",
    live: false,
  }),
  history: duration("0s", "3650d", {
    default: "14d",
    help: "Retention time of decisions, for greylag find and the status page. 0s keeps none.",
  }),
  history_rows: integer(0, 100_000_000, {
    default: 500_000,
    help:
      "Maximum number of decisions kept, and of deferred pairs kept. The oldest are removed beyond it.",
  }),
  share: shareTargets({
    default: [],
    help:
      "Other MX with which this one shares its records: the URLs of their status pages, or one PostgreSQL database that all use. See docs/several-mx.md.",
    live: false,
  }),
  share_name: text("NAME", "a host name", (name) => /^[A-Za-z0-9._-]*$/.test(name), {
    default: "",
    help: "Name of this site, shown at the others. If empty, the value of hostname.",
    live: false,
  }),
  share_password_file: text("FILE", "the path of a file", () => true, {
    default: "",
    help: "File with the common secret of all sites, or with the password of the database.",
    live: false,
  }),
  share_ca_file: text("FILE", "the path of a file", () => true, {
    default: "",
    help:
      "File with CA certificates in PEM: trusted in addition to the public ones for URLs of other sites, instead of them for a database with sslmode=verify-full.",
    live: false,
  }),
  accept_test_time: boolean({
    default: false,
    help:
      "Use the attribute policy_test_time (seconds since the epoch) as the time of a request. For tests only.",
  }),
  log_level: choice(LOG_LEVELS, {
    default: "info",
    help: "Least severe level that is logged.",
  }),
  log_format: choice(["text", "json", "postgrey"], {
    default: "text",
    help:
      "Format of log lines: text is key=value, json is one object a line, postgrey has postgrey's words, for programs that read its log.",
  }),
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof SETTINGS;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

export type Values = {
  [Name in SettingName]: typeof SETTINGS[Name] extends Setting<infer T> ? T : never;
};
