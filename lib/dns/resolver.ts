/**
 * DNS, asked through recursive servers: the system's or those of the settings.
 *
 * @module
 */
import { parseAddress } from "../net/network.ts";
import { isAskable } from "../spf/name.ts";
import { type Resolver, TemporaryDnsError, until } from "../spf/resolver.ts";
import { ExpiringCache, weightOfText } from "./cache.ts";
import type { DnsReply, RecordType } from "./message.ts";
import { askServer, type DnsServer, formatServer } from "./transport.ts";

/** What the administrator says about DNS. */
export interface ResolverSettings {
  /** The servers; the system's if there is none. */
  readonly servers: readonly DnsServer[];
  /** How long one server may take for one question, in milliseconds. */
  readonly queryTimeout: number;
}

/** What there is of a name and a type. */
export type Found = Extract<DnsReply, { readonly kind: "records" | "no-name" | "no-data" }>;

/** How DNS answered. */
export interface DnsHealth {
  /** Questions that were asked and answered, the cache's own answers aside. */
  readonly answered: number;
  /** Questions that no server could answer. */
  readonly failed: number;
  /** The last of those; absent if there was none. */
  readonly lastFailure?: {
    /** When, in milliseconds since the epoch. */
    readonly time: number;
    /** What was asked, and what went wrong; may hold hostile text. */
    readonly why: string;
  };
  /** Whether the last question was answered; absent before the first. */
  readonly works?: boolean;
}

/** Every server is asked so many times, one after the other. */
const ROUNDS = 2;

/** What the answers that are kept may weigh together: some megabytes. */
const MAX_CACHED = 10_000;

/** A failure is not asked for again for so long, in milliseconds. */
const FAILURE_KEPT = 5000;

/** How often the system's servers are read again, in milliseconds. */
const REREAD_PERIOD = 60_000;

const LOCAL: DnsServer = { address: "127.0.0.1", port: 53 };

/** The servers of a resolv.conf(5); this machine's own if it names none. */
export function parseResolvConf(text: string): DnsServer[] {
  const servers = text.split("\n").flatMap((line) => {
    const address = /^\s*nameserver\s+(\S+)/.exec(line)?.[1]?.replace(/%.*$/, "");
    return address === undefined || parseAddress(address) === undefined
      ? []
      : [{ address, port: 53 }];
  });
  return servers.length === 0 ? [LOCAL] : servers;
}

function weightOf(found: Found | TemporaryDnsError): number {
  if (!("kind" in found) || found.kind !== "records") return 1;
  return weightOfText(found.records.reduce((length, record) => length + 32 + record.length, 0));
}

/** Asks DNS, and remembers for as long as the answers say. */
export class DnsResolver implements Resolver {
  #settings: ResolverSettings;
  readonly #cache = new ExpiringCache<Found | TemporaryDnsError>(MAX_CACHED, weightOf);
  readonly #pending = new Map<string, Promise<Found>>();
  #system: readonly DnsServer[] = [LOCAL];
  #systemReadAt = -Infinity;
  #health: DnsHealth = { answered: 0, failed: 0 };

  /** A resolver with nothing in its cache. */
  constructor(settings: ResolverSettings) {
    this.#settings = settings;
  }

  /** Takes new settings. */
  configure(settings: ResolverSettings): void {
    this.#settings = settings;
  }

  /** How DNS answered so far. */
  get health(): DnsHealth {
    return this.#health;
  }

  /** The TXT records of a name. */
  txt(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#records(name, "TXT", signal);
  }

  /** The IPv4 addresses of a name. */
  a(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#records(name, "A", signal);
  }

  /** The IPv6 addresses of a name. */
  aaaa(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#records(name, "AAAA", signal);
  }

  /** The mail exchangers of a name. */
  mx(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#records(name, "MX", signal);
  }

  /** The names of an address, by its name below `in-addr.arpa` or `ip6.arpa`. */
  ptr(name: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#records(name, "PTR", signal);
  }

  /**
   * What there is of a name and a type; tells a name that does not exist from one without such records.
   *
   * @throws {TemporaryDnsError} if no server could answer.
   * @throws {unknown} the signal's reason, if it ends first; the question goes on, for the cache.
   */
  async lookUp(name: string, type: RecordType, signal?: AbortSignal): Promise<Found> {
    const asked = name.toLowerCase().replace(/\.$/, "");
    if (!isAskable(asked)) return { kind: "no-name", ttl: 0 };
    const key = `${type} ${asked}`;
    const cached = this.#cache.get(key);
    if (cached instanceof TemporaryDnsError) throw cached;
    if (cached !== undefined) return cached;
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = this.#ask(asked, type, key).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
      // Whoever waits hears of it; nobody may be left.
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
    const servers = this.#settings.servers.length > 0 ? this.#settings.servers : this.#systems();
    let failure = "there is no DNS server";
    for (let round = 0; round < ROUNDS; round++) {
      for (const server of servers) {
        const controller = new AbortController();
        const timer = setTimeout(
          () => controller.abort(new Error("no answer in time")),
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
          const why = error instanceof Error ? error.message : String(error);
          failure = `${formatServer(server)}: ${why}`;
        } finally {
          clearTimeout(timer);
        }
      }
    }
    const error = new TemporaryDnsError(`${type} ${name}: ${failure}`);
    this.#cache.set(key, error, FAILURE_KEPT);
    this.#health = {
      ...this.#health,
      failed: this.#health.failed + 1,
      lastFailure: { time: Date.now(), why: error.message },
      works: false,
    };
    throw error;
  }

  #systems(): readonly DnsServer[] {
    if (performance.now() - this.#systemReadAt < REREAD_PERIOD) return this.#system;
    this.#systemReadAt = performance.now();
    try {
      this.#system = parseResolvConf(Deno.readTextFileSync("/etc/resolv.conf"));
    } catch {
      this.#system = [LOCAL];
    }
    return this.#system;
  }
}
