/**
 * Postfix's configuration as data: the parameters of main.cf, and the services of master.cf with the
 * parameters that they override. Read from what postconf prints.
 *
 * @module
 */
import { type Token, tokenize, withoutComments } from "./restrictions.ts";

/** Parameters of main.cf that are set. */
export type Parameters = ReadonlyMap<string, string>;

/** A service of master.cf that runs smtpd. */
export interface SmtpService {
  /** Name and type, such as `smtp/inet`. */
  readonly id: string;
  readonly overrides: Parameters;
}

export interface PostfixConfig {
  readonly parameters: Parameters;
  /** Empty if master.cf is unknown. */
  readonly services: readonly SmtpService[];
}

/** A problem of the setup, or a proposal. */
export interface Finding {
  /**
   * An error loses, delays or refuses mail, or leaves it unchecked; a warning may. An advice improves what
   * works.
   */
  readonly severity: "error" | "warning" | "advice";
  readonly what: string;
  /** The line to put into the configuration, or what else to do. */
  readonly remedy: string;
}

/** Default of the parameter mail_owner (postconf(5)). */
export const DEFAULT_MAIL_OWNER = "postfix";

/** Default of the parameter queue_directory on Debian and most systems. */
const DEFAULT_QUEUE_DIRECTORY = "/var/spool/postfix";

export function queueDirectoryOf(parameters: Parameters): string {
  return parameters.get("queue_directory") ?? DEFAULT_QUEUE_DIRECTORY;
}

/** Default of the parameter smtpd_policy_service_default_action. */
const DEFAULT_ACTION = "451 4.3.5 Server configuration problem";

export function defaultActionOf(parameters: Parameters): string {
  return parameters.get("smtpd_policy_service_default_action") ?? DEFAULT_ACTION;
}

/** A service of master.cf, with offsets in the text it was read from. */
export interface MasterEntry {
  readonly name: string;
  readonly type: string;
  readonly command: string;
  /** The words of the entry; the first eight are columns. */
  readonly tokens: readonly Token[];
  readonly options: readonly MasterOption[];
}

/** One `-o name=value` or `-o { name = value }`. */
export interface MasterOption {
  readonly name: string;
  readonly value: string;
  /** The word or braces behind `-o`. */
  readonly token: Token;
}

const COLUMNS = 8;

/** Reads a logical line of master.cf; undefined if it is not a service entry. */
export function parseMasterEntry(line: string): MasterEntry | undefined {
  const tokens = tokenize(line, /\s/);
  const [name, type] = tokens;
  const command = tokens[COLUMNS - 1];
  if (command === undefined || !/^(?:inet|unix|unix-dgram|fifo|pass)$/.test(type!.text)) return;
  const options = tokens.flatMap((token, at): MasterOption[] => {
    if (at < COLUMNS || tokens[at - 1]!.text !== "-o") return [];
    const inner = token.text.startsWith("{") ? token.text.slice(1, -1) : token.text;
    const equals = inner.indexOf("=");
    if (equals === -1) return [];
    return [{ name: inner.slice(0, equals).trim(), value: inner.slice(equals + 1).trim(), token }];
  });
  return { name: name!.text, type: type!.text, command: command.text, tokens, options };
}

/** Splits a configuration file at its logical lines; a comment line belongs to none. */
export function logicalLines(text: string): Token[] {
  const lines: Token[] = [];
  let at = 0;
  for (const line of text.split("\n")) {
    const end = at + line.length;
    const isIgnored = /^\s*(?:#|$)/.test(line);
    const last = lines.at(-1);
    if (!isIgnored && /^\s/.test(line) && last !== undefined) {
      lines[lines.length - 1] = { ...last, text: text.slice(last.start, end), end };
    } else if (!isIgnored) {
      lines.push({ text: line, start: at, end });
    }
    at = end + 1;
  }
  return lines;
}

function oneLine(value: string): string {
  return withoutComments(value).replaceAll(/\s*\n\s*/g, " ").trim();
}

/**
 * Reads what `postconf -n`, `postconf -M` and `postconf -P` print, in any order: `name = value`,
 * services, and `service/type/name = value`.
 */
export function parsePostconf(text: string): PostfixConfig {
  const parameters = new Map<string, string>();
  const services = new Map<string, Map<string, string>>();
  for (const { text: raw } of logicalLines(text.replaceAll("\r\n", "\n"))) {
    const line = oneLine(raw);
    const override = /^([^\s=]+\/[a-z-]+)\/([A-Za-z0-9_]+)\s*=\s*(.*)$/s.exec(line);
    const parameter = /^([A-Za-z0-9_]+)\s*=\s*(.*)$/s.exec(line);
    if (parameter !== null) {
      parameters.set(parameter[1]!, parameter[2]!);
    } else if (override !== null) {
      services.get(override[1]!)?.set(override[2]!, override[3]!);
    } else {
      const entry = parseMasterEntry(line);
      if (entry?.command !== "smtpd") continue;
      services.set(
        `${entry.name}/${entry.type}`,
        new Map(entry.options.map(({ name, value }) => [name, value])),
      );
    }
  }
  return {
    parameters,
    services: [...services].map(([id, overrides]) => ({ id, overrides })),
  };
}

/** Reads the texts of main.cf and master.cf. */
export function parseConfigFiles(mainCf: string, masterCf: string): PostfixConfig {
  const services = logicalLines(masterCf).flatMap(({ text }): SmtpService[] => {
    const entry = parseMasterEntry(text);
    if (entry?.command !== "smtpd") return [];
    const overrides = new Map(entry.options.map(({ name, value }) => [name, oneLine(value)]));
    return [{ id: `${entry.name}/${entry.type}`, overrides }];
  });
  return { parameters: parsePostconf(mainCf).parameters, services };
}

/** Whether a service receives mail from other servers. */
export function receivesMail({ id }: SmtpService): boolean {
  return /^(?:.*:)?(?:smtp|25)\/inet$|\/pass$/.test(id);
}

/** Whether own users submit mail to a service (RFC 6409, RFC 8314). */
export function isSubmission({ id }: SmtpService): boolean {
  return /^(?:.*:)?(?:submissions?|smtps|465|587)\/inet$/.test(id);
}

/** The parameters in force for a service. */
export function effective({ parameters }: PostfixConfig, service: SmtpService): Parameters {
  return new Map([...parameters, ...service.overrides]);
}

const MAX_DEPTH = 10;

/** Resolves `$name` and `${name}` by parameters that are set; unset ones are empty. */
export function expander(parameters: Parameters): (value: string) => string {
  const expand = (value: string, depth: number): string =>
    value.replaceAll(
      /\$(?:\{([A-Za-z0-9_]+)\}|\(([A-Za-z0-9_]+)\)|([A-Za-z0-9_]+))/g,
      (_, braces, parentheses, plain) => {
        const named = parameters.get(braces ?? parentheses ?? plain) ?? "";
        return depth === 0 ? "" : expand(named, depth - 1);
      },
    );
  return (value) => expand(value, MAX_DEPTH);
}
