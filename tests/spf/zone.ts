/**
 * DNS for tests: answers out of a table.
 *
 * @module
 */
import type { ListResolver } from "../../lib/dns/dnsbl.ts";
import { type Resolver, TemporaryDnsError, until } from "../../lib/spf/resolver.ts";
import { pause } from "../eventually.ts";

/** No answer: a temporary error at once, or silence until the caller gives up. */
type NoAnswer = "timeout" | "silent";

/** The records of a name. */
export interface Names {
  /** TXT records, the strings of one in an array. */
  readonly txt?: readonly (string | readonly string[])[] | NoAnswer;
  /** IPv4 addresses. */
  readonly a?: readonly string[] | NoAnswer;
  /** IPv6 addresses. */
  readonly aaaa?: readonly string[] | NoAnswer;
  /** Mail exchangers. */
  readonly mx?: readonly string[] | NoAnswer;
  /** Names. */
  readonly ptr?: readonly string[] | NoAnswer;
}

/** Names in lower case and what they have. */
export type Zone = Readonly<Record<string, Names>>;

/** Answers out of a zone; tells the queries, and `fresh` for those that bypass a cache. */
export function resolverOf(zone: Zone, asked: string[] = []): Resolver & ListResolver {
  const ask =
    <Type extends keyof Names>(type: Type, as: string = type) =>
    (name: string, signal?: AbortSignal) => {
      asked.push(`${as} ${name}`);
      const found = zone[name.toLowerCase()]?.[type];
      if (found === "timeout") return Promise.reject(new TemporaryDnsError("timeout"));
      if (found === "silent") return until(new Promise<never>(() => {}), signal!);
      return Promise.resolve((found ?? []) as Exclude<NonNullable<Names[Type]>, NoAnswer>);
    };
  return {
    txt: async (name, signal) =>
      (await ask("txt")(name, signal)).map((strings) => [strings].flat().join("")),
    a: ask("a"),
    aAfresh: ask("a", "fresh"),
    aaaa: ask("aaaa"),
    mx: ask("mx"),
    ptr: ask("ptr"),
  };
}

/** A resolver whose TXT answers are late by some milliseconds. */
export function slowly(
  late: { by: number },
  zone: Zone,
  asked: string[] = [],
): Resolver & ListResolver {
  const inner = resolverOf(zone, asked);
  return {
    ...inner,
    async txt(name, signal) {
      await pause(late.by);
      return await inner.txt(name, signal);
    },
  };
}
