/**
 * DNS for tests: answers out of a table.
 *
 * @module
 */
import { type Resolver, TemporaryDnsError } from "../../lib/spf/resolver.ts";

/** What a name has; a type that times out is `"timeout"`. */
export interface Names {
  /** TXT records, the strings of one in an array. */
  readonly txt?: readonly (string | readonly string[])[] | "timeout";
  /** IPv4 addresses. */
  readonly a?: readonly string[] | "timeout";
  /** IPv6 addresses. */
  readonly aaaa?: readonly string[] | "timeout";
  /** Mail exchangers. */
  readonly mx?: readonly string[] | "timeout";
  /** Names. */
  readonly ptr?: readonly string[] | "timeout";
}

/** Names in lower case and what they have. */
export type Zone = Readonly<Record<string, Names>>;

/** Answers out of a zone; tells what was asked. */
export function resolverOf(zone: Zone, asked: string[] = []): Resolver {
  const ask = <Type extends keyof Names>(type: Type) => (name: string) => {
    asked.push(`${type} ${name}`);
    const found = zone[name.toLowerCase()]?.[type];
    if (found === "timeout") return Promise.reject(new TemporaryDnsError("timeout"));
    return Promise.resolve((found ?? []) as Exclude<NonNullable<Names[Type]>, "timeout">);
  };
  return { txt: ask("txt"), a: ask("a"), aaaa: ask("aaaa"), mx: ask("mx"), ptr: ask("ptr") };
}
