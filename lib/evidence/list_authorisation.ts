/**
 * Entries `spf:DOMAIN` of the lists: whether a domain's SPF record authorises a client.
 *
 * @module
 */
import { ExpiringCache } from "../dns/cache.ts";
import { checkHost, type Resolver } from "../spf/check_host.ts";
import { within } from "./scheduler.ts";
import { lifetimeOf } from "./service.ts";

/** Pairs of client and domain. */
const MAX_CACHED = 5000;

export class ListAuthorisation {
  readonly #resolver: Resolver;
  readonly #cache = new ExpiringCache<boolean>(MAX_CACHED);
  #dnsWait: number;

  /** @param dnsWait milliseconds that a request may wait for DNS. */
  constructor(resolver: Resolver, dnsWait: number) {
    this.#resolver = resolver;
    this.#dnsWait = dnsWait;
  }

  configure(dnsWait: number): void {
    this.#dnsWait = dnsWait;
  }

  /**
   * The domains that authorise a client; undefined unless all of them are cached.
   *
   * @param ip the client's address as `formatAddress` writes it.
   */
  known(ip: string, domains: readonly string[]): ReadonlySet<string> | undefined {
    const found = new Set<string>();
    for (const domain of domains) {
      const isAuthorised = this.#cache.get(keyOf(ip, domain));
      if (isAuthorised === undefined) return undefined;
      if (isAuthorised) found.add(domain);
    }
    return found;
  }

  /** The domains that authorise a client, as far as DNS answers in time. Never rejects. */
  async lookUp(ip: string, domains: readonly string[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    await within(this.#dnsWait, (signal) =>
      Promise.all(domains.map(async (domain) => {
        if (await this.#isAuthorised(ip, domain, signal)) found.add(domain);
      })));
    return found;
  }

  async #isAuthorised(ip: string, domain: string, signal: AbortSignal): Promise<boolean> {
    const key = keyOf(ip, domain);
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const sender = `postmaster@${domain}`;
    try {
      const { result } = await checkHost({
        ip,
        helo: domain,
        sender,
        resolver: this.#resolver,
        signal,
      });
      this.#cache.set(key, result === "pass", lifetimeOf(result));
      return result === "pass";
    } catch {
      return false;
    }
  }
}

function keyOf(ip: string, domain: string): string {
  return `${ip} ${domain}`;
}
