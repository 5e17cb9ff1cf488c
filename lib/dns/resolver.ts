/** A caching stub resolver: recursive servers of the settings, or the system's. */
import { parseAddress } from "../net/network.ts";
import { isAskable } from "../spf/domain.ts";
import { type Resolver, TemporaryDnsError, until } from "../spf/resolver.ts";
import { messageOf } from "../text/error_message.ts";
import { ExpiringCache, sizeOfText } from "./cache.ts";
import { canonical, type DnsReply, type RecordType } from "./message.ts";
import { askServer, type DnsServer, formatServer } from "./transport.ts";
import { MINUTE } from "../text/duration.ts";

export interface ResolverSettings {
  /** Empty for the system's servers. */
  readonly servers: readonly DnsServer[];
  /** Milliseconds for one query to one server. */
  readonly queryTimeout: number;
}

/** Milliseconds. */
export interface ResolverClocks {
  /** Above 0 and never decreasing; for times to live. */
  readonly monotonic: () => number;
  /** Since the epoch; for reports. */
  readonly wall: () => number;
}

const CLOCKS: ResolverClocks = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
};

/** The answer to a query. */
export type Found = Extract<DnsReply, { readonly kind: "records" | "no-name" | "no-data" }>;

export interface DnsHealth {
  /** Queries that were answered by a server, not by the cache. */
  readonly answered: number;
  /** Queries that no server could answer. */
  readonly failed: number;
  readonly lastFailure?: {
    /** Milliseconds since the epoch. */
    readonly time: number;
    /** The query and the error; hostile text. */
    readonly why: string;
  };
  /** Whether the last query was answered; absent before the first. */
  readonly works?: boolean;
}

/** Attempts per server. */
const ROUNDS = 2;

/** In units of {@linkcode sizeOfText}: some megabytes. */
const MAX_CACHED = 10_000;

/** Milliseconds before a failed query is sent again. */
const FAILURE_LIFETIME = 5000;

/** Milliseconds between readings of resolv.conf. */
const REREAD_PERIOD = MINUTE;

const LOCAL: DnsServer = { address: "127.0.0.1", port: 53 };

/** The servers of a resolv.conf(5); 127.0.0.1 if it names none. */
export function parseResolvConf(text: string): DnsServer[] {
  const servers = text.split("\n").flatMap((line) => {
    const address = /^\s*nameserver\s+(\S+)/.exec(line)?.[1]?.replace(/%.*$/, "");
    return address === undefined || parseAddress(address) === undefined
      ? []
      : [{ address, port: 53 }];
  });
  return servers.length === 0 ? [LOCAL] : servers;
}

function keyOf(type: RecordType, name: string): string {
  return `${type} ${name}`;
}

function sizeOf(found: Found | TemporaryDnsError): number {
  if (!("kind" in found) || found.kind !== "records") return 1;
  return sizeOfText(found.records.reduce((length, record) => length + 32 + record.length, 0));
}

export class DnsResolver implements Resolver {
  #settings: ResolverSettings;
  readonly #clocks: ResolverClocks;
  readonly #cache: ExpiringCache<Found | TemporaryDnsError>;
  readonly #pending = new Map<string, Promise<Found>>();
  #system: readonly DnsServer[] = [LOCAL];
  #systemReadAt = -Infinity;
  #health: DnsHealth = { answered: 0, failed: 0 };

  constructor(settings: ResolverSettings, clocks: ResolverClocks = CLOCKS) {
    this.#settings = settings;
    this.#clocks = clocks;
    this.#cache = new ExpiringCache(MAX_CACHED, sizeOf, clocks.monotonic);
  }

  configure(settings: ResolverSettings): void {
    this.#settings = settings;
  }

  get health(): DnsHealth {
    return this.#health;
  }

  txt(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#records(name, "TXT", signal);
  }

  cachedTxt(name: string): readonly string[] | undefined {
    const found = this.#cache.get(keyOf("TXT", canonical(name)));
    if (found === undefined || found instanceof TemporaryDnsError) return undefined;
    return found.kind === "records" ? found.records : [];
  }

  a(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#records(name, "A", signal);
  }

  /** Like {@linkcode a}, with an answer that is not of the cache. */
  aAfresh(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    this.#cache.delete(keyOf("A", canonical(name)));
    return this.a(name, signal);
  }

  aaaa(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#records(name, "AAAA", signal);
  }

  mx(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#records(name, "MX", signal);
  }

  /** @param name a name below `in-addr.arpa` or `ip6.arpa`. */
  ptr(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#records(name, "PTR", signal);
  }

  /**
   * Looks up the records of a name and type.
   *
   * @throws {TemporaryDnsError} if no server could answer.
   * @throws {unknown} the signal's reason, if it is aborted; the query goes on, for the cache.
   */
  async lookUp(name: string, type: RecordType, signal?: AbortSignal): Promise<Found> {
    const asked = canonical(name);
    if (!isAskable(asked)) return { kind: "no-name", ttl: 0 };
    const key = keyOf(type, asked);
    const cached = this.#cache.get(key);
    if (cached instanceof TemporaryDnsError) throw cached;
    if (cached !== undefined) return cached;
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = this.#ask(asked, type, key).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
      // All callers may have given up, and a rejection without a handler ends the process.
      pending.catch(() => {});
    }
    return await (signal === undefined ? pending : until(pending, signal));
  }

  async #records(
    name: string,
    type: RecordType,
    signal: AbortSignal | undefined,
  ): Promise<readonly string[]> {
    const found = await this.lookUp(name, type, signal);
    return found.kind === "records" ? found.records : [];
  }

  async #ask(name: string, type: RecordType, key: string): Promise<Found> {
    const servers = this.#settings.servers.length > 0
      ? this.#settings.servers
      : this.#systemServers();
    let failure = "no DNS server is set";
    for (let round = 0; round < ROUNDS; round++) {
      for (const server of servers) {
        const controller = new AbortController();
        const timer = setTimeout(
          () => controller.abort(new Error(`no answer within ${this.#settings.queryTimeout} ms`)),
          this.#settings.queryTimeout,
        );
        try {
          const reply = await askServer(server, name, type, controller.signal);
          if ("ttl" in reply) {
            this.#health = { ...this.#health, answered: this.#health.answered + 1, works: true };
            this.#cache.set(key, reply, reply.ttl * 1000);
            return reply;
          }
          failure = `${formatServer(server)}: ${reply.kind === "failure" ? reply.why : reply.kind}`;
        } catch (error) {
          failure = `${formatServer(server)}: ${messageOf(error)}`;
        } finally {
          clearTimeout(timer);
        }
      }
    }
    const error = new TemporaryDnsError(`${type} ${name}: ${failure}`);
    this.#cache.set(key, error, FAILURE_LIFETIME);
    this.#health = {
      ...this.#health,
      failed: this.#health.failed + 1,
      lastFailure: { time: this.#clocks.wall(), why: error.message },
      works: false,
    };
    throw error;
  }

  #systemServers(): readonly DnsServer[] {
    const now = this.#clocks.monotonic();
    if (now - this.#systemReadAt < REREAD_PERIOD) return this.#system;
    this.#systemReadAt = now;
    try {
      this.#system = parseResolvConf(Deno.readTextFileSync("/etc/resolv.conf"));
    } catch {
      this.#system = [LOCAL];
    }
    return this.#system;
  }
}
