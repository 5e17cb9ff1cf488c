/**
 * Restriction lists of Postfix (smtpd_recipient_restrictions and others) as written in a configuration
 * file, and the policy services in them.
 *
 * @module
 */
import { type Endpoint, formatEndpoint, parseEndpoint } from "../net/endpoint.ts";

/** A word, or a group in braces. Offsets are those of the text it was read from. */
export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** One `check_policy_service` of a restriction list. */
export interface PolicyService {
  /** Index of its `check_policy_service` in the list, from 0. */
  readonly position: number;
  /** The endpoint as written, such as `inet:127.0.0.1:10023` or `unix:private/policy`. */
  readonly endpoint: string;
  /** Settings of its own, such as `default_action`. */
  readonly options: ReadonlyMap<string, string>;
}

const COMMENT_LINE = /^[ \t]*#[^\n]*(?:\n|$)/;

/** Removes the comment lines that may stand between continuation lines. */
export function withoutComments(text: string): string {
  return text.replace(/\n[ \t]*#[^\n]*(?=\n|$)/g, "");
}

/**
 * Splits a value that may have comment lines. Braces hold together what they enclose.
 *
 * @param separator of words: white space, or commas as well.
 */
export function tokenize(value: string, separator: RegExp): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  let start = -1;
  for (let at = 0; at <= value.length; at++) {
    if (at > 0 && value[at - 1] === "\n") {
      const comment = COMMENT_LINE.exec(value.slice(at));
      if (comment !== null && comment[0].trim() !== "") {
        if (start !== -1 && depth === 0) {
          tokens.push({ text: value.slice(start, at), start, end: at });
          start = -1;
        }
        at += comment[0].length - 1;
        continue;
      }
    }
    const char = value[at];
    if (char === undefined || (depth === 0 && separator.test(char))) {
      if (start !== -1) {
        tokens.push({ text: withoutComments(value.slice(start, at)), start, end: at });
      }
      start = -1;
      continue;
    }
    if (start === -1) start = at;
    if (char === "{") depth++;
    if (char === "}") depth--;
  }
  return tokens;
}

/** The restrictions of a list and their arguments; commas separate as white space does. */
export function listTokens(value: string): Token[] {
  return tokenize(value, /[\s,]/);
}

export function splitRestrictions(value: string): string[] {
  return listTokens(value).map(({ text }) => text);
}

function policyService(position: number, argument: string): PolicyService {
  const [endpoint = "", ...settings] = argument.startsWith("{")
    ? splitRestrictions(argument.slice(1, -1).replaceAll(/\s*=\s*/g, "="))
    : [argument];
  const options = settings.map((setting) => {
    const inner = setting.replace(/^\{\s*(.*?)\s*\}$/s, "$1");
    const equals = inner.indexOf("=");
    return [inner.slice(0, equals).trim(), inner.slice(equals + 1).trim()] as const;
  });
  return { position, endpoint, options: new Map(options) };
}

/** Every `check_policy_service` of a list. */
export function policyServices(value: string): PolicyService[] {
  const words = splitRestrictions(value);
  return words.flatMap((word, at) =>
    word === "check_policy_service" && words[at + 1] !== undefined
      ? [policyService(at, words[at + 1]!)]
      : []
  );
}

/** A `check_policy_service` with its options. */
function formatService(endpoint: string, options: ReadonlyMap<string, string>): string {
  const settings = [...options].map(([name, value]) =>
    /[\s,{}]/.test(value) ? `{ ${name} = ${value} }` : `${name}=${value}`
  );
  return `check_policy_service { ${[endpoint, ...settings].join(", ")} }`;
}

/** The `check_policy_service` that the documents recommend. */
export function recommended(endpoint: Endpoint): string {
  const options = new Map([["timeout", "10s"], ["default_action", "DUNNO"]]);
  return formatService(formatEndpoint(endpoint), options);
}

/** Context of requests that the submission service sends; no mail is deferred there. */
export const SUBMISSION_CONTEXT = "submission";

/** The check for submission services, from which Greylag learns outbound domains. */
export function learningService(endpoint: Endpoint): string {
  return formatService(
    formatEndpoint(endpoint),
    new Map([["timeout", "10s"], ["default_action", "DUNNO"], [
      "policy_context",
      SUBMISSION_CONTEXT,
    ]]),
  );
}

/** Settings of Greylag and Postfix that a list is checked against. */
export interface ListContext {
  /** Endpoints of Greylag; the first is recommended. */
  readonly endpoints: readonly Endpoint[];
  readonly queueDirectory: string;
  /** Postfix's parameter smtpd_policy_service_default_action. */
  readonly defaultAction: string;
  /** Endpoints as written on which no program listens. */
  readonly deadEndpoints: ReadonlySet<string>;
  /** Endpoints as written whose check gives way to Greylag's. */
  readonly replacedEndpoints: ReadonlySet<string>;
  /** Resolves `$name`. */
  readonly expand: (value: string) => string;
}

/** Whether Postfix, given this endpoint, reaches that one. */
export function reaches(written: string, endpoint: Endpoint, queueDirectory: string): boolean {
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

export function isOwn(written: string, { endpoints, queueDirectory }: ListContext): boolean {
  return endpoints.some((one) => reaches(written, one, queueDirectory));
}

/** The policy services of a list that are Greylag. */
export function ownServices(value: string, context: ListContext): PolicyService[] {
  return policyServices(value).filter(({ endpoint }) => isOwn(endpoint, context));
}

/** The default action of a service, if mail would not pass while Greylag is stopped. */
export function unsafeDefaultAction(
  { options }: PolicyService,
  { defaultAction }: ListContext,
): string | undefined {
  const action = options.get("default_action") ?? defaultAction;
  return /^(?:DUNNO|OK|PERMIT)\b/i.test(action) ? undefined : action;
}

/** The service with `default_action=DUNNO`; its other options stay. */
export function withSafeAction({ endpoint, options }: PolicyService): string {
  return formatService(
    endpoint,
    new Map([["timeout", "10s"], ...options, ["default_action", "DUNNO"]]),
  );
}
