/** Checks of Postfix's configuration: how it calls the policy server. */
import { type Endpoint, formatEndpoint, parseEndpoint } from "../net/endpoint.ts";

/** The parameters of `postconf -n`: those that differ from the defaults. */
export type Postconf = ReadonlyMap<string, string>;

export interface Finding {
  /** An error loses, delays or rejects mail, or leaves it unchecked; a warning may. */
  readonly severity: "error" | "warning";
  readonly what: string;
  /** The line for `main.cf`, or another action. */
  readonly remedy: string;
}

/** One `check_policy_service` of a restriction list. */
export interface PolicyService {
  readonly parameter: string;
  /** In the list, counted from 0. */
  readonly position: number;
  /** As written: `inet:127.0.0.1:10023`, `unix:private/policy`. */
  readonly endpoint: string;
  /** Such as `default_action`. */
  readonly options: ReadonlyMap<string, string>;
}

/** Default of the parameter mail_owner (postconf(5)). */
export const DEFAULT_MAIL_OWNER = "postfix";

/** The restriction lists that can call a policy server for each recipient. */
const LISTS = [
  "smtpd_recipient_restrictions",
  "smtpd_relay_restrictions",
  "smtpd_data_restrictions",
  "smtpd_end_of_data_restrictions",
  "smtpd_sender_restrictions",
  "smtpd_helo_restrictions",
  "smtpd_client_restrictions",
] as const;

/**
 * Parses the output of `postconf -n`. A line that begins with white space continues the one before, as
 * in `main.cf`; comments and blank lines are skipped.
 */
export function parsePostconf(text: string): Postconf {
  const found = new Map<string, string>();
  let last: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const match = /^([A-Za-z0-9_]+)\s*=\s*(.*)$/.exec(line);
    if (match !== null) {
      last = match[1]!;
      found.set(last, match[2]!.trim());
    } else if (last !== undefined && /^\s/.test(line)) {
      found.set(last, `${found.get(last)} ${line.trim()}`.trim());
    }
  }
  return found;
}

/** Splits a restriction list at commas and white space outside braces. */
export function splitRestrictions(value: string): string[] {
  const words: string[] = [];
  let depth = 0;
  let word = "";
  for (const char of `${value},`) {
    if (depth === 0 && /[\s,]/.test(char)) {
      if (word !== "") words.push(word);
      word = "";
      continue;
    }
    if (char === "{") depth++;
    if (char === "}") depth--;
    word += char;
  }
  return words;
}

function policyService(parameter: string, position: number, argument: string): PolicyService {
  const [endpoint = "", ...settings] = argument.startsWith("{")
    ? splitRestrictions(argument.slice(1, -1))
    : [argument];
  const options = settings.map((setting) => {
    const inner = setting.replace(/^\{\s*(.*?)\s*\}$/, "$1");
    const equals = inner.indexOf("=");
    return [inner.slice(0, equals).trim(), inner.slice(equals + 1).trim()] as const;
  });
  return { parameter, position, endpoint, options: new Map(options) };
}

export function policyServices(postconf: Postconf): PolicyService[] {
  return LISTS.flatMap((parameter) => {
    const words = splitRestrictions(postconf.get(parameter) ?? "");
    return words.flatMap((word, at) =>
      word === "check_policy_service" && words[at + 1] !== undefined
        ? [policyService(parameter, at, words[at + 1]!)]
        : []
    );
  });
}

/** The `check_policy_service` that the documents recommend. */
export function recommended(endpoint: Endpoint): string {
  return `check_policy_service { ${formatEndpoint(endpoint)}, timeout=10s, default_action=DUNNO }`;
}

/** The whole restriction list that the documents recommend. */
function recommendedList(endpoint: Endpoint): string {
  return "smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, " +
    `reject_unauth_destination, ${recommended(endpoint)}`;
}

/** The list of a service, its check replaced by the recommended one. */
function mended(service: PolicyService, postconf: Postconf, endpoint: Endpoint): string {
  const words = splitRestrictions(postconf.get(service.parameter)!);
  words.splice(service.position, 2, recommended(endpoint));
  return `${service.parameter} = ${words.join(" ")}`;
}

/** The list for recipients with the recommended check appended. */
function extended(postconf: Postconf, endpoint: Endpoint): string {
  const own = postconf.get("smtpd_recipient_restrictions");
  if (own === undefined) return recommendedList(endpoint);
  const words = splitRestrictions(own);
  return `smtpd_recipient_restrictions = ${[...words, recommended(endpoint)].join(" ")}`;
}

/** Whether an endpoint as Postfix writes it is the given one. */
function reaches(written: string, endpoint: Endpoint, queueDirectory: string): boolean {
  const asked = parseEndpoint(written);
  if (asked === undefined || asked.kind !== endpoint.kind) return false;
  if (asked.kind === "inet" && endpoint.kind === "inet") {
    const isAny = endpoint.host === "0.0.0.0" || endpoint.host === "::";
    return asked.port === endpoint.port && (isAny || asked.host === endpoint.host);
  }
  if (asked.kind === "unix" && endpoint.kind === "unix") {
    // Relative paths start at the queue directory; so do all paths of a chrooted smtpd.
    const seen = [asked.path, `${queueDirectory}/${asked.path.replace(/^\//, "")}`];
    return seen.includes(endpoint.path);
  }
  return false;
}

function checkDefaultAction(
  service: PolicyService,
  postconf: Postconf,
  endpoint: Endpoint,
): Finding[] {
  const action = service.options.get("default_action") ??
    postconf.get("smtpd_policy_service_default_action") ?? "451 4.3.5 Server configuration problem";
  if (/^(?:DUNNO|OK|PERMIT)\b/i.test(action)) return [];
  return [{
    severity: "error",
    what: `while greylag is stopped, Postfix answers all mail with "${action}"`,
    remedy: mended(service, postconf, endpoint),
  }];
}

function checkPosition(service: PolicyService, postconf: Postconf, endpoint: Endpoint): Finding[] {
  if (service.parameter !== "smtpd_recipient_restrictions") return [];
  const words = splitRestrictions(postconf.get(service.parameter)!);
  const findings: Finding[] = [];
  const isLater = (word: string) => words.indexOf(word) > service.position;
  const relay = ["reject_unauth_destination", "defer_unauth_destination"];
  if (relay.some(isLater)) {
    findings.push({
      severity: "error",
      what:
        "check_policy_service stands before reject_unauth_destination: mail for other sites is checked too",
      remedy: recommendedList(endpoint),
    });
  }
  for (const own of ["permit_mynetworks", "permit_sasl_authenticated"]) {
    if (!isLater(own)) continue;
    findings.push({
      severity: "error",
      what: `check_policy_service stands before ${own}: mail of your own users may be delayed`,
      remedy: recommendedList(endpoint),
    });
  }
  return findings;
}

function checkSocket(
  service: PolicyService,
  endpoint: Endpoint,
  queueDirectory: string,
): Finding[] {
  if (endpoint.kind !== "unix" || endpoint.path.startsWith(`${queueDirectory}/`)) return [];
  return [{
    severity: "warning",
    what:
      `a chrooted smtpd (Debian's default) cannot reach ${endpoint.path} of ${service.parameter}`,
    remedy: `let greylag listen below ${queueDirectory}, or on inet:127.0.0.1:10023`,
  }];
}

/**
 * Checks Postfix's configuration.
 *
 * @param endpoints those that Greylag listens on.
 * @param nullSenderAtData the null sender is greylisted at DATA.
 */
export function checkPostconf(
  postconf: Postconf,
  endpoints: readonly Endpoint[],
  nullSenderAtData: boolean,
): Finding[] {
  const queueDirectory = postconf.get("queue_directory") ?? "/var/spool/postfix";
  const services = policyServices(postconf);
  const main = endpoints[0]!;
  if (services.length === 0) {
    return [{
      severity: "error",
      what: "main.cf has no check_policy_service: Postfix does not call greylag",
      remedy: recommendedList(main),
    }];
  }
  const ours = services.flatMap((service) => {
    const endpoint = endpoints.find((one) => reaches(service.endpoint, one, queueDirectory));
    return endpoint === undefined ? [] : [{ service, endpoint }];
  });
  if (ours.length === 0) {
    const asked = services.map(({ endpoint }) => endpoint).join(", ");
    return [{
      severity: "error",
      what: `Postfix calls ${asked}, but greylag listens on ` +
        endpoints.map(formatEndpoint).join(", "),
      remedy: extended(postconf, main),
    }];
  }
  const findings = ours.flatMap(({ service, endpoint }) => [
    ...checkPosition(service, postconf, endpoint),
    ...checkDefaultAction(service, postconf, endpoint),
    ...checkSocket(service, endpoint, queueDirectory),
  ]);
  if (!ours.some(({ service }) => service.parameter === "smtpd_recipient_restrictions")) {
    findings.push({
      severity: "error",
      what: "smtpd_recipient_restrictions does not call greylag: recipients are not greylisted",
      remedy: recommendedList(main),
    });
  }
  const isAskedAtData = ours.some(({ service }) => service.parameter === "smtpd_data_restrictions");
  if (nullSenderAtData && !isAskedAtData) {
    findings.push({
      severity: "warning",
      what:
        "null_sender is data, but smtpd_data_restrictions does not call greylag: the null sender is never greylisted",
      remedy: `smtpd_data_restrictions = ${recommended(main)}`,
    });
  }
  return findings;
}
