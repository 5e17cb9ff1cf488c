/**
 * Gathers evidence about strangers: SPF, DNS lists and signals of the client, within the time that a
 * request may wait, or in the background.
 *
 * @module
 */
import { ExpiringCache, sizeOfText } from "../dns/cache.ts";
import { type DnsList, DnsLists } from "../dns/dnsbl.ts";
import type { Attempt } from "../greylist/attempt.ts";
import type { Evidence } from "../greylist/evidence.ts";
import type { Mode } from "../greylist/rules.ts";
import { formatAddress } from "../net/network.ts";
import type { BreadthLimits } from "../spf/breadth.ts";
import { checkHost, type Resolver, type SpfAnswer, type SpfResult } from "../spf/check_host.ts";
import { type FindWellKnown, PassJudge, type PassJudgement } from "../spf/judge.ts";
import { HOUR, MINUTE } from "../text/duration.ts";
import { messageOf } from "../text/error_message.ts";
import { Scheduler, within } from "./scheduler.ts";
import { clientSignals, type Signal } from "./signals.ts";

export interface EvidenceSettings {
  /** Signals and DNS lists count only in mode `suspicious`. */
  readonly mode: Mode;
  /** SPF is evaluated. */
  readonly spf: boolean;
  /** Milliseconds that a request may wait for DNS. */
  readonly dnsWait: number;
  /** The address space that an SPF record may authorise. */
  readonly breadth: BreadthLimits;
  readonly dnsLists: readonly DnsList[];
  readonly weights: Readonly<Record<Signal, number>>;
  /** Names and addresses of this server. */
  readonly ours: ReadonlySet<string>;
  /** This server's name, for SPF explanations. */
  readonly receiver: string;
}

export interface EvidenceEvents {
  /** A DNS list does not work and is not queried for a while. */
  listDisabled(zone: string, why: string): void;
  /** A background lookup was dropped: too many at once. */
  dropped(): void;
}

/** One summand of the suspicion score. */
export interface Weighed {
  /** A signal, or the zone of a DNS list. */
  readonly what: string;
  readonly weight: number;
}

/** Evidence, and its sources. */
export interface Report extends Evidence {
  /** Absent where SPF was not evaluated, or not in time. */
  readonly spf?: SpfAnswer;
  /** The domain whose record names the client, if it is another organisation's than the sender's. */
  readonly via?: string;
  /** The entry of the well-known sender whose record names the client. */
  readonly wellKnown?: string;
  /** Why an SPF pass is ignored; absent if it counts. */
  readonly weakness?: string;
  readonly weighed: readonly Weighed[];
}

/** Maximum size of each cache. */
const MAX_CACHED = 5000;

/** Lifetimes of what was looked up, in milliseconds. */
const LIFETIME = HOUR;
const FAILURE_LIFETIME = MINUTE;

/** The lifetime of an SPF result, in milliseconds. */
export function lifetimeOf(result: SpfResult): number {
  return result === "temperror" ? FAILURE_LIFETIME : LIFETIME;
}

interface SpfReport {
  readonly spf: SpfAnswer;
  /** Of a pass. */
  readonly judgement?: PassJudgement;
  /** Milliseconds; 0 for a result that holds for this sender only. */
  readonly lifetime: number;
}

export class EvidenceService {
  readonly #resolver: Resolver;
  readonly #events: EvidenceEvents;
  #reports = new ExpiringCache<Report>(MAX_CACHED, sizeOf);
  readonly #judge: PassJudge;
  readonly #background: Scheduler<Report>;
  #settings: EvidenceSettings;
  #lists: DnsLists;

  constructor(
    resolver: Resolver,
    settings: EvidenceSettings,
    events: EvidenceEvents,
    findWellKnown: FindWellKnown = () => undefined,
  ) {
    this.#resolver = resolver;
    this.#settings = settings;
    this.#events = events;
    this.#judge = new PassJudge(settings.breadth, findWellKnown);
    this.#background = new Scheduler(() => events.dropped());
    this.#lists = this.#listsOf(settings);
  }

  /** Takes new settings, and forgets the reports made by the old ones. */
  configure(settings: EvidenceSettings): void {
    this.#settings = settings;
    this.#reports = new ExpiringCache(MAX_CACHED, sizeOf);
    this.#judge.configure(settings.breadth);
    this.#lists = this.#listsOf(settings);
  }

  /** Anything is gathered at all. */
  get isActive(): boolean {
    return this.#settings.spf || this.#settings.mode === "suspicious";
  }

  /** The cached report; no query is sent. */
  known(attempt: Attempt): Report | undefined {
    return this.#reports.get(keyOf(attempt));
  }

  /** The report within `dnsWait`; answers that are late are left out. */
  async gather(attempt: Attempt): Promise<Report> {
    const known = this.known(attempt);
    if (known !== undefined) return known;
    return await within(this.#settings.dnsWait, async (signal) => {
      try {
        return await this.#lookUp(attempt, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
        return this.#reportOf(attempt, undefined, []);
      }
    });
  }

  /** @param callback receives the report; it is not called if the lookup fails or is dropped. */
  gatherInBackground(attempt: Attempt, callback: (report: Report) => void): void {
    const known = this.known(attempt);
    if (known !== undefined) callback(known);
    else {
      this.#background.add(keyOf(attempt), (signal) => this.#lookUp(attempt, signal), callback);
    }
  }

  /** Aborts background lookups. */
  stop(): void {
    this.#background.stop();
  }

  async #lookUp(attempt: Attempt, signal: AbortSignal): Promise<Report> {
    const { mode, spf } = this.#settings;
    const [answer, listed] = await Promise.all([
      spf ? this.#spf(attempt, signal) : undefined,
      mode === "suspicious" ? this.#lists.find(attempt.address, signal) : [],
    ]);
    const report = this.#reportOf(attempt, answer, listed);
    this.#reports.set(keyOf(attempt), report, answer?.lifetime ?? LIFETIME);
    return report;
  }

  async #spf(attempt: Attempt, signal: AbortSignal): Promise<SpfReport> {
    const question = {
      ip: formatAddress(attempt.address),
      helo: attempt.heloName,
      sender: attempt.sender,
      resolver: this.#resolver,
      signal,
    };
    const spf = await checkHost({ ...question, receiver: this.#settings.receiver });
    const lifetime = spf.isForSenderOnly ? 0 : lifetimeOf(spf.result);
    if (spf.result !== "pass") return { spf, lifetime };
    try {
      return { spf, judgement: await this.#judge.judge(spf, question), lifetime };
    } catch (error) {
      if (signal.aborted) throw error;
      const why = `the breadth of the record is unknown: ${messageOf(error)}`;
      return { spf, judgement: { identifies: false, why }, lifetime: FAILURE_LIFETIME };
    }
  }

  #reportOf(
    attempt: Attempt,
    answer: SpfReport | undefined,
    listed: readonly DnsList[],
  ): Report {
    const { weights, ours } = this.#settings;
    const { spf, judgement } = answer ?? {};
    const signals: Signal[] = [...clientSignals(attempt, ours)];
    if (spf?.result === "fail") signals.push("spf-fail");
    if (spf?.result === "softfail") signals.push("spf-softfail");
    if (spf?.result === "none") signals.push("spf-none");
    const weighed = [
      ...signals.map((what) => ({ what, weight: weights[what] })),
      ...listed.map(({ zone, weight }) => ({ what: zone, weight })),
    ];
    const { identifies = false, via, wellKnown, why: weakness } = judgement ?? {};
    return {
      ...(spf !== undefined && identifies ? { spfDomain: spf.domain } : {}),
      ...(via === undefined ? {} : { via }),
      ...(wellKnown === undefined ? {} : { wellKnown }),
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
      (zone, why) => this.#events.listDisabled(zone, why),
    );
  }
}

/** SPF answers hold text of records. */
function sizeOf({ spf }: Report): number {
  if (spf === undefined) return 1;
  const { error = "", explanation = "", path } = spf;
  return sizeOfText(
    path.reduce((length, { term }) => length + term.text.length, error.length) +
      explanation.length,
  );
}

/** A report is about a client and the domain of its sender or HELO. */
function keyOf(attempt: Attempt): string {
  const { address, name = "", heloName, identity } = attempt;
  return `${address.bytes.join(".")} ${identity} ${heloName} ${name}`;
}
