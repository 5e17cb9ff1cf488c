/** Plays a trace against a policy server: each sender tries, and retries by its schedule while it is deferred. */
import type { Host, Message, Route, Trace } from "./model.ts";
import { Random } from "./random.ts";
import { SCHEDULES } from "./schedule.ts";

export type Answer = "pass" | "defer" | "reject";

/** A delivery attempt for one recipient. */
export interface Attempt {
  readonly message: Message;
  readonly host: Host;
  readonly recipient: string;
  /** Seconds since the epoch. */
  readonly time: number;
  /** From 1. */
  readonly attempt: number;
}

export interface Policy {
  /** Receives the mail of the own users too. */
  readonly seesOutgoing: boolean;
  /** Called before the attempts of each time. */
  setTime(time: number): void;
  ask(attempt: Attempt): Promise<Answer>;
}

/** The end of one delivery: a message to one recipient. */
export interface Outcome {
  readonly message: Message;
  readonly recipient: string;
  readonly attempts: number;
  /** Seconds from the first try to the acceptance; absent if it was never accepted. */
  readonly delay?: number;
}

/** A message on its way. */
class Delivery {
  readonly message: Message;
  pending: readonly string[];
  attempts = 0;
  time: number;
  #host: Host | undefined;
  readonly #retries: Iterator<number>;
  readonly #hosts: Random;

  constructor(message: Message, seed: string) {
    this.message = message;
    this.pending = message.recipients;
    this.time = message.time;
    // Retries depend on the message and on nothing else: every server meets the same senders.
    this.#retries = SCHEDULES[message.route.schedule](new Random(`${seed}/${message.id}/times`));
    this.#hosts = new Random(`${seed}/${message.id}/hosts`);
  }

  nextHost(): Host {
    this.#host = hostFor(this.message.route, this.#host, this.#hosts);
    return this.#host;
  }

  /** Moves to the next retry; false if the sender gives up. */
  advance(): boolean {
    const { done, value } = this.#retries.next();
    if (done) return false;
    this.time = Math.max(this.time + 1, Math.round(this.message.time + value));
    return true;
  }
}

const networkOf = ({ address }: Host): string => address.slice(0, address.lastIndexOf("."));

function hostFor(route: Route, last: Host | undefined, random: Random): Host {
  if (last === undefined) return random.pick(route.hosts);
  if (random.chance(route.sameHost)) return last;
  const others = route.hosts.filter((host) => host !== last);
  const near = others.filter((host) => networkOf(host) === networkOf(last));
  const candidates = near.length > 0 && random.chance(route.sameNetwork) ? near : others;
  return candidates.length > 0 ? random.pick(candidates) : last;
}

/** Deliveries in the order of their times; equal times in the order of the messages. */
class Agenda {
  readonly #heap: Delivery[] = [];

  static #isBefore(one: Delivery, other: Delivery): boolean {
    return one.time < other.time ||
      (one.time === other.time && one.message.id < other.message.id);
  }

  add(delivery: Delivery): void {
    const heap = this.#heap;
    let at = heap.push(delivery) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!Agenda.#isBefore(delivery, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = delivery;
  }

  next(): Delivery | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && Agenda.#isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!Agenda.#isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

/** Plays a trace to its end and returns the outcome of each delivery of legitimate mail and spam. */
export async function play(trace: Trace, policy: Policy, seed: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const agenda = new Agenda();
  for (const message of trace.messages) {
    if (message.kind !== "outgoing" || policy.seesOutgoing) agenda.add(new Delivery(message, seed));
  }
  for (let delivery = agenda.next(); delivery !== undefined; delivery = agenda.next()) {
    const { message, time } = delivery;
    const host = delivery.nextHost();
    const attempt = ++delivery.attempts;
    policy.setTime(time);
    const deferred: string[] = [];
    const end = (recipient: string, delay?: number) => {
      if (message.kind === "outgoing") return;
      outcomes.push({
        message,
        recipient,
        attempts: attempt,
        ...(delay === undefined ? {} : { delay }),
      });
    };
    for (const recipient of delivery.pending) {
      const answer = await policy.ask({ message, host, recipient, time, attempt });
      if (answer === "pass") end(recipient, time - message.time);
      else if (answer === "reject") end(recipient);
      else deferred.push(recipient);
    }
    delivery.pending = deferred;
    if (deferred.length === 0) continue;
    if (delivery.advance()) agenda.add(delivery);
    else for (const recipient of deferred) end(recipient);
  }
  return outcomes;
}
