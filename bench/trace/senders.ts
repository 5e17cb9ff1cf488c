/** Hosts, domains and senders of a trace, with the DNS records that they publish. */
import {
  BULK_SENDERS,
  type DnsRecord,
  type Host,
  HOSTERS,
  MAILBOX_PROVIDERS,
  type Pool,
  type PoolName,
  POOLS,
  type Route,
} from "./model.ts";
import type { Random } from "./random.ts";
import type { ScheduleName } from "./schedule.ts";

/** A person or program that writes, always by the same route. */
export interface Sender {
  /** The envelope sender of a message to a recipient. */
  readonly address: (recipient: string) => string;
  readonly route: Route;
  /** Another sender at the same domain. */
  readonly colleague: () => Sender;
}

const WORDS =
  ("alder amber anvil basin beech birch bridge brook cedar chalk cliff clover copper coral " +
    "crane delta ember fern flint forge frost grove harbor hazel heath iron island juniper kiln lake " +
    "larch linen maple marsh meadow mill moss north oak opal orchard otter pine plum quarry reed ridge " +
    "river rowan sage shore silver slate south spruce stone summit thorn tide timber vale wharf willow")
    .split(" ");
const NAMES =
  ("ada alan barbara claude dana donald edsger emil frances grace hedy ivan jean john kay " +
    "ken lars leslie linus margaret niklaus ole peter radia robin sophie tim tony vint wim").split(
      " ",
    );
const SURNAMES =
  ("adler berger cole dorn ellis falk gray hahn ito jensen kern lang meyer novak olsen " +
    "page quist reed stein tanaka ulm varga weber yang ziegler").split(" ");

const GENERIC_NAMES = [
  "{a}-{b}-{c}-{d}.dsl.access.example",
  "host-{d}-{c}-{b}-{a}.dynamic.telecom.example",
  "pool-{a}-{b}-{c}-{d}.broadband.example",
  "cpe-{d}.{c}.{b}.{a}.cable.example",
];
const BOT_HELOS = ["localhost", "localhost.localdomain", "user-pc", "mail.com", "home.example"];

/** First octets of made-up hosts: mail servers, and bots. */
const SERVER_OCTETS = [5, 31, 37, 46, 62, 78, 85, 88, 93, 109, 176, 188, 193, 195];
const BOT_OCTETS = [1, 14, 27, 36, 41, 58, 60, 101, 103, 113, 117, 122, 177, 186, 190, 200];

export class World {
  readonly records = new Map<string, DnsRecord[]>();
  readonly #random: Random;
  readonly #taken = new Set<string>();
  readonly #pools = new Map<PoolName, readonly Host[]>();

  constructor(random: Random) {
    this.#random = random;
    for (const pool of Object.values<Pool>(POOLS)) {
      this.publish(pool.include, "TXT", `v=spf1 ${pool.record}`);
      for (const domain of pool.domains) {
        if (domain !== pool.include) {
          this.publish(domain, "TXT", `v=spf1 include:${pool.include} ~all`);
        }
      }
    }
  }

  publish(name: string, type: DnsRecord["type"], data: string): void {
    const known = this.records.get(name);
    if (known === undefined) this.records.set(name, [{ type, data }]);
    else known.push({ type, data });
  }

  #unused(make: () => string): string {
    for (;;) {
      const made = make();
      if (this.#taken.has(made)) continue;
      this.#taken.add(made);
      return made;
    }
  }

  #address(octets: readonly number[]): string {
    const random = this.#random;
    return this.#unused(() =>
      [random.pick(octets), random.integer(0, 255), random.integer(0, 255), random.integer(2, 250)]
        .join(".")
    );
  }

  domain(): string {
    const random = this.#random;
    return this.#unused(() =>
      `${random.pick(WORDS)}-${random.pick(WORDS)}${random.integer(1, 99)}.example`
    );
  }

  localPart(): string {
    const random = this.#random;
    return random.pick([
      () => `${random.pick(NAMES)}.${random.pick(SURNAMES)}`,
      () => `${random.pick(NAMES)}${random.integer(1, 99)}`,
      () => random.pick(SURNAMES),
    ])();
  }

  /** A route by the hosts of a provider. */
  pool(name: PoolName): Route {
    const pool: Pool = POOLS[name];
    let hosts = this.#pools.get(name);
    if (hosts === undefined) {
      hosts = pool.networks.flatMap((network) =>
        Array.from({ length: pool.hostsPerNetwork }, (_, at) => {
          const octet = 10 + at * 7;
          const host = pool.hostName.replace("{net}", network.split(".")[2]!)
            .replace("{host}", String(octet));
          return { address: `${network}.${octet}`, name: host, helo: host };
        })
      );
      this.#pools.set(name, hosts);
    }
    return { hosts, sameHost: pool.sameHost, sameNetwork: 0.5, schedule: pool.schedule };
  }

  /** A route of one host, or of several in networks of their own. */
  ownRoute(prefix: string, domain: string, schedule: ScheduleName, networks = 0): Route {
    if (networks === 0) {
      const name = `${prefix}.${domain}`;
      const host = { address: this.#address(SERVER_OCTETS), name, helo: name };
      return { hosts: [host], sameHost: 1, sameNetwork: 0, schedule };
    }
    const hosts = Array.from({ length: networks }, () => this.#address(SERVER_OCTETS))
      .flatMap((address) =>
        [1, 2, 3].map((n) => ({
          address: address.replace(/\d+$/, String(n)),
          name: `${prefix}${n}.${domain}`,
          helo: `${prefix}${n}.${domain}`,
        }))
      );
    return { hosts, sameHost: 0.4, sameNetwork: 0.5, schedule };
  }

  /** Publishes an SPF record for a route in one of the usual ways. */
  authorise(domain: string, { hosts }: Route): void {
    const way = hosts.length > 1 ? "ip4" : this.#random.pick(["ip4", "a", "mx"]);
    const [first] = hosts;
    if (way === "ip4") {
      const addresses = hosts.map(({ address }) => `ip4:${address}`).join(" ");
      this.publish(domain, "TXT", `v=spf1 ${addresses} -all`);
    } else {
      this.publish(first!.name, "A", first!.address);
      if (way === "mx") this.publish(domain, "MX", first!.name);
      this.publish(domain, "TXT", `v=spf1 ${way === "mx" ? "mx" : `a:${first!.name}`} ~all`);
    }
  }

  /** People of one domain: each has an address of their own. */
  #people(domain: string, route: Route): Sender {
    const address = `${this.localPart()}@${domain}`;
    return { address: () => address, route, colleague: () => this.#people(domain, route) };
  }

  smallServer(): Sender {
    const domain = this.domain();
    const schedule = this.#random.weighted(
      [["postfix", 60], ["exim", 30], ["sendmail", 10]] as const,
      ([, share]) => share,
    )[0];
    const route = this.ownRoute("mail", domain, schedule);
    if (this.#random.chance(0.85)) this.authorise(domain, route);
    if (this.#random.chance(0.05)) {
      const unnamed = { ...route.hosts[0]!, name: "unknown" };
      return this.#people(domain, { ...route, hosts: [unnamed] });
    }
    return this.#people(domain, route);
  }

  /** A customer with a domain of its own, whose provider sends for it. */
  customer(name: PoolName): Sender {
    const domain = this.domain();
    if (this.#random.chance(0.9)) {
      this.publish(domain, "TXT", `v=spf1 include:${POOLS[name].include} ~all`);
    }
    return this.#people(domain, this.pool(name));
  }

  hosterCustomer(): Sender {
    return this.customer(this.#random.pick(HOSTERS));
  }

  mailboxUser(): Sender {
    const [name] = this.#random.weighted(MAILBOX_PROVIDERS, ([, share]) => share);
    const [first, ...rest] = POOLS[name].domains as readonly string[];
    return this.#people(this.#random.pick([first!, ...rest]), this.pool(name));
  }

  /** Bulk mail by a provider or, for one in five, by hosts of the sender's own; VERP addresses. */
  bulkSender(): Sender {
    const random = this.#random;
    const domain = `news.${this.domain()}`;
    const isOwn = random.chance(0.2);
    const provider = random.pick(BULK_SENDERS);
    const route = isOwn ? this.ownRoute("mta", domain, "postfix", 1) : this.pool(provider);
    if (isOwn) this.authorise(domain, route);
    else this.publish(domain, "TXT", `v=spf1 include:${POOLS[provider].include} -all`);
    const sender: Sender = {
      address: (to) => `bounce-${random.hex(8)}-${to.replace("@", "=")}@${domain}`,
      route,
      colleague: () => sender,
    };
    return sender;
  }

  /** Notices: bulk providers, or one host with a fixed address. */
  notifier(prefix: string, schedule: ScheduleName, networks: number, bulk: number): Sender {
    if (this.#random.chance(bulk)) return this.bulkSender();
    const domain = this.domain();
    const route = this.ownRoute(prefix, domain, schedule, networks);
    if (this.#random.chance(0.8)) this.authorise(domain, route);
    const sender: Sender = {
      address: () => `${prefix}@${domain}`,
      route,
      colleague: () => sender,
    };
    return sender;
  }

  mailingList(): Sender {
    const domain = `lists.${this.domain()}`;
    const route = this.ownRoute("mx", domain, "postfix");
    if (this.#random.chance(0.7)) this.authorise(domain, route);
    const list = (): Sender => {
      const name = this.#random.pick(WORDS);
      const isVerp = this.#random.chance(0.5);
      return {
        address: (to) =>
          isVerp
            ? `${name}-bounces+${to.replace("@", "=")}@${domain}`
            : `${name}-bounces@${domain}`,
        route,
        colleague: list,
      };
    };
    return list();
  }

  /** A forwarder that rewrites senders by SRS; a colleague is another author. */
  forwarder(): Sender {
    const random = this.#random;
    const domain = this.domain();
    const route = this.ownRoute("forward", domain, random.pick(["postfix", "exim"]));
    this.authorise(domain, route);
    const author = (): Sender => {
      const inner = `${this.domain()}=${this.localPart()}`;
      return {
        address: () => `SRS0=${random.hex(4)}=${random.pick([..."ABCDEFGH"])}K=${inner}@${domain}`,
        route,
        colleague: author,
      };
    };
    return author();
  }

  bot(isNamed: boolean): Host {
    const random = this.#random;
    const address = this.#address(BOT_OCTETS);
    const [a, b, c, d] = address.split(".") as [string, string, string, string];
    const name = !isNamed
      ? "unknown"
      : random.pick(GENERIC_NAMES).replace("{a}", a).replace("{b}", b).replace("{c}", c)
        .replace("{d}", d);
    const helo = random.pick([name, `[${address}]`, random.hex(7), ...BOT_HELOS]);
    return { address, name, helo: helo === "unknown" ? `[${address}]` : helo };
  }

  vps(): Host {
    const name = `vps${this.#random.integer(1000, 99_999)}.cheap-hosting.example`;
    return { address: this.#address(SERVER_OCTETS), name, helo: name };
  }

  /** A rented /24 of named hosts, each domain with an SPF record for all of it. */
  snowshoe(schedule: ScheduleName): { domains: readonly string[]; route: Route } {
    const network = this.#address(SERVER_OCTETS).replace(/\d+$/, "");
    const domains = Array.from({ length: 6 }, () => this.domain());
    for (const domain of domains) this.publish(domain, "TXT", `v=spf1 ip4:${network}0/24 -all`);
    const hosts = Array.from({ length: 30 }, (_, at) => {
      const name = `mta${at}.${domains[at % domains.length]}`;
      return { address: `${network}${at + 4}`, name, helo: name };
    });
    return { domains, route: { hosts, sameHost: 1, sameNetwork: 0, schedule } };
  }
}
