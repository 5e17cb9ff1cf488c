/** Terms and tables of the trace: messages, hosts, classes of senders and their shares. */
import type { ScheduleName } from "./schedule.ts";

/** An SMTP client as Postfix sees it. */
export interface Host {
  readonly address: string;
  /** The verified name, or `unknown`. */
  readonly name: string;
  readonly helo: string;
}

/** The hosts that try to deliver a message, and the times of their retries. */
export interface Route {
  readonly hosts: readonly Host[];
  /** Probability that a retry comes from the host of the last try. */
  readonly sameHost: number;
  /** Probability that another host of the route is one of the same IPv4 /24. */
  readonly sameNetwork: number;
  readonly schedule: ScheduleName;
}

export type Kind = "legitimate" | "spam" | "outgoing";

export interface Message {
  /** From 0, in the order of `time`. */
  readonly id: number;
  /** The first try, in seconds since the epoch. */
  readonly time: number;
  readonly kind: Kind;
  readonly class: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly route: Route;
}

export interface DnsRecord {
  readonly type: "A" | "MX" | "TXT";
  readonly data: string;
}

/** A DNSBL's listing of an address, in seconds since the epoch. */
export interface Listing {
  readonly from: number;
  readonly until: number;
}

export interface Trace {
  /** Midnight of the first day, in seconds since the epoch. */
  readonly start: number;
  readonly days: number;
  /** Ordered by time. */
  readonly messages: readonly Message[];
  readonly records: ReadonlyMap<string, readonly DnsRecord[]>;
  readonly listings: ReadonlyMap<string, Listing>;
}

/** Monday, 5 January 2026, 00:00 UTC. */
export const START = 1_767_571_200;

export const DAY = 86_400;

/** The DNSBL of the trace. */
export const BLOCKLIST = "bl.example";

export const USERS: readonly string[] = Array.from(
  { length: 20 },
  (_, at) => `user${at + 1}@home.example`,
);

/** A provider whose customers or users send by many shared hosts. */
export interface Pool {
  /** Domains of its users; empty if its customers have domains of their own. */
  readonly domains: readonly string[];
  /** IPv4 /24 networks, without the last octet. */
  readonly networks: readonly string[];
  readonly hostsPerNetwork: number;
  /** `{net}` and `{host}` stand for the third and the fourth octet. */
  readonly hostName: string;
  /** The domain that a customer's SPF record includes, and its record. */
  readonly include: string;
  readonly record: string;
  readonly sameHost: number;
  readonly schedule: ScheduleName;
}

const range = (head: string, first: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${head}.${first + at}`);

/**
 * Providers by their own names, since lists of well-known senders know those. Networks and SPF records are
 * parts of the published ones.
 */
export const POOLS = {
  gmail: {
    domains: ["gmail.com"],
    networks: range("209.85", 208, 14),
    hostsPerNetwork: 8,
    hostName: "mail-ed{net}-f{host}.google.com",
    include: "_spf.google.com",
    record: "ip4:209.85.128.0/17 ip4:74.125.0.0/16 ~all",
    // 7 addresses in 9 tries (Pagani et al.).
    sameHost: 0.2,
    schedule: "gmail",
  },
  outlook: {
    domains: ["outlook.com", "hotmail.com"],
    networks: range("40.92", 40, 12),
    hostsPerNetwork: 8,
    hostName: "mail-db{net}olkn{host}.outbound.protection.outlook.com",
    include: "spf2.outlook.com",
    record: "ip4:40.92.0.0/15 -all",
    sameHost: 1,
    schedule: "outlook",
  },
  microsoft365: {
    domains: [],
    networks: range("40.107", 20, 20),
    hostsPerNetwork: 8,
    hostName: "mail-am{net}on{host}.outbound.protection.outlook.com",
    include: "spf.protection.outlook.com",
    record: "ip4:40.92.0.0/15 ip4:40.107.0.0/16 ip4:52.100.0.0/14 ip4:104.47.0.0/17 -all",
    sameHost: 0.4,
    schedule: "outlook",
  },
  yahoo: {
    domains: ["yahoo.com"],
    networks: range("66.163", 184, 6),
    hostsPerNetwork: 8,
    hostName: "sonic{net}-{host}.consmr.mail.ne1.yahoo.com",
    include: "_spf.mail.yahoo.com",
    record: "ip4:66.163.184.0/21 ?all",
    sameHost: 1,
    schedule: "yahoo",
  },
  gmx: {
    domains: ["gmx.net", "gmx.de"],
    networks: ["212.227.15", "212.227.17"],
    hostsPerNetwork: 3,
    hostName: "mout.gmx.net",
    include: "gmx.net",
    record: "ip4:212.227.15.0/24 ip4:212.227.17.0/27 -all",
    // 3 addresses in 10 tries (Pagani et al.).
    sameHost: 0.7,
    schedule: "gmx",
  },
  mailru: {
    domains: ["mail.ru"],
    networks: ["217.69.138", "217.69.139", "94.100.177", "94.100.181"],
    hostsPerNetwork: 6,
    hostName: "f{host}.i.mail.ru",
    include: "_spf.mail.ru",
    record: "ip4:217.69.128.0/20 ip4:94.100.176.0/20 ~all",
    // 7 addresses in 13 tries (Pagani et al.).
    sameHost: 0.4,
    schedule: "mailru",
  },
  amazonSes: {
    domains: [],
    networks: range("54.240", 8, 8),
    hostsPerNetwork: 12,
    hostName: "a{net}-{host}.smtp-out.amazonses.com",
    include: "amazonses.com",
    record: "ip4:54.240.0.0/18 ip4:69.169.224.0/20 -all",
    sameHost: 0.3,
    schedule: "bulk",
  },
  sendgrid: {
    domains: [],
    networks: ["149.72.45", "149.72.126", "167.89.100", "168.245.36"],
    hostsPerNetwork: 12,
    hostName: "o{host}.net{net}.outbound-mail.sendgrid.net",
    include: "sendgrid.net",
    record: "ip4:149.72.0.0/16 ip4:167.89.0.0/17 ip4:168.245.0.0/17 ~all",
    sameHost: 0.5,
    schedule: "bulk",
  },
  mailchimp: {
    domains: [],
    networks: ["198.2.133", "198.2.140", "198.2.178", "205.201.131"],
    hostsPerNetwork: 12,
    hostName: "mail{host}.atl{net}.mcsv.net",
    include: "servers.mcsv.net",
    record: "ip4:198.2.128.0/18 ip4:205.201.128.0/20 ~all",
    sameHost: 0.5,
    schedule: "bulk",
  },
  hosterA: {
    domains: [],
    networks: ["185.30.32", "185.30.35"],
    hostsPerNetwork: 8,
    hostName: "relay{net}-{host}.hoster-a.example",
    include: "_spf.hoster-a.example",
    record: "ip4:185.30.32.0/22 ~all",
    sameHost: 0.6,
    schedule: "postfix",
  },
  hosterB: {
    domains: [],
    networks: ["91.136.8", "91.136.9", "81.28.232"],
    hostsPerNetwork: 6,
    hostName: "out{host}.mail{net}.hoster-b.example",
    include: "_spf.hoster-b.example",
    record: "ip4:91.136.8.0/21 ip4:81.28.232.0/24 ~all",
    sameHost: 1,
    schedule: "exim",
  },
} as const satisfies Readonly<Record<string, Pool>>;

export type PoolName = keyof typeof POOLS;

export const HOSTERS: readonly PoolName[] = ["hosterA", "hosterB"];
export const BULK_SENDERS: readonly PoolName[] = ["amazonSes", "sendgrid", "mailchimp"];

/** Users' providers and their shares of such mail. */
export const MAILBOX_PROVIDERS: readonly (readonly [PoolName, number])[] = [
  ["gmail", 50],
  ["outlook", 20],
  ["gmx", 14],
  ["yahoo", 10],
  ["mailru", 6],
];

/** A class of legitimate senders. */
export interface LegitimateClass {
  readonly name: string;
  /** Percent of the legitimate mail. */
  readonly share: number;
  /** Probability that a message begins a new relation. */
  readonly novelty: number;
  /** Probability that a new relation is with a domain that has written before. */
  readonly sameDomain: number;
  /** Personal mail: our users reply to it, or wrote first. */
  readonly isPersonal: boolean;
}

const legitimate = (
  name: string,
  share: number,
  novelty: number,
  sameDomain: number,
  isPersonal = false,
): LegitimateClass => ({ name, share, novelty, sameDomain, isPersonal });

export const LEGITIMATE: readonly LegitimateClass[] = [
  legitimate("small server", 16, 0.12, 0.4, true),
  legitimate("hoster's customer", 8, 0.15, 0.4, true),
  legitimate("Microsoft 365", 13, 0.15, 0.4, true),
  legitimate("Google Workspace", 6, 0.15, 0.4, true),
  legitimate("mailbox provider", 13, 0.15, 0, true),
  legitimate("bulk sender", 12, 0.06, 0.1),
  legitimate("notice", 13, 0.2, 0.3),
  legitimate("login code", 3, 0.4, 0.2),
  legitimate("mailing list", 11, 0.02, 0.3),
  legitimate("forwarder", 2, 0.2, 0),
  legitimate("bounce", 2, 1, 0),
  legitimate("no retry", 1, 0.2, 0.3),
];

/** Classes of spam and their percentages of it. */
export const SPAM = {
  "no retry, generic name": 28,
  "no retry, no name": 20,
  "no retry, VPS": 6,
  "retry at once": 7,
  "retry after 1 to 5 min": 4,
  "retry from elsewhere": 6,
  "bot with a queue": 4,
  "forged correspondent": 6,
  "snowshoe": 7,
  "snowshoe with a queue": 6,
  "hacked account": 6,
} as const;

export type SpamClass = keyof typeof SPAM;

/**
 * Listings in the DNSBL: probabilities that a host is listed before its first try, and later, after a
 * time with this mean in seconds.
 */
export const LISTED = {
  bot: { before: 0.8, later: 0.1, mean: 2 * 3600 },
  vps: { before: 0.35, later: 0.3, mean: 1800 },
  snowshoe: { before: 0.3, later: 0.3, mean: 5400 },
} as const;

/** Probability that a small server is listed by mistake once, for this many seconds. */
export const FALSE_LISTING = { probability: 0.003, duration: 12 * 3600 } as const;
