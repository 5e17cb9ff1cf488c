/**
 * Gathers evidence about clients: SPF, DNS lists and signals, within the time that a request may wait,
 * or in the background.
 *
 * @module
 */
import { ExpiringCache, sizeOfText } from "../dns/cache.ts";
import {
  type DnsList,
  DnsLists,
  type ListAnswers,
  LISTED_ACTIONS,
  type ListedAction,
  type ListResolver,
  NO_LIST_ANSWERS,
  type ZoneHealth,
} from "../dns/dnsbl.ts";
import type { Attempt } from "../greylist/attempt.ts";
import { type Evidence, type Listings, NOT_LISTED, type SpfOutcome } from "../greylist/evidence.ts";
import type { BreadthLimits } from "../spf/breadth.ts";
import {
  checkHost,
  knownNone,
  type Resolver,
  type SpfAnswer,
  type SpfResult,
} from "../spf/check_host.ts";
import { type FindWellKnown, PassJudge, type PassJudgement } from "../spf/judge.ts";
import { until } from "../spf/resolver.ts";
import { DAY, HOUR, MINUTE } from "../text/duration.ts";
import {
  type BackgroundLimits,
  Scheduler,
  Waiting,
  type WaitingLimits,
  within,
} from "./scheduler.ts";
import { clientSignals, type Signal } from "./signals.ts";

export interface EvidenceSettings {
  /** SPF is evaluated. */
  readonly spf: boolean;
  /** Milliseconds that a request may wait for DNS. */
  readonly dnsWait: number;
  /** The address space that an SPF record may authorise. */
  readonly breadth: BreadthLimits;
  readonly dnsLists: readonly DnsList[];
  /** The action for a retry from a listed client, for lists without their own. */
  readonly listed: ListedAction;
  /** Suspicion score of lists from which a client counts as listed; minus that, as trusted. */
  readonly threshold: number;
  readonly weights: Readonly<Record<Signal, number>>;
  /** Names and addresses of this server. */
  readonly ours: ReadonlySet<string>;
  /** This server's name, for SPF explanations. */
  readonly receiver: string;
  readonly background: BackgroundLimits;
}

export interface EvidenceEvents {
  /** The state of a DNS list changed. */
  listState(health: ZoneHealth): void;
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
  readonly spfAnswer?: SpfAnswer;
  /** Why an SPF pass does not identify the client; absent if it does. */
  readonly weakness?: string;
  readonly weighed: readonly Weighed[];
  /** SPF did not answer in time, or was not asked. */
  readonly isPartial: boolean;
}

/** Maximum size of the cache of SPF results. */
const MAX_CACHED = 5000;

/** Lifetimes of SPF results, in milliseconds. */
const LIFETIME = HOUR;
const FAILURE_LIFETIME = MINUTE;

/** A listed address makes its network suspicious for this long, in milliseconds. */
const NEIGHBOUR_LIFETIME = 3 * DAY;

/** The lifetime of an SPF result, in milliseconds. */
export function lifetimeOf(result: SpfResult): number {
  return result === "temperror" ? FAILURE_LIFETIME : LIFETIME;
}

/** Evidence, and what it depends on besides the key of an SPF result. */
interface Latest {
  readonly clientName: string;
  readonly isNullSender: boolean;
  readonly report: Report;
}

/** An evaluated record. */
interface SpfReport {
  /** The sender that was asked about. */
  readonly sender: string;
  readonly answer: SpfAnswer;
  readonly judgement?: PassJudgement;
  /** The evidence of the last client with this result, which sends many messages. */
  latest?: Latest;
}

/** Requests that wait for SPF, by sender domain: its operator can make its name server slow. */
const SPF_WAITING: WaitingLimits = { all: 50, perKey: 4 };

/** Requests that wait for DNS lists; together with SPF's fewer than Postfix has processes. */
const LISTS_WAITING: WaitingLimits = { all: 40, perKey: 40 };

/** Signals that an SPF pass by a narrow record offsets, except for an access line. */
const OFFSET_BY_SPF: ReadonlySet<Signal> = new Set(["generic-name"]);

export class EvidenceService {
  readonly #resolver: Resolver & ListResolver;
  readonly #events: EvidenceEvents;
  readonly #findWellKnown: FindWellKnown;
  readonly #clock: () => number;
  readonly #waitingForSpf = new Waiting(SPF_WAITING);
  readonly #waitingForLists = new Waiting(LISTS_WAITING);
  /** Networks of addresses that DNS lists named lately. */
  readonly #listedNetworks: ExpiringCache<true>;
  #background: Scheduler<SpfReport>;
  #spf!: ExpiringCache<SpfReport>;
  #judge!: PassJudge;
  #settings: EvidenceSettings;
  #lists: DnsLists;

  /**
   * @param findWellKnown the well-known sender that a record's domain belongs to.
   * @param clock milliseconds, above 0 and never decreasing.
   */
  constructor(
    resolver: Resolver & ListResolver,
    settings: EvidenceSettings,
    events: EvidenceEvents,
    findWellKnown: FindWellKnown,
    clock: () => number = () => performance.now(),
  ) {
    this.#resolver = resolver;
    this.#settings = settings;
    this.#events = events;
    this.#findWellKnown = findWellKnown;
    this.#clock = clock;
    this.#background = new Scheduler(() => events.dropped(), settings.background);
    this.#lists = this.#listsOf(settings);
    this.#listedNetworks = new ExpiringCache(MAX_CACHED, () => 1, clock);
    this.#forget();
  }

  /** Takes new settings, and forgets what was looked up by the old ones. */
  configure(settings: EvidenceSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#lists = this.#listsOf(settings);
    this.#forget();
    if (before.background.startPause !== settings.background.startPause) {
      this.#background.stop();
      this.#background = new Scheduler(() => this.#events.dropped(), settings.background);
    }
  }

  #forget(): void {
    this.#spf = new ExpiringCache(MAX_CACHED, sizeOf, this.#clock);
    this.#judge = new PassJudge(this.#settings.breadth, this.#findWellKnown, this.#clock);
  }

  /** The DNS lists that were tested so far. */
  get lists(): readonly ZoneHealth[] {
    return this.#lists.health;
  }

  /** Evidence for which no query is needed; undefined if one is. */
  known(attempt: Attempt): Report | undefined {
    if (this.#settings.dnsLists.length > 0) return undefined;
    if (!this.#settings.spf) return this.#reportOf(attempt, undefined, NOT_LISTED, []);
    const spf = this.#cachedSpf(attempt);
    if (spf === undefined) return undefined;
    const { clientName, sender } = attempt;
    const isNullSender = sender === "";
    let { latest } = spf;
    if (latest?.clientName !== clientName || latest.isNullSender !== isNullSender) {
      const report = this.#reportOf(attempt, spf, NOT_LISTED, []);
      spf.latest = latest = { clientName, isNullSender, report };
    }
    return latest.report;
  }

  /** The result that a cache knows, or that follows from what it knows. */
  #cachedSpf(attempt: Attempt): SpfReport | undefined {
    if (!this.#settings.spf) return undefined;
    const key = keyOf(attempt);
    const known = this.#spf.get(key);
    if (known !== undefined) return known;
    const { sender, heloName, identity } = attempt;
    // For check_host() a sender without "@" is a domain (RFC 7208, 4.3), for SMTP it is a local part.
    const helo = identity === "" ? "" : heloName;
    const asked = identity === "" ? "" : sender;
    const answer = knownNone({ sender: asked, helo, resolver: this.#resolver });
    if (answer === undefined) return undefined;
    const report: SpfReport = { sender, answer };
    this.#spf.set(key, report, lifetimeOf(answer.result));
    return report;
  }

  /**
   * Evidence within `dnsWait`. An answer that is late is missing and hides no other; where too many
   * requests wait, nothing is asked that the cache does not know.
   */
  async gather(
    attempt: Attempt,
    { freshLists = false }: { readonly freshLists?: boolean } = {},
  ): Promise<Report> {
    const known = this.#cachedSpf(attempt);
    const { dnsLists, spf, dnsWait } = this.#settings;
    const isNeeded = dnsLists.length > 0 || spf && known === undefined;
    if (!isNeeded) return this.#reportOf(attempt, known, NOT_LISTED, []);
    return await within(dnsWait, async (signal) => {
      const [found, answers] = await Promise.all([
        spf ? known ?? this.#inTime(attempt, signal) : undefined,
        this.#listsInTime(attempt, signal, freshLists),
      ]);
      const listings = this.#judgeListings(answers);
      if (listings.isListed) {
        this.#listedNetworks.set(neighbourhoodOf(attempt), true, NEIGHBOUR_LIFETIME);
      }
      return this.#reportOf(attempt, found, listings, answers.listed);
    });
  }

  /** The DNS lists before the signal ends; no answer where too many requests wait for them. */
  async #listsInTime(
    attempt: Attempt,
    signal: AbortSignal,
    isFresh: boolean,
  ): Promise<ListAnswers> {
    if (this.#settings.dnsLists.length === 0) return NO_LIST_ANSWERS;
    const leave = this.#waitingForLists.enter("");
    if (leave === undefined) return NO_LIST_ANSWERS;
    try {
      return await this.#lists.find(attempt.address, signal, isFresh);
    } finally {
      leave();
    }
  }

  /** SPF before the signal ends; the lookup itself goes on, for the retry. */
  async #inTime(attempt: Attempt, signal: AbortSignal): Promise<SpfReport | undefined> {
    const leave = this.#waitingForSpf.enter(attempt.senderDomain ?? attempt.identity);
    if (leave === undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<SpfReport>();
    this.#background.add(
      keyOf(attempt),
      (own) => this.#lookUpSpf(attempt, own),
      resolve,
      true,
    );
    try {
      const found = await until(promise, signal);
      return isFor(found, attempt) ? found : undefined;
    } catch {
      return undefined;
    } finally {
      leave();
    }
  }

  /**
   * Looks up SPF without a request that waits.
   *
   * @param callback receives the evidence; it is not called if the lookup fails or is dropped.
   */
  gatherInBackground(attempt: Attempt, callback: (report: Report) => void): void {
    if (!this.#settings.spf) return;
    const tell = (found: SpfReport) => {
      if (isFor(found, attempt)) callback(this.#reportOf(attempt, found, NOT_LISTED, []));
    };
    const known = this.#cachedSpf(attempt);
    if (known !== undefined) tell(known);
    else this.#background.add(keyOf(attempt), (own) => this.#lookUpSpf(attempt, own), tell);
  }

  /** Aborts background lookups. */
  stop(): void {
    this.#background.stop();
  }

  async #lookUpSpf(attempt: Attempt, signal: AbortSignal): Promise<SpfReport> {
    const question = {
      ip: attempt.ip,
      helo: attempt.heloName,
      sender: attempt.sender,
      resolver: this.#resolver,
      signal,
    };
    const answer = await checkHost({ ...question, receiver: this.#settings.receiver });
    const judgement = answer.result === "pass"
      ? await this.#judge.judge(answer, question)
      : undefined;
    const report: SpfReport = {
      sender: attempt.sender,
      answer,
      ...(judgement === undefined ? {} : { judgement }),
    };
    if (!answer.isForSenderOnly) {
      this.#spf.set(keyOf(attempt), report, lifetimeOf(answer.result));
    }
    return report;
  }

  #judgeListings({ listed, hasAnswer }: ListAnswers): Listings {
    const { threshold, listed: fallback } = this.#settings;
    const score = listed.reduce((sum, { weight }) => sum + weight, 0);
    const bad = listed.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
    const good = listed.filter(({ weight }) => weight < 0).sort((a, b) => a.weight - b.weight);
    const isListed = bad.length > 0 && score >= threshold;
    const isTrusted = good.length > 0 && score <= -threshold;
    const actions = bad.map(({ action = fallback }) => action);
    const action = LISTED_ACTIONS.find((one) => actions.includes(one)) ?? "accept";
    const zone = (isTrusted ? good : bad)[0]?.zone;
    return { isListed, action, isTrusted, hasAnswer, ...(zone === undefined ? {} : { zone }) };
  }

  #reportOf(
    attempt: Attempt,
    spf: SpfReport | undefined,
    listings: Listings,
    listed: readonly DnsList[],
  ): Report {
    const { weights, ours } = this.#settings;
    const { answer, judgement } = spf ?? {};
    const identifies = judgement?.identifies === true;
    // The owner of a record can authorise a botnet: a wide one, or a line's name, shows no server.
    const isServer = judgement?.isNarrow === true && !attempt.isAccessLine;
    const signals: Signal[] = clientSignals(attempt, ours)
      .filter((signal) => !(isServer && OFFSET_BY_SPF.has(signal)));
    if (answer?.result === "fail") signals.push("spf-fail");
    if (answer?.result === "softfail") signals.push("spf-softfail");
    if (isUnclaimed(attempt, answer)) signals.push("spf-none");
    if (!listings.isListed && this.#listedNetworks.get(neighbourhoodOf(attempt)) === true) {
      signals.push("listed-neighbour");
    }
    const weighed = [
      ...signals.map((what) => ({ what, weight: weights[what] })),
      ...listed.map(({ zone, weight }) => ({ what: zone, weight })),
    ];
    return {
      spf: outcomeOf(answer?.result),
      ...(identifies ? { spfDomain: answer!.domain, isNarrow: judgement.isNarrow } : {}),
      ...(judgement?.via === undefined ? {} : { via: judgement.via }),
      ...(judgement?.wellKnown === undefined ? {} : { wellKnown: judgement.wellKnown }),
      listings,
      suspicionScore: weighed.reduce((sum, { weight }) => sum + weight, 0),
      ...(answer === undefined ? {} : { spfAnswer: answer }),
      ...(judgement?.why === undefined ? {} : { weakness: judgement.why }),
      weighed,
      isPartial: this.#settings.spf && answer === undefined,
    };
  }

  #listsOf({ dnsLists }: EvidenceSettings): DnsLists {
    return new DnsLists(
      dnsLists,
      this.#resolver,
      (health) => this.#events.listState(health),
      this.#clock,
    );
  }
}

/**
 * Whether nothing shows that the client may send for the sender's domain: SPF has no record, or says
 * nothing (RFC 7208, 8.2), and the client's name is not of that domain. Few hosts publish a record for
 * the name in their HELO, so that it is not expected of the null sender.
 */
function isUnclaimed(
  { sender, organisation, senderDomain }: Attempt,
  answer: SpfAnswer | undefined,
): boolean {
  if (answer?.result !== "none" && answer?.result !== "neutral") return false;
  return sender !== "" && (organisation === undefined || organisation !== senderDomain);
}

/** The IPv4 /24 or IPv6 /64 of a client, as a key. */
function neighbourhoodOf({ address: { family, bytes } }: Attempt): string {
  return bytes.slice(0, family === 4 ? 3 : 8).join(".");
}

function outcomeOf(result: SpfResult | undefined): SpfOutcome {
  switch (result) {
    case "pass":
    case "fail":
    case "softfail":
    case "neutral":
    case "none":
      return result;
    case "permerror":
      // A broken record says nothing (RFC 7208, 2.6.7), and no later lookup changes that.
      return "none";
    default:
      return "unknown";
  }
}

/** SPF answers hold text of records. */
function sizeOf({ answer }: SpfReport): number {
  const { error = "", explanation = "", path } = answer;
  return sizeOfText(
    path.reduce((length, { term }) => length + term.text.length, error.length) +
      explanation.length,
  );
}

/** Whether a result holds for an attempt with the same key. */
function isFor({ answer, sender }: SpfReport, attempt: Attempt): boolean {
  return !answer.isForSenderOnly || sender === attempt.sender;
}

/** SPF depends on the client, its HELO and its sender's domain; on a local part in few records only. */
function keyOf({ ip, identity, heloName }: Attempt): string {
  return `${ip} ${identity} ${heloName}`;
}
