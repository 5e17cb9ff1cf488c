/**
 * Conversion of the settings to those of each module.
 *
 * @module
 */
import type { DaemonSettings } from "../daemon/lifecycle.ts";
import { BACKGROUND_LIMITS } from "../evidence/scheduler.ts";
import { SIGNAL_WEIGHTS } from "../evidence/signals.ts";
import type { NotifySettings } from "../notify/settings.ts";
import { REQUEST_LIMITS } from "../postfix/request.ts";
import { readCertificates } from "../share/certificates.ts";
import { readSecret } from "../share/secret.ts";
import type { ShareSettings } from "../share/settings.ts";
import { SECOND } from "../text/duration.ts";
import type { Values } from "./settings.ts";
import { VERSION } from "./version.ts";

/** The settings of sharing; undefined if this site does not share. */
export function shareSettings(values: Values): ShareSettings | undefined {
  if (values.share.length === 0) return undefined;
  const { engine, store } = daemonSettings(values);
  const { retryWindow, lifetime, ipv4Prefix, ipv6Prefix } = engine.rules;
  const isDatabase = values.share.some(({ kind }) => kind === "database");
  return {
    name: values.share_name || hostnameOf(values),
    targets: values.share,
    secret: readSecret(values.share_password_file, isDatabase),
    certificates: readCertificates(values.share_ca_file),
    store,
    version: VERSION,
    maxPendingPerNetwork: values.max_pending_per_origin,
    agreement: { retryWindow, lifetime, ipv4Prefix, ipv6Prefix },
  };
}

function hostnameOf({ hostname }: Values): string {
  return hostname === "" ? Deno.hostname() : hostname;
}

export function notifySettings(values: Values): NotifySettings {
  const { notify, users, user_files } = values;
  const hostname = hostnameOf(values);
  return {
    targets: notify,
    events: values.notify_events,
    smtp: values.notify_smtp,
    from: values.notify_from === "" ? `greylag@${hostname}` : values.notify_from,
    envelopeSender: values.notify_sender,
    // Only hashes are stored of them.
    users: values.privacy ? [] : users,
    userFiles: values.privacy ? [] : user_files,
    rights: values.user_rights,
    publicUrl: values.public_url,
    recipientDelimiter: values.recipient_delimiter,
    hostname,
    database: values.database,
    retryWindow: values.retry_window,
  };
}

/** The settings of the daemon's modules. */
export function daemonSettings(values: Values): DaemonSettings {
  const hostname = hostnameOf(values);
  return {
    engine: {
      rules: {
        mode: values.mode,
        delay: values.delay,
        delaySuspicious: Math.max(values.delay, values.delay_suspicious),
        retryWindow: values.retry_window,
        lifetime: values.lifetime,
        autoWhitelistClients: values.auto_whitelist_clients,
        autoWhitelistDomains: values.auto_whitelist_domains,
        ipv4Prefix: values.ipv4cidr,
        ipv6Prefix: values.ipv6cidr,
        nullSender: values.null_sender,
        spf: values.spf,
        spfFail: values.spf_fail,
        hasDnsLists: values.dns_lists.length > 0,
        listedWait: values.listed_wait,
        codes: values.codes,
        suspicionThreshold: values.suspicion_threshold,
        sampleKey: "",
        recipientDelimiter: values.recipient_delimiter,
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
      connections: Math.min(values.max_connections, Math.floor(values.max_descriptors / 2)),
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
      recipientDelimiter: values.recipient_delimiter,
    },
    resolver: { servers: values.dns_servers, queryTimeout: values.dns_timeout },
    evidence: {
      spf: values.spf !== "off",
      dnsWait: values.dns_wait,
      breadth: { ipv4: values.spf_widest_ipv4, ipv6: values.spf_widest_ipv6 },
      dnsLists: values.dns_lists,
      listed: values.listed,
      threshold: values.suspicion_threshold,
      background: {
        ...BACKGROUND_LIMITS,
        startPause: SECOND / values.background_lookups,
        running: Math.max(BACKGROUND_LIMITS.running, values.background_lookups),
        queued: Math.max(BACKGROUND_LIMITS.queued, values.background_lookups),
      },
      weights: { ...SIGNAL_WEIGHTS, ...Object.fromEntries(values.signal_weights) },
      ours: new Set([hostname.toLowerCase()]),
      receiver: hostname,
    },
    store: {
      database: values.database,
      privacy: values.privacy,
      recipientDelimiter: values.recipient_delimiter,
    },
    history: { history: values.history, historyRows: values.history_rows },
    pending: {
      maxPending: values.max_pending,
      maxPendingPerOrigin: values.max_pending_per_origin,
    },
    log: { logLevel: values.log_level, logFormat: values.log_format },
  };
}
