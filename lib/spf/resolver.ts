/**
 * What the evaluation of SPF asks of DNS.
 *
 * @module
 */

/** DNS could not answer now, and may do so later: a timeout, SERVFAIL, no way to a server. */
export class TemporaryDnsError extends Error {
  /** An error with a complete message. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TemporaryDnsError";
  }
}

/** The text of one TXT record. */
export function textOf(answer: string | readonly string[]): string {
  return typeof answer === "string" ? answer : answer.join("");
}

/** The name of one mail exchanger, without its final dot; empty for a null MX (RFC 7505). */
export function exchangeOf(answer: string | { readonly exchange: string }): string {
  return (typeof answer === "string" ? answer : answer.exchange).replace(/\.$/, "");
}

/**
 * Waits for a promise no longer than a signal lasts.
 *
 * @throws {unknown} the signal's reason, if it ends first.
 */
export function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", abort));
}

/**
 * Answers of DNS. Every method resolves to an empty array if there is no such name or no such record,
 * and throws a {@linkcode TemporaryDnsError} for anything that may pass.
 */
export interface Resolver {
  /** The TXT records of a name; the strings of one record may be in an array. */
  txt(name: string, signal?: AbortSignal): Promise<readonly (string | readonly string[])[]>;
  /** The IPv4 addresses of a name. */
  a(name: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** The IPv6 addresses of a name. */
  aaaa(name: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** The mail exchangers of a name, as names or as records. */
  mx(
    name: string,
    signal?: AbortSignal,
  ): Promise<readonly (string | { readonly exchange: string })[]>;
  /** The names of an address, asked for by its name below `in-addr.arpa` or `ip6.arpa`. */
  ptr(name: string, signal?: AbortSignal): Promise<readonly string[]>;
}
