/**
 * Invented mail of a small server, for the demonstration: names and addresses of documentation only
 * (RFC 2606, RFC 5737, RFC 2544). The same seed gives the same mail.
 *
 * @module
 */
import { DAY, HOUR, MINUTE, SECOND } from "../text/duration.ts";

/** An attempt, as Postfix asks about it. */
export interface DemoAttempt {
  /** Milliseconds since the demonstration's first day began. */
  readonly at: number;
  readonly attributes: Readonly<Record<string, string>>;
}

interface Host {
  readonly address: string;
  /** Verified; `unknown` if not. */
  readonly name: string;
}

interface Contact {
  readonly sender: string;
  readonly hosts: readonly Host[];
  /** Messages in the past days, behind the first one. */
  readonly more: number;
}

const USERS = ["erika@example.net", "max@example.net", "office@example.net"];

const host = (address: string, name: string): Host => ({ address, name });

/** Mail servers that retry. */
const CONTACTS: readonly Contact[] = [
  {
    sender: "anna@lindgren.example",
    hosts: [host("192.0.2.25", "mail.lindgren.example")],
    more: 6,
  },
  { sender: "orders@bakery.example", hosts: [host("192.0.2.41", "mx.bakery.example")], more: 4 },
  {
    sender: "no-reply@railway.example",
    hosts: [
      host("198.51.100.90", "out1.railway.example"),
      host("198.51.100.91", "out2.railway.example"),
    ],
    more: 7,
  },
  {
    sender: "bounce-4711@news.museum.example",
    hosts: [host("198.51.100.7", "mta7.news.museum.example")],
    more: 3,
  },
  { sender: "teacher@school.example", hosts: [host("192.0.2.200", "mx2.school.example")], more: 5 },
  { sender: "list@chess.example", hosts: [host("203.0.113.8", "lists.chess.example")], more: 9 },
  {
    sender: "billing@power.example",
    hosts: [host("198.51.100.60", "smtp.power.example")],
    more: 2,
  },
  { sender: "", hosts: [host("203.0.113.77", "mx.hospital.example")], more: 1 },
];

/** One that gives up at first, and later sends other mail that it retries: possibly lost mail. */
const IMPATIENT: Contact = {
  sender: "news@theatre.example",
  hosts: [host("198.18.7.9", "mail.theatre.example")],
  more: 0,
};

/** Domains that the users write to, and their replies. */
const CORRESPONDENTS: readonly Contact[] = [
  {
    sender: "info@dentist.example",
    hosts: [host("203.0.113.20", "mail.dentist.example")],
    more: 2,
  },
  { sender: "sales@bikes.example", hosts: [host("203.0.113.34", "mx.bikes.example")], more: 2 },
];

/** Days of mail before the demonstration begins: longer than retry_window. */
export const PAST = 3 * DAY;

/** Numbers from 0 to 1, by the method of Lehmer. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = state * 48_271 % 2_147_483_647) / 2_147_483_647;
}

/** Mail of one server with its random choices. */
export class DemoMail {
  readonly #random: () => number;
  #messages = 0;

  constructor(seed = 20_261_101) {
    this.#random = numbers(seed);
  }

  #between(low: number, high: number): number {
    return Math.floor(low + this.#random() * (high - low));
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#between(0, list.length)]!;
  }

  #attempt(at: number, sender: string, { address, name }: Host, recipient: string): DemoAttempt {
    const attributes = {
      request: "smtpd_access_policy",
      protocol_state: "RCPT",
      protocol_name: "ESMTP",
      client_address: address,
      client_name: name,
      reverse_client_name: name,
      helo_name: name === "unknown" ? this.#pick(["localhost", "user", "192.0.2.1"]) : name,
      sender,
      recipient,
      instance: `demo.${++this.#messages}`,
    };
    return { at, attributes };
  }

  /** A message of one of the users, who has signed in. */
  #outgoing(at: number, recipient: string): DemoAttempt {
    const { attributes } = this.#attempt(at, USERS[0]!, host("192.0.2.3", "unknown"), recipient);
    return { at, attributes: { ...attributes, sasl_username: "erika", sasl_method: "plain" } };
  }

  /** A first message with its retry, and more messages later. */
  #correspondence({ sender, hosts, more }: Contact): DemoAttempt[] {
    const recipient = this.#pick(USERS);
    const first = this.#between(2 * HOUR, PAST / 2);
    const times = [first, first + this.#between(3 * MINUTE, 14 * MINUTE)];
    while (times.length < more + 2) times.push(this.#between(first + HOUR, PAST));
    return times.map((at) => this.#attempt(at, sender, this.#pick(hosts), recipient));
  }

  /** A host that sends spam: several attempts within seconds, none later. */
  #spam(at: number): DemoAttempt[] {
    const address = `198.19.${this.#between(0, 256)}.${this.#between(1, 255)}`;
    const name = this.#random() < 0.6
      ? "unknown"
      : `host-${address.replaceAll(".", "-")}.pool.provider.example`;
    const sender = this.#pick(["win", "invoice", "dr.okafor", "hello", "parcel", "crypto"]) +
      `@${this.#pick(["prize", "x7k2", "bank", "deal", "fast"])}-${
        this.#between(100, 10_000)
      }.example`;
    const recipient = this.#pick(USERS);
    return Array.from(
      { length: this.#random() < 0.3 ? 2 : 1 },
      (_, again) => this.#attempt(at + again * 4 * SECOND, sender, host(address, name), recipient),
    );
  }

  /** The past days, in the order of time. */
  past(): readonly DemoAttempt[] {
    const attempts = CONTACTS.flatMap((contact) => this.#correspondence(contact));
    for (const { sender, hosts, more } of CORRESPONDENTS) {
      const written = this.#between(HOUR, DAY);
      attempts.push(this.#outgoing(written, sender));
      for (let reply = 0; reply < more; reply++) {
        const at = this.#between(written + HOUR, PAST);
        attempts.push(this.#attempt(at, sender, hosts[0]!, USERS[0]!));
      }
    }
    const shop = host("198.18.200.4", "shop.theatre.example");
    attempts.push(this.#attempt(HOUR, "tickets@theatre.example", shop, USERS[1]!));
    attempts.push(...this.#correspondence(IMPATIENT));
    for (let count = 0; count < 140; count++) attempts.push(...this.#spam(this.#between(0, PAST)));
    return attempts.sort((a, b) => a.at - b.at);
  }

  /**
   * The next attempts while somebody watches: spam, known senders, and first messages with a retry
   * after `delay`. `at` is in milliseconds from now.
   */
  next(delay: number): readonly DemoAttempt[] {
    const kind = this.#random();
    if (kind < 0.05) return [this.#outgoing(0, this.#pick(CORRESPONDENTS).sender)];
    if (kind < 0.45) return this.#spam(0);
    if (kind < 0.8) {
      const { sender, hosts } = this.#pick(CONTACTS);
      return [this.#attempt(0, sender, this.#pick(hosts), this.#pick(USERS))];
    }
    const number = this.#between(10, 100);
    const address = `198.18.${number}.${this.#between(1, 255)}`;
    const from = host(address, `mail.shop${number}.example`);
    const recipient = this.#pick(USERS);
    const sender = `service@shop${number}.example`;
    return [0, delay + 5 * SECOND].map((at) => this.#attempt(at, sender, from, recipient));
  }
}
