/** The DNS queries of an SPF evaluation. */

/** DNS cannot answer now: a timeout, SERVFAIL or an unreachable server. */
export class TemporaryDnsError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TemporaryDnsError";
  }
}

/** The name of a mail exchanger without its final dot; empty for a null MX (RFC 7505). */
export function exchangeOf(answer: string): string {
  return answer.replace(/\.$/, "");
}

/**
 * Waits for a promise until a signal is aborted.
 *
 * @throws {unknown} the signal's reason, if it is aborted first.
 */
export function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", abort));
}

/**
 * Every method resolves to an empty array if the name or the record does not exist, and rejects with a
 * {@linkcode TemporaryDnsError} if DNS cannot answer.
 */
export interface Resolver {
  /** The strings of one record are joined. */
  txt(name: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** The TXT records that a cache knows without a query; undefined if it does not know. */
  cachedTxt?(name: string): readonly string[] | undefined;
  a(name: string, signal?: AbortSignal): Promise<readonly string[]>;
  aaaa(name: string, signal?: AbortSignal): Promise<readonly string[]>;
  mx(name: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** @param name a name below `in-addr.arpa` or `ip6.arpa`. */
  ptr(name: string, signal?: AbortSignal): Promise<readonly string[]>;
}
