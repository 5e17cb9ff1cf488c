/**
 * What a setting is: its kinds of values, checked by schemas whose messages help.
 *
 * @module
 */
import * as v from "valibot";
import { type DnsList, parseDnsList } from "../dns/dnsbl.ts";
import { type DnsServer, parseServer } from "../dns/transport.ts";
import { parseWeight, type Signal, SIGNAL_WEIGHTS } from "../evidence/signals.ts";
import { type Endpoint, parseEndpoint } from "../net/endpoint.ts";
import { parsePattern } from "../lists/pattern.ts";
import { type Network, parseNetwork } from "../net/network.ts";
import { parseDuration } from "../text/duration.ts";

/** How a setting is written in the file: as a string, a whole number, true or false, or an array. */
export type Kind = "text" | "count" | "switch" | "list";

/** A value, or why what was written is none. */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string };

/** One setting. */
export interface Setting<T = unknown> {
  /** How it is written. */
  readonly kind: Kind;
  /** Checks what was written and makes the value of it. */
  readonly read: (written: unknown) => Read<T>;
  /** What is in force if nobody says anything, as it would be written in the file. */
  readonly standard: string | number | boolean | readonly string[];
  /** What stands for the value in the help, such as `TIME`. */
  readonly placeholder: string;
  /** One sentence for the help. */
  readonly help: string;
  /** Whether SIGHUP is enough to change it. */
  readonly live: boolean;
}

/** What every kind of setting is described by. */
export type Described = Pick<Setting, "standard" | "help"> & { readonly live?: boolean };

function setting<T>(
  kind: Kind,
  placeholder: string,
  schema: v.GenericSchema<unknown, T>,
  described: Described,
): Setting<T> {
  const read = (written: unknown): Read<T> => {
    const result = v.safeParse(schema, written);
    return result.success
      ? { ok: true, value: result.output }
      : { ok: false, why: result.issues[0].message };
  };
  return { kind, placeholder, read, live: true, ...described };
}

/** A text that `read` makes a value of; undefined from it means that the text is not one. */
function readAs<T>(
  read: (text: string) => T | undefined,
  wanted: string,
): v.GenericSchema<unknown, T> {
  return v.pipe(
    v.string(`must be ${wanted}`),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const value = read(dataset.value);
      if (value !== undefined) return value;
      addIssue({ message: `must be ${wanted}` });
      return NEVER;
    }),
  );
}

/** A duration with its unit, in milliseconds. */
export function duration(least: string, most: string, described: Described): Setting<number> {
  const wanted = `a duration with its unit, such as "90s", "3m", "2h" or "5d", ` +
    `from ${least} to ${most}`;
  return setting(
    "text",
    "TIME",
    readAs((text) => {
      const time = parseDuration(text);
      const fits = time !== undefined && time >= parseDuration(least)! &&
        time <= parseDuration(most)!;
      return fits ? time : undefined;
    }, wanted),
    described,
  );
}

/** A whole number. */
export function count(least: number, most: number, described: Described): Setting<number> {
  const wanted = `must be a whole number from ${least} to ${most}`;
  const schema = v.pipe(
    v.number(wanted),
    v.integer(wanted),
    v.minValue(least, wanted),
    v.maxValue(most, wanted),
  );
  return setting("count", "N", schema, described);
}

/** One of some words. */
export function choice<const T extends string>(
  words: readonly T[],
  described: Described,
): Setting<T> {
  const schema = v.picklist(words, `must be one of ${words.map((word) => `"${word}"`).join(", ")}`);
  return setting("text", words.join("|"), schema, described);
}

/** Yes or no. */
export function onOff(described: Described): Setting<boolean> {
  return setting("switch", "", v.boolean("must be true or false"), described);
}

/** A text on one line that passes a check. */
export function text(
  placeholder: string,
  wanted: string,
  isGood: (text: string) => boolean,
  described: Described,
): Setting<string> {
  const schema = readAs(
    (given) => /^[^\p{Cc}]*$/u.test(given) && isGood(given) ? given : undefined,
    wanted,
  );
  return setting("text", placeholder, schema, described);
}

/** The permissions of a file, in octal. */
export function fileMode(described: Described): Setting<number> {
  return setting(
    "text",
    "MODE",
    readAs(
      (given) => /^0?[0-7]{3}$/.test(given) ? parseInt(given, 8) : undefined,
      `permissions in octal, such as "0666"`,
    ),
    described,
  );
}

function listOf<T>(
  placeholder: string,
  read: (text: string) => T | undefined,
  wanted: string,
  described: Described,
): Setting<T[]> {
  const schema = v.array(readAs(read, `${wanted}, in a list`), `must be a list: ["…", "…"]`);
  return setting("list", placeholder, schema, described);
}

/** Any number of paths of files. */
export function paths(described: Described): Setting<string[]> {
  const read = (given: string) => given === "" ? undefined : given;
  return listOf("FILE,…", read, "the path of a file", described);
}

/** Any number of recipients: addresses, `user@` or domains. */
export function recipients(described: Described): Setting<string[]> {
  const read = (given: string) => parsePattern("recipient", given).ok ? given : undefined;
  return listOf("RECIPIENT,…", read, `an address, "user@" or a domain`, described);
}

/** Any number of endpoints. */
export function endpoints(described: Described): Setting<Endpoint[]> {
  const wanted = `"inet:HOST:PORT", "inet:[IPv6]:PORT" or "unix:PATH"`;
  return listOf("ENDPOINT,…", parseEndpoint, wanted, described);
}

/** One endpoint, or none: `off`. */
export function endpointOrOff(described: Described): Setting<Endpoint | "off"> {
  return setting(
    "text",
    "ENDPOINT|off",
    readAs(
      (given) => given === "off" ? given : parseEndpoint(given),
      `"off", "inet:HOST:PORT" or "unix:PATH"`,
    ),
    described,
  );
}

/** Any number of host names. */
export function hostNames(described: Described): Setting<string[]> {
  const read = (given: string) =>
    /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(given) ? given.toLowerCase() : undefined;
  return listOf("NAME,…", read, "a host name", described);
}

/** Any number of networks. */
export function networks(described: Described): Setting<Network[]> {
  return listOf(
    "NETWORK,…",
    parseNetwork,
    `an address or network such as "192.0.2.0/24"`,
    described,
  );
}

/** Any number of DNS servers. */
export function dnsServers(described: Described): Setting<DnsServer[]> {
  return listOf(
    "SERVER,…",
    parseServer,
    `an address, with its port if it is not 53: "192.0.2.53", "127.0.0.1:5353", "[::1]:5353"`,
    described,
  );
}

/** Any number of lists of addresses in DNS. */
export function dnsLists(described: Described): Setting<DnsList[]> {
  return listOf(
    "LIST,…",
    parseDnsList,
    `a zone, which answers count and what they weigh: "list.example=127.0.0.[2..11]*3"`,
    described,
  );
}

/** Weights of signals, any number of them. */
export function signalWeights(described: Described): Setting<(readonly [Signal, number])[]> {
  const names = Object.keys(SIGNAL_WEIGHTS).join(", ");
  return listOf(
    "SIGNAL=WEIGHT,…",
    parseWeight,
    `a signal and its weight, such as "no-name=3"; signals are ${names}`,
    described,
  );
}
