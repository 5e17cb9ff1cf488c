/**
 * OpenSMTPD's filter protocol (smtpd-filters(7)), as far as greylisting needs it: lines of fields
 * separated by `|`.
 *
 * @module
 */

/** The events that the filter asks for, ended by `register|ready`. */
export const REGISTRATION: readonly string[] = [
  "register|report|smtp-in|link-connect",
  "register|report|smtp-in|link-identify",
  "register|report|smtp-in|link-auth",
  "register|report|smtp-in|link-disconnect",
  "register|filter|smtp-in|mail-from",
  "register|filter|smtp-in|rcpt-to",
  "register|ready",
];

/** Attributes of a policy request. */
export type Attributes = Readonly<Record<string, string>>;

/** The step that a line asks for. */
export type Step =
  /** smtpd has sent its configuration and waits for the registration. */
  | { readonly kind: "register" }
  /** smtpd waits for a result, and no policy request is needed. */
  | { readonly kind: "proceed"; readonly session: string; readonly token: string }
  /** smtpd waits for the result of a policy request. */
  | {
    readonly kind: "ask";
    readonly session: string;
    readonly token: string;
    readonly attributes: Attributes;
  }
  | { readonly kind: "end"; readonly session: string };

interface Session {
  /** Empty for mail that a local program hands over. */
  address: string;
  /** Verified; otherwise `unknown`, as in Postfix. */
  name: string;
  /** Not verified. */
  reverseName: string;
  helo: string;
  /** Empty unless authenticated. */
  user: string;
  sender: string;
  messages: number;
}

/** The address of `192.0.2.10:25` or `[2001:db8::1]:25`; empty for a socket. */
function addressOf(source: string): string {
  const match = /^(?:\[(?:IPv6:)?([0-9a-fA-F:.]+)\]|([0-9.]+)):\d+$/.exec(source);
  return match?.[1] ?? match?.[2] ?? "";
}

const withoutBrackets = (text: string) => /^<(.*)>$/.exec(text)?.[1] ?? text;

/** The state of all sessions of smtpd. */
export class FilterSessions {
  readonly #sessions = new Map<string, Session>();

  /** @returns undefined for a line that needs no answer. */
  handle(line: string): Step | undefined {
    if (line === "config|ready") return { kind: "register" };
    const [stream, _version, _time, subsystem, event, session = "", ...rest] = line.split("|");
    if (subsystem !== "smtp-in") return undefined;
    if (stream === "report") return this.#report(event, session, rest);
    if (stream !== "filter") return undefined;
    const [token = "", ...parameter] = rest;
    return this.#filter(event, session, token, withoutBrackets(parameter.join("|")));
  }

  #report(event: string | undefined, id: string, rest: readonly string[]): Step | undefined {
    if (event === "link-connect") {
      const [reverseName = "", fcrdns, source = ""] = rest;
      this.#sessions.set(id, {
        address: addressOf(source),
        name: fcrdns === "pass" && reverseName !== "" ? reverseName : "unknown",
        reverseName: /^<.*>$/.test(reverseName) || reverseName === "" ? "unknown" : reverseName,
        helo: "",
        user: "",
        sender: "",
        messages: 0,
      });
      return undefined;
    }
    const session = this.#sessions.get(id);
    if (event === "link-disconnect") {
      this.#sessions.delete(id);
      return { kind: "end", session: id };
    }
    if (session === undefined) return undefined;
    if (event === "link-identify") session.helo = rest.at(-1) ?? "";
    // The order of user and result has changed between versions.
    if (event === "link-auth" && rest.includes("pass")) {
      session.user = rest.find((field) => field !== "pass") ?? "pass";
    }
    return undefined;
  }

  #filter(
    event: string | undefined,
    id: string,
    token: string,
    parameter: string,
  ): Step | undefined {
    const session = this.#sessions.get(id);
    if (event === "mail-from" && session !== undefined) {
      session.sender = parameter;
      session.messages++;
    }
    if (event !== "rcpt-to" || session === undefined || session.address === "") {
      return { kind: "proceed", session: id, token };
    }
    return {
      kind: "ask",
      session: id,
      token,
      attributes: {
        request: "smtpd_access_policy",
        protocol_state: "RCPT",
        protocol_name: "ESMTP",
        client_address: session.address,
        client_name: session.name,
        reverse_client_name: session.reverseName,
        helo_name: session.helo,
        sender: session.sender,
        recipient: parameter,
        instance: `${id}.${session.messages}`,
        sasl_username: session.user,
      },
    };
  }
}

export interface Result {
  readonly kind: "accept" | "defer" | "reject";
  readonly text: string;
}

/** The line that answers smtpd. Text from Greylag has no line breaks. */
export function resultLine(session: string, token: string, { kind, text }: Result): string {
  const head = `filter-result|${session}|${token}`;
  if (kind === "accept") return `${head}|proceed`;
  return `${head}|reject|${kind === "defer" ? "450" : "550"} ${text}`;
}
