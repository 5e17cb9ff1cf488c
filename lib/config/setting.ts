/**
 * Kinds of settings. Each kind checks what is written in the file and names the values it accepts.
 *
 * @module
 */
import { type DnsList, parseDnsList } from "../dns/dnsbl.ts";
import { type DnsServer, parseServer } from "../dns/transport.ts";
import { parseWeight, type Signal, SIGNAL_WEIGHTS } from "../evidence/signals.ts";
import { type Endpoint, parseEndpoint } from "../net/endpoint.ts";
import { parsePattern } from "../lists/pattern.ts";
import { type Network, parseNetwork } from "../net/network.ts";
import { parseTarget, type Target } from "../share/target.ts";
import { parseDuration } from "../text/duration.ts";

/** Types of TOML. */
export type Kind = "string" | "integer" | "boolean" | "array";

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string };

/** Checks and converts a value as written in the file. */
type Parse<T> = (written: unknown) => Parsed<T>;

export interface Setting<T = unknown> {
  readonly kind: Kind;
  readonly parse: Parse<T>;
  /** As written in the file. */
  readonly default: string | number | boolean | readonly string[];
  /** Stands for the value in the help, such as `TIME`. */
  readonly placeholder: string;
  /** Accepted values with their unit and range, such as `a duration from 1s to 1d`. */
  readonly values: string;
  /** One or two sentences for `--help`, the manual page and `docs/settings.md`. */
  readonly help: string;
  /** True if SIGHUP is enough to change it, false if the daemon has to be restarted. */
  readonly live: boolean;
}

export type Described = Pick<Setting, "default" | "help"> & { readonly live?: boolean };

export function setting<T>(
  kind: Kind,
  placeholder: string,
  values: string,
  parse: Parse<T>,
  described: Described,
): Setting<T> {
  return { kind, placeholder, values, parse, live: true, ...described };
}

/** Any value that `read` converts; undefined from it is an error. */
function parseAs<T>(read: (written: unknown) => T | undefined, wanted: string): Parse<T> {
  return (written) => {
    const value = read(written);
    return value === undefined ? { ok: false, why: `must be ${wanted}` } : { ok: true, value };
  };
}

/** A string that `read` converts. */
export function readAs<T>(read: (text: string) => T | undefined, wanted: string): Parse<T> {
  return parseAs((written) => typeof written === "string" ? read(written) : undefined, wanted);
}

/** Milliseconds. */
export function duration(
  minimum: string,
  maximum: string,
  described: Described,
): Setting<number> {
  const wanted = `a duration with its unit, such as "90s", "3m", "2h" or "5d", ` +
    `from ${minimum} to ${maximum}`;
  return setting(
    "string",
    "TIME",
    `a duration from ${minimum} to ${maximum}`,
    readAs((text) => {
      const time = parseDuration(text);
      const fits = time !== undefined && time >= parseDuration(minimum)! &&
        time <= parseDuration(maximum)!;
      return fits ? time : undefined;
    }, wanted),
    described,
  );
}

export function integer(
  minimum: number,
  maximum: number,
  described: Described,
): Setting<number> {
  const wanted = `a whole number from ${minimum} to ${maximum}`;
  const read = (written: unknown) =>
    typeof written === "number" && Number.isInteger(written) && written >= minimum &&
      written <= maximum
      ? written
      : undefined;
  return setting("integer", "N", wanted, parseAs(read, wanted), described);
}

export function choice<const T extends string>(
  words: readonly T[],
  described: Described,
): Setting<T> {
  const quoted = words.map((word) => `"${word}"`).join(", ");
  const read = (text: string) => words.find((word) => word === text);
  return setting("string", words.join("|"), quoted, readAs(read, `one of ${quoted}`), described);
}

export function boolean(described: Described): Setting<boolean> {
  const wanted = "true or false";
  const read = (written: unknown) => typeof written === "boolean" ? written : undefined;
  return setting("boolean", "", wanted, parseAs(read, wanted), described);
}

/** A string on one line that passes a check. */
export function text(
  placeholder: string,
  wanted: string,
  isGood: (text: string) => boolean,
  described: Described,
): Setting<string> {
  const read = (given: string) => /^[^\p{Cc}]*$/u.test(given) && isGood(given) ? given : undefined;
  return setting("string", placeholder, wanted, readAs(read, wanted), described);
}

export function fileMode(described: Described): Setting<number> {
  const wanted = `permissions in octal, such as "0666"`;
  const read = (given: string) => /^0?[0-7]{3}$/.test(given) ? parseInt(given, 8) : undefined;
  return setting("string", "MODE", wanted, readAs(read, wanted), described);
}

export function listOf<T>(
  placeholder: string,
  read: (text: string) => T | undefined,
  wanted: string,
  described: Described,
): Setting<T[]> {
  const list = `a list of ${wanted}`;
  const parse = (written: unknown): Parsed<T[]> => {
    if (!Array.isArray(written)) return { ok: false, why: `must be ${list}: ["…", "…"]` };
    const values = written.map((text) => typeof text === "string" ? read(text) : undefined);
    return values.every((value) => value !== undefined)
      ? { ok: true, value: values }
      : { ok: false, why: `must be ${list}` };
  };
  return setting("array", placeholder, list, parse, described);
}

export function paths(described: Described): Setting<string[]> {
  const read = (given: string) => given === "" ? undefined : given;
  return listOf("FILE,…", read, "paths of files", described);
}

export function recipients(described: Described): Setting<string[]> {
  const read = (given: string) => parsePattern("recipient", given).ok ? given : undefined;
  return listOf("RECIPIENT,…", read, `addresses, "user@" or domains`, described);
}

export function endpoints(described: Described): Setting<Endpoint[]> {
  const wanted = `"inet:HOST:PORT", "inet:[IPv6]:PORT" or "unix:PATH"`;
  return listOf("ENDPOINT,…", parseEndpoint, wanted, described);
}

export function endpoint(described: Described): Setting<Endpoint> {
  const wanted = `"inet:HOST:PORT" or "unix:PATH"`;
  return setting("string", "ENDPOINT", wanted, readAs(parseEndpoint, wanted), described);
}

export function endpointOrOff(described: Described): Setting<Endpoint | "off"> {
  const wanted = `"off", "inet:HOST:PORT" or "unix:PATH"`;
  const read = (given: string) => given === "off" ? given : parseEndpoint(given);
  return setting("string", "ENDPOINT|off", wanted, readAs(read, wanted), described);
}

export function hostNames(described: Described): Setting<string[]> {
  const read = (given: string) =>
    /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(given) ? given.toLowerCase() : undefined;
  return listOf("NAME,…", read, "host names", described);
}

export function networks(described: Described): Setting<Network[]> {
  return listOf(
    "NETWORK,…",
    parseNetwork,
    `addresses and networks such as "192.0.2.0/24"`,
    described,
  );
}

export function dnsServers(described: Described): Setting<DnsServer[]> {
  return listOf(
    "SERVER,…",
    parseServer,
    `addresses with an optional port, such as "192.0.2.53", "127.0.0.1:5353", "[::1]:5353"`,
    described,
  );
}

export function dnsLists(described: Described): Setting<DnsList[]> {
  return listOf(
    "LIST,…",
    parseDnsList,
    `zones with optional answers and weight, such as "list.example=127.0.0.[2..11]*3"`,
    described,
  );
}

export function signalWeights(described: Described): Setting<(readonly [Signal, number])[]> {
  const names = Object.keys(SIGNAL_WEIGHTS).join(", ");
  return listOf(
    "SIGNAL=WEIGHT,…",
    parseWeight,
    `signals with their weight, such as "no-name=3" (signals: ${names})`,
    described,
  );
}

/** A list of URLs, or one without brackets. */
export function shareTargets(described: Described): Setting<Target[]> {
  const list = listOf(
    "URL,…",
    parseTarget,
    `URLs of other sites such as "https://mx2.example.net/greylag", or one of a database, ` +
      `"postgres://user@host/database", without a password`,
    described,
  );
  return { ...list, parse: (given) => list.parse(typeof given === "string" ? [given] : given) };
}
