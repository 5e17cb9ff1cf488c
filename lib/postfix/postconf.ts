/**
 * What Postfix's configuration says about asking a policy server, and what is wrong with it.
 *
 * @module
 */
import { type Endpoint, formatEndpoint, parseEndpoint } from "../net/endpoint.ts";

/** The parameters that `postconf -n` printed: those that differ from Postfix's defaults. */
export type Postconf = ReadonlyMap<string, string>;

/** Something that is wrong, or that may be. */
export interface Finding {
  /** An error loses, delays or refuses mail, or leaves it unchecked; a warning may. */
  readonly severity: "error" | "warning";
  /** What is wrong, in plain words. */
  readonly what: string;
  /** The line to put into `main.cf`, or what else to do. */
  readonly remedy: string;
}

/** One `check_policy_service` of a restriction list. */
export interface PolicyService {
  /** The parameter that it stands in. */
  readonly parameter: string;
  /** Where it is in the list, counted from 0. */
  readonly position: number;
  /** The endpoint as written, such as `inet:127.0.0.1:10023` or `unix:private/policy`. */
  readonly endpoint: string;
  /** Settings of its own, such as `default_action`. */
  readonly options: ReadonlyMap<string, string>;
}

/** Default of the parameter mail_owner (postconf(5)). */
export const DEFAULT_MAIL_OWNER = "postfix";

/** The restriction lists in which a policy server can be asked about recipients. */
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
 * Reads what `postconf -n` prints: `name = value` lines; a line that begins with white space continues
 * the one before, as in `main.cf`. Comments and blank lines are skipped.
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

/** The restrictions of a list, each with what belongs to it; braces hold together what they enclose. */
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

/** Every `check_policy_service` of the restriction lists. */
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

/** The service's own list with its check as it is recommended; white space separates as commas do. */
function mended(service: PolicyService, postconf: Postconf, endpoint: Endpoint): string {
  const words = splitRestrictions(postconf.get(service.parameter)!);
  words.splice(service.position, 2, recommended(endpoint));
  return `${service.parameter} = ${words.join(" ")}`;
}

/** The list for recipients with the recommended check at its end. */
function extended(postconf: Postconf, endpoint: Endpoint): string {
  const own = postconf.get("smtpd_recipient_restrictions");
  if (own === undefined) return recommendedList(endpoint);
  const words = splitRestrictions(own);
  return `smtpd_recipient_restrictions = ${[...words, recommended(endpoint)].join(" ")}`;
}

/** Whether Postfix, being given this endpoint, reaches that one. */
function reaches(written: string, endpoint: Endpoint, queueDirectory: string): boolean {
  const asked = parseEndpoint(written);
  if (asked === undefined || asked.kind !== endpoint.kind) return false;
  if (asked.kind === "inet" && endpoint.kind === "inet") {
    const isAny = endpoint.host === "0.0.0.0" || endpoint.host === "::";
    return asked.port === endpoint.port && (isAny || asked.host === endpoint.host);
  }
  if (asked.kind === "unix" && endpoint.kind === "unix") {
    // A relative path is below the queue directory; so is every path of a chrooted smtpd.
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
    what: `if greylag were stopped, Postfix would answer all mail with "${action}"`,
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
      what: "greylag is asked before reject_unauth_destination, about mail that is not for you",
      remedy: recommendedList(endpoint),
    });
  }
  for (const own of ["permit_mynetworks", "permit_sasl_authenticated"]) {
    if (!isLater(own)) continue;
    findings.push({
      severity: "error",
      what: `greylag is asked before ${own}, so that your own users' mail may be delayed`,
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
    what: `a chrooted smtpd (Debian's default) does not see ${endpoint.path}, which ` +
      `${service.parameter} names`,
    remedy: `let greylag listen below ${queueDirectory}, or on inet:127.0.0.1:10023`,
  }];
}

/**
 * What is wrong with Postfix's configuration, for a Greylag that listens on these endpoints.
 *
 * @param nullSenderAtData whether the null sender is greylisted at DATA.
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
      what: "Postfix asks no policy server: there is no check_policy_service",
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
      what: `Postfix asks ${asked}, and greylag listens on ` +
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
      what: "greylag is not asked in smtpd_recipient_restrictions, where recipients are greylisted",
      remedy: recommendedList(main),
    });
  }
  const isAskedAtData = ours.some(({ service }) => service.parameter === "smtpd_data_restrictions");
  if (nullSenderAtData && !isAskedAtData) {
    findings.push({
      severity: "warning",
      what:
        "null_sender is data, but greylag is not asked at DATA: the null sender is never greylisted",
      remedy: `smtpd_data_restrictions = ${recommended(main)}`,
    });
  }
  return findings;
}
