/** A trace of mail: pure, and the same for the same options. README.md documents the model. */
import {
  DAY,
  FALSE_LISTING,
  type Host,
  type Kind,
  LEGITIMATE,
  type LegitimateClass,
  LISTED,
  type Listing,
  type Message,
  type Route,
  SPAM,
  type SpamClass,
  START,
  type Trace,
  USERS,
} from "./model.ts";
import { Random } from "./random.ts";
import { type Sender, World } from "./senders.ts";

export interface TraceOptions {
  readonly seed: string;
  readonly days: number;
  /** Legitimate messages a day. */
  readonly legitimate: number;
  /** Spam messages a day. */
  readonly spam: number;
}

/** Days before the trace in which relations form; nothing of them is played. */
const WARM_UP_DAYS = 60;

const MAILBOX_DOMAINS = ["gmail.com", "outlook.com", "yahoo.com", "gmx.net"];
const BOTS = 3000;
const VPS_HOSTS = 150;
const SNOWSHOE_DAYS = 4;

interface Relation {
  readonly sender: Sender;
  readonly recipients: readonly string[];
}

type Draft = Omit<Message, "id">;

export function generate(options: TraceOptions): Trace {
  const { seed, days } = options;
  const world = new World(new Random(`${seed}/world`));
  const mail = new LegitimateMail(world, new Random(`${seed}/legitimate`), options);
  const spam = new Spam(world, new Random(`${seed}/spam`), options, mail.domains);
  const drafts = [...mail.messages, ...spam.messages];
  const messages = drafts
    .filter(({ time }) => time >= START && time < START + days * DAY)
    .sort((one, other) => one.time - other.time)
    .map((draft, id) => ({ id, ...draft }));
  const listings = new Map([...mail.listings, ...spam.listings]);
  return { start: START, days, messages, records: world.records, listings };
}

/** A time of a day as people write: by day, and less at weekends. */
function officeTime(random: Random, day: number): number {
  const date = (day % 7 + 7) % 7;
  const shift = date >= 5 && random.chance(0.6) ? -random.integer(1, 5) : 0;
  const hour = 13 + 9 * (random.next() + random.next() - 1);
  return Math.floor(START + (day + shift) * DAY + hour * 3600);
}

class LegitimateMail {
  readonly messages: Draft[] = [];
  readonly listings = new Map<string, Listing>();
  /** Domains of correspondents. */
  readonly domains: string[] = [];
  readonly #world: World;
  readonly #random: Random;
  readonly #personal: Relation[] = [];
  readonly #options: TraceOptions;
  readonly #forwarders: readonly Sender[];

  constructor(world: World, random: Random, options: TraceOptions) {
    this.#world = world;
    this.#random = random;
    this.#options = options;
    this.#forwarders = [world.forwarder(), world.forwarder()];
    for (const legitimate of LEGITIMATE) this.#write(legitimate);
  }

  /**
   * Each message begins a relation with the probability `novelty`, or repeats the relation of an earlier
   * message (Simon's model), so that few relations have most of the mail.
   */
  #write(legitimate: LegitimateClass): void {
    const random = this.#random;
    const perDay = this.#options.legitimate * legitimate.share / 100;
    const earlier: Relation[] = [];
    for (let day = -WARM_UP_DAYS; day < this.#options.days; day++) {
      const times = Array.from({ length: random.poisson(perDay) }, () => officeTime(random, day));
      for (const time of times.sort((one, other) => one - other)) {
        const isNew = earlier.length === 0 || random.chance(legitimate.novelty);
        const relation = isNew ? this.#begin(legitimate, earlier) : random.pick(earlier);
        earlier.push(relation);
        this.#send(legitimate, relation, time);
        if (legitimate.isPersonal) this.#correspond(relation, time, isNew);
      }
    }
  }

  #begin(legitimate: LegitimateClass, earlier: readonly Relation[]): Relation {
    const random = this.#random;
    const isKnownDomain = earlier.length > 0 && random.chance(legitimate.sameDomain);
    const sender = isKnownDomain
      ? random.pick(earlier).sender.colleague()
      : this.#sender(legitimate.name);
    const count = random.chance(0.08) ? random.integer(2, 3) : 1;
    const relation = {
      sender,
      recipients: [...new Set(Array.from({ length: count }, () => random.pick(USERS)))],
    };
    if (legitimate.isPersonal) {
      this.#personal.push(relation);
      this.domains.push(sender.address("").split("@")[1]!);
    }
    return relation;
  }

  #sender(name: string): Sender {
    const world = this.#world;
    const random = this.#random;
    switch (name) {
      case "small server": {
        const sender = world.smallServer();
        this.#listByMistake(sender.route);
        return sender;
      }
      case "hoster's customer":
        return world.hosterCustomer();
      case "Microsoft 365":
        return world.customer("microsoft365");
      case "Google Workspace":
        return world.customer("gmail");
      case "mailbox provider":
        return world.mailboxUser();
      case "bulk sender":
        return world.bulkSender();
      case "notice":
        return world.notifier("notice", "postfix", 0, 0.6);
      case "login code":
        return random.chance(0.1)
          ? world.notifier("code", "never", 0, 0)
          : world.notifier("code", "loginCode", 2, 0.5);
      case "mailing list":
        return world.mailingList();
      case "forwarder":
        return random.pick(this.#forwarders).colleague();
      case "bounce": {
        const { route } = random.pick(this.#personal).sender;
        const bounce: Sender = { address: () => "", route, colleague: () => bounce };
        return bounce;
      }
      case "no retry":
        return world.notifier("app", "never", 0, 0);
      default:
        throw new Error(`no such class of senders: ${name}`);
    }
  }

  #send({ name }: LegitimateClass, { sender, recipients }: Relation, time: number): void {
    // One message to several recipients, unless each has a sender address of its own (VERP).
    const groups = new Map<string, string[]>();
    for (const recipient of recipients) {
      const address = sender.address(recipient);
      groups.set(address, [...groups.get(address) ?? [], recipient]);
    }
    for (const [address, to] of groups) {
      const { route } = sender;
      this.messages.push(
        { time, kind: "legitimate", class: name, sender: address, recipients: to, route },
      );
    }
  }

  /** A user's own mail: a letter before the first of a new correspondent, and replies. */
  #correspond({ sender, recipients }: Relation, time: number, isNew: boolean): void {
    const random = this.#random;
    const [user] = recipients;
    const write = (at: number) =>
      this.messages.push(outgoing(Math.floor(at), user!, sender.address(user!)));
    if (isNew && random.chance(0.25)) write(time - random.exponential(1 / DAY));
    else if (random.chance(0.25)) write(time + random.exponential(1 / (4 * 3600)));
  }

  #listByMistake({ hosts }: Route): void {
    const random = this.#random;
    if (!random.chance(FALSE_LISTING.probability)) return;
    const from = START + random.between(0, this.#options.days * DAY);
    this.listings.set(hosts[0]!.address, { from, until: from + FALSE_LISTING.duration });
  }
}

const OWN_CLIENT: Host = {
  address: "192.0.2.25",
  name: "desk.home.example",
  helo: "desk.home.example",
};
const OWN_ROUTE: Route = { hosts: [OWN_CLIENT], sameHost: 1, sameNetwork: 0, schedule: "never" };

function outgoing(time: number, user: string, to: string): Draft {
  const kind: Kind = "outgoing";
  return { time, kind, class: "outgoing", sender: user, recipients: [to], route: OWN_ROUTE };
}

class Spam {
  readonly messages: Draft[] = [];
  readonly listings = new Map<string, Listing>();
  readonly #world: World;
  readonly #random: Random;
  readonly #correspondents: readonly string[];
  readonly #named: readonly Host[];
  readonly #unnamed: readonly Host[];
  readonly #vps: readonly Host[];
  readonly #snowshoe = new Map<
    SpamClass,
    { readonly until: number; readonly range: ReturnType<World["snowshoe"]> }
  >();
  readonly #drawn = new Set<string>();

  constructor(
    world: World,
    random: Random,
    { days, spam }: TraceOptions,
    correspondents: readonly string[],
  ) {
    this.#world = world;
    this.#random = random;
    this.#correspondents = correspondents;
    this.#named = Array.from({ length: BOTS * 0.6 }, () => world.bot(true));
    this.#unnamed = Array.from({ length: BOTS * 0.4 }, () => world.bot(false));
    this.#vps = Array.from({ length: VPS_HOSTS }, () => world.vps());
    const classes = Object.entries(SPAM) as [SpamClass, number][];
    const times = Array.from(
      { length: random.poisson(spam * days) },
      () => Math.floor(START + random.between(0, days * DAY)),
    );
    for (const time of times.sort((one, other) => one - other)) {
      const [name] = random.weighted(classes, ([, share]) => share);
      this.#send(name, time);
    }
  }

  #send(name: SpamClass, time: number): void {
    const random = this.#random;
    const { sender, route } = this.#source(name, time);
    const count = random.chance(0.15) ? random.integer(2, 4) : 1;
    const recipients = [...new Set(Array.from({ length: count }, () => random.pick(USERS)))];
    this.messages.push({ time, kind: "spam", class: name, sender, recipients, route });
  }

  #source(name: SpamClass, time: number): { sender: string; route: Route } {
    const random = this.#random;
    const world = this.#world;
    const bot = random.pick(random.chance(0.6) ? this.#named : this.#unnamed);
    const from = (host: Host, schedule: Route["schedule"]): Route => {
      const kind = this.#vps.includes(host) ? "vps" : "bot";
      this.#list(host, kind, time);
      return { hosts: [host], sameHost: 1, sameNetwork: 0, schedule };
    };
    switch (name) {
      case "no retry, generic name":
        return { sender: this.#forged(), route: from(random.pick(this.#named), "never") };
      case "no retry, no name":
        return { sender: this.#forged(), route: from(random.pick(this.#unnamed), "never") };
      case "no retry, VPS":
        return { sender: this.#forged(), route: from(random.pick(this.#vps), "never") };
      case "retry at once":
        return { sender: this.#forged(), route: from(bot, "atOnce") };
      case "retry after 1 to 5 min":
        return { sender: this.#forged(), route: from(bot, "minutes") };
      case "retry from elsewhere": {
        const hosts = Array.from({ length: 4 }, () => random.pick(this.#named));
        for (const host of hosts) this.#list(host, "bot", time);
        const route: Route = { hosts, sameHost: 0, sameNetwork: 0, schedule: "elsewhere" };
        return { sender: this.#forged(), route };
      }
      case "bot with a queue":
        return { sender: this.#forged(), route: from(bot, "botQueue") };
      case "forged correspondent": {
        const known = this.#correspondents.length > 0;
        const domain = known ? random.pick(this.#correspondents) : "gmail.com";
        const schedule = random.chance(0.15) ? "botQueue" : "never";
        return { sender: `${world.localPart()}@${domain}`, route: from(bot, schedule) };
      }
      case "snowshoe":
      case "snowshoe with a queue": {
        const { domains, route } = this.#range(name, time);
        const at = random.integer(0, route.hosts.length - 1);
        const host = route.hosts[at]!;
        this.#list(host, "snowshoe", time);
        const sender = `${random.pick(["news", "offer", "info"])}@${domains[at % domains.length]}`;
        return { sender, route: { ...route, hosts: [host] } };
      }
      case "hacked account": {
        const account = random.pick([
          () => world.mailboxUser(),
          () => world.customer("microsoft365"),
          () => world.hosterCustomer(),
        ])();
        return { sender: account.address(""), route: account.route };
      }
    }
  }

  /** The range of hosts in use: a new one after some days. */
  #range(name: SpamClass, time: number): ReturnType<World["snowshoe"]> {
    const current = this.#snowshoe.get(name);
    if (current !== undefined && time < current.until) return current.range;
    const range = this.#world.snowshoe(name === "snowshoe" ? "never" : "postfix");
    this.#snowshoe.set(name, { until: time + SNOWSHOE_DAYS * DAY, range });
    return range;
  }

  #forged(): string {
    const random = this.#random;
    const domain = random.chance(0.4) ? random.pick(MAILBOX_DOMAINS) : this.#world.domain();
    return `${this.#world.localPart()}${random.integer(1, 999)}@${domain}`;
  }

  /** Draws once for each host whether and since when it is listed. */
  #list({ address }: Host, kind: keyof typeof LISTED, time: number): void {
    if (this.#drawn.has(address)) return;
    this.#drawn.add(address);
    const { before, later, mean } = LISTED[kind];
    const drawn = this.#random.next();
    if (drawn >= before + later) return;
    const from = drawn < before ? START : time + this.#random.exponential(1 / mean);
    this.listings.set(address, { from, until: Infinity });
  }
}
