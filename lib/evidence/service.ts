/**
 * Learns what DNS says of strangers: within a time limit where a request waits for it, in the
 * background where none does.
 *
 * @module
 */
import { ExpiringCache, sizeOfText } from "../dns/cache.ts";
import { type DnsList, DnsLists } from "../dns/dnsbl.ts";
import { clientSignals, type Signal } from "./signals.ts";
import type { Attempt } from "../greylist/attempt.ts";
import type { Evidence } from "../greylist/evidence.ts";
import type { Mode } from "../greylist/rules.ts";
import { formatAddress, type IpAddress } from "../net/network.ts";
import { type BreadthLimits, type BreadthQuestion, tooBroad, weaknessOf } from "../spf/breadth.ts";
import { checkHost, type Resolver, type SpfAnswer, type SpfResult } from "../spf/check_host.ts";
import { uses } from "../spf/macro.ts";

/** What the administrator says about evidence. */
export interface EvidenceSettings {
  /** Who is greylisted: only for `suspicious` everything is weighed. */
  readonly mode: Mode;
  /** Whether SPF is evaluated. */
  readonly spf: boolean;
  /** How long a request may wait, in milliseconds. */
  readonly dnsWait: number;
  /** How much of the address space a record may let pass. */
  readonly breadth: BreadthLimits;
  /** Lists of addresses in DNS. */
  readonly dnsLists: readonly DnsList[];
  /** What each signal weighs. */
  readonly weights: Readonly<Record<Signal, number>>;
  /** Names and addresses of this server. */
  readonly ours: ReadonlySet<string>;
  /** This server's name, for explanations. */
  readonly receiver: string;
}

/** What gathering tells its owner. */
export interface EvidenceEvents {
  /** A list of addresses does not work and is not asked for a while. */
  listSwitchedOff(zone: string, why: string): void;
  /** There are too many strangers at once, and one was not learnt of. */
  dropped(): void;
}

/** Something that was weighed. */
export interface Weighed {
  /** A signal, or the zone of a list. */
  readonly what: string;
  /** What it added. */
  readonly weight: number;
}

/** Evidence, and what it rests on. */
export interface Report extends Evidence {
  /** What SPF said; absent where it was not evaluated, or not in time. */
  readonly spf?: SpfAnswer;
  /** Why a pass of SPF says nothing; absent if it does. */
  readonly weakness?: string;
  /** What was weighed. */
  readonly weighed: readonly Weighed[];
}

/** So many are learnt of in the background at once, and so many wait for their turn. */
const MAX_BACKGROUND = 64;

/** So many recipients of one stranger are told at most. */
const MAX_RECIPIENTS = 100;

/** Where many wait, one begins after the other, in milliseconds: a flood must not keep DNS busy. */
const START_PAUSE = 10;

/** What is kept of each kind may weigh so much together: some megabytes. */
const MAX_CACHED = 5000;

/** What was learnt holds for so long, in milliseconds; where DNS failed, for less. */
const KEPT = 3_600_000;
const FAILURE_KEPT = 60_000;

/** Nothing is learnt of anybody for longer than this, in milliseconds. */
const LONGEST = 20_000;

/** One stranger that is learnt of, and who is told. */
interface Task {
  readonly attempt: Attempt;
  readonly then: ((report: Report) => void)[];
}

/** One that is learnt of now, and can be given up. */
interface RunningTask extends Task {
  readonly controller: AbortController;
}

/** Learns and remembers. */
export class EvidenceService {
  readonly #resolver: Resolver;
  readonly #events: EvidenceEvents;
  #settings: EvidenceSettings;
  #lists: DnsLists;
  #reports = new ExpiringCache<Report>(MAX_CACHED, weightOf);
  readonly #breadths = new ExpiringCache<{ readonly why: string | undefined }>(MAX_CACHED);
  readonly #authorised = new ExpiringCache<boolean>(MAX_CACHED);
  /** What is learnt of in the background, and what waits for its turn, the oldest first. */
  readonly #running = new Map<string, RunningTask>();
  readonly #waiting = new Map<string, Task>();
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** A gatherer that asks a resolver. */
  constructor(resolver: Resolver, settings: EvidenceSettings, events: EvidenceEvents) {
    this.#resolver = resolver;
    this.#settings = settings;
    this.#events = events;
    this.#lists = this.#listsOf(settings);
  }

  /** Takes new settings; what was learnt by the old ones is learnt again. */
  configure(settings: EvidenceSettings): void {
    this.#settings = settings;
    this.#reports = new ExpiringCache(MAX_CACHED, weightOf);
    this.#lists = this.#listsOf(settings);
  }

  /** Whether there is anything to learn. */
  get isActive(): boolean {
    return this.#settings.spf || this.#settings.mode === "suspicious";
  }

  /** What was learnt already; nothing is asked. */
  known(attempt: Attempt): Report | undefined {
    return this.#reports.get(keyOf(attempt));
  }

  /** Learns within the time that a request may wait; what did not come in time is left out. */
  async gather(attempt: Attempt): Promise<Report> {
    const known = this.known(attempt);
    if (known !== undefined) return known;
    return await this.#withinWait(async (signal) => {
      try {
        return await this.#learn(attempt, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
        return this.#reportOf(attempt, undefined, undefined, []);
      }
    });
  }

  /** Gives a body a signal that ends when no request may wait for longer. */
  async #withinWait<T>(body: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const timer = setTimeout(
      () => controller.abort(new Error("no time to wait for longer")),
      this.#settings.dnsWait,
    );
    try {
      return await body(controller.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Learns in the background, when it is its turn; the oldest that waits gives way if there are too many.
   *
   * @param then is told what was learnt; not called if it was given up.
   */
  inBackground(attempt: Attempt, then: (report: Report) => void): void {
    const known = this.known(attempt);
    if (known !== undefined) {
      then(known);
      return;
    }
    const key = keyOf(attempt);
    const task = this.#running.get(key) ?? this.#waiting.get(key);
    if (task !== undefined) {
      // The other recipients of a message want to know the same.
      if (task.then.length < MAX_RECIPIENTS) task.then.push(then);
      return;
    }
    this.#waiting.set(key, { attempt, then: [then] });
    if (this.#waiting.size > MAX_BACKGROUND) {
      const [oldest] = this.#waiting.keys();
      this.#waiting.delete(oldest!);
      this.#events.dropped();
    }
    this.#startNext();
  }

  /** Gives up what is learnt in the background. */
  stop(): void {
    clearTimeout(this.#pause);
    this.#waiting.clear();
    for (const { controller } of this.#running.values()) controller.abort(new Error("stopping"));
    this.#running.clear();
  }

  #startNext(): void {
    if (this.#pause !== undefined || this.#running.size >= MAX_BACKGROUND) return;
    const [first] = this.#waiting;
    if (first === undefined) return;
    const [key, task] = first;
    this.#waiting.delete(key);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#startNext();
    }, START_PAUSE);
    this.#start(key, task);
  }

  #start(key: string, { attempt, then }: Task): void {
    const controller = new AbortController();
    this.#running.set(key, { attempt, then, controller });
    const timer = setTimeout(() => controller.abort(new Error("too slow")), LONGEST);
    this.#learn(attempt, controller.signal).then((report) => {
      for (const tell of then) tell(report);
    }, () => {
      // It was given up, and nobody waits for it.
    }).finally(() => {
      clearTimeout(timer);
      this.#running.delete(key);
      this.#startNext();
    });
  }

  /** Those of some domains whose SPF records authorise a client, if that is known of all of them. */
  authorisedBy(address: IpAddress, domains: readonly string[]): ReadonlySet<string> | undefined {
    const found = new Set<string>();
    for (const domain of domains) {
      const isAuthorised = this.#authorised.get(`${formatAddress(address)} ${domain}`);
      if (isAuthorised === undefined) return undefined;
      if (isAuthorised) found.add(domain);
    }
    return found;
  }

  /** The same, learnt within the time that a request may wait. */
  async authorise(address: IpAddress, domains: readonly string[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    await this.#withinWait((signal) =>
      Promise.all(domains.map(async (domain) => {
        if (await this.#authorises(domain, formatAddress(address), signal)) found.add(domain);
      }))
    );
    return found;
  }

  /** Whether a domain's SPF record authorises a client; not, if that is not told in time. */
  async #authorises(domain: string, ip: string, signal: AbortSignal): Promise<boolean> {
    const key = `${ip} ${domain}`;
    const known = this.#authorised.get(key);
    if (known !== undefined) return known;
    const sender = `postmaster@${domain}`;
    try {
      const question = { ip, helo: domain, sender, resolver: this.#resolver, signal };
      const { result } = await checkHost(question);
      this.#authorised.set(key, result === "pass", lifetimeOf(result));
      return result === "pass";
    } catch {
      return false;
    }
  }

  async #learn(attempt: Attempt, signal: AbortSignal): Promise<Report> {
    const { mode, spf } = this.#settings;
    // Both at once: each has its own servers to wait for.
    const [answer, listed] = await Promise.all([
      spf ? this.#spf(attempt, signal) : undefined,
      mode === "suspicious" ? this.#lists.find(attempt.address, signal) : [],
    ]);
    const report = this.#reportOf(attempt, answer?.spf, answer?.weakness, listed);
    this.#reports.set(keyOf(attempt), report, answer?.lifetime ?? KEPT);
    return report;
  }

  async #spf(
    attempt: Attempt,
    signal: AbortSignal,
  ): Promise<{ spf: SpfAnswer; weakness: string | undefined; lifetime: number }> {
    const question = {
      ip: formatAddress(attempt.address),
      helo: attempt.heloName,
      sender: attempt.sender,
      resolver: this.#resolver,
      signal,
    };
    const spf = await checkHost({ ...question, receiver: this.#settings.receiver });
    if (spf.result !== "pass") {
      return {
        spf,
        weakness: undefined,
        lifetime: lifetimeOf(spf.result),
      };
    }
    // What holds for one user of a domain need not hold for the others.
    const isOfUser = spf.path.some(({ mechanism }) =>
      "domain" in mechanism && mechanism.domain !== undefined && uses(mechanism.domain, "sl")
    );
    const lifetime = isOfUser ? 0 : KEPT;
    const weakness = weaknessOf(spf.path) ?? await this.#breadth(question, spf.domain, signal);
    return { spf, weakness, lifetime };
  }

  async #breadth(
    question: BreadthQuestion,
    domain: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const known = this.#breadths.get(domain);
    if (known !== undefined) return known.why;
    try {
      const why = await tooBroad(question, this.#settings.breadth);
      this.#breadths.set(domain, { why }, KEPT);
      return why;
    } catch (error) {
      if (signal.aborted) throw error;
      return "how much its record lets pass could not be told";
    }
  }

  #reportOf(
    attempt: Attempt,
    spf: SpfAnswer | undefined,
    weakness: string | undefined,
    listed: readonly DnsList[],
  ): Report {
    const { weights, ours } = this.#settings;
    const signals: Signal[] = [...clientSignals(attempt, ours)];
    if (spf?.result === "fail") signals.push("spf-fail");
    if (spf?.result === "softfail") signals.push("spf-softfail");
    if (spf?.result === "none") signals.push("spf-none");
    const weighed = [
      ...signals.map((what) => ({ what, weight: weights[what] })),
      ...listed.map(({ zone, weight }) => ({ what: zone, weight })),
    ];
    const speaks = spf?.result === "pass" && weakness === undefined;
    return {
      ...(speaks ? { spfDomain: spf.domain } : {}),
      spfFails: spf?.result === "fail",
      suspicionScore: weighed.reduce((sum, { weight }) => sum + weight, 0),
      ...(spf === undefined ? {} : { spf }),
      ...(weakness === undefined ? {} : { weakness }),
      weighed,
    };
  }

  #listsOf({ dnsLists }: EvidenceSettings): DnsLists {
    return new DnsLists(
      dnsLists,
      this.#resolver,
      (zone, why) => this.#events.listSwitchedOff(zone, why),
    );
  }
}

/** What a report weighs: what SPF says holds text out of the records. */
function weightOf({ spf }: Report): number {
  if (spf === undefined) return 1;
  const { error = "", explanation = "", path } = spf;
  return sizeOfText(
    path.reduce((length, { mechanism }) => length + mechanism.text.length, error.length) +
      explanation.length,
  );
}

/** How long a result of SPF holds, in milliseconds. */
function lifetimeOf(result: SpfResult): number {
  return result === "temperror" ? FAILURE_KEPT : KEPT;
}

/** What was learnt is about a client and the domain that it claims, by the HELO as it stands. */
function keyOf(attempt: Attempt): string {
  const { address, name = "", heloName, identity } = attempt;
  return `${address.bytes.join(".")} ${identity} ${heloName} ${name}`;
}
