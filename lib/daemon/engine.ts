/**
 * The path of a request: precheck, lists, one batch with the store, evidence, reply. It fails open:
 * after any error the mail passes.
 *
 * @module
 */
import type { EvidenceService, Report } from "../evidence/service.ts";
import type { ListAuthorisation } from "../evidence/list_authorisation.ts";
import type { Attempt, Listing } from "../greylist/attempt.ts";
import { Clients } from "../greylist/client.ts";
import {
  collectRecipient,
  decide,
  isCollected,
  isGreylistStage,
  learn,
  precheckLists,
  precheckScope,
} from "../greylist/decide.ts";
import { type Memory, NOTHING, WorkingMemory } from "../greylist/memory.ts";
import type { MessageRecord, Question, Verdict } from "../greylist/model.ts";
import type { Rules } from "../greylist/rules.ts";
import { DUNNO, type ReplySettings } from "../postfix/reply.ts";
import type { PolicyRequest } from "../postfix/request.ts";
import type { GreylistStore, StoredEntry } from "../store/store.ts";
import { SECOND } from "../text/duration.ts";
import { Batches } from "./batches.ts";
import { type DecisionEvent, type ErrorEvent, reportBug } from "./events.ts";
import { listingOf, type Lists, nameEntry, nameRule } from "./lists.ts";
import { Messages } from "./messages.ts";
import { Outbound } from "./outbound.ts";
import { noAttempt, type ParsedRequest, parseRequest } from "./parsed_request.ts";
import { replyTo } from "./reply_to.ts";

export interface EngineSettings {
  readonly rules: Rules;
  readonly reply: ReplySettings;
  /** A request may bring its own time as `policy_test_time`. */
  readonly acceptTestTime: boolean;
}

/** An attempt that the prechecks left undecided. */
interface Job {
  readonly request: ParsedRequest;
  readonly attempt: Attempt;
  readonly listing: Listing;
  readonly released: StoredEntry | undefined;
  readonly resolve: (reply: string) => void;
  evidence: Report | undefined;
  /** The DNS lists were asked for this request. */
  listsAreFresh: boolean;
  outcome: Verdict | Question | undefined;
}

const OUT_OF_SCOPE: Verdict = { decision: "pass", reason: "out-of-scope" };
const FAULT: Verdict = { decision: "pass", reason: "fault" };

export class Engine {
  readonly #store: Pick<GreylistStore, "exchange">;
  readonly #lists: Lists;
  readonly #evidence: EvidenceService;
  readonly #authorisation: ListAuthorisation;
  readonly #outbound: Outbound;
  readonly #publish: (event: DecisionEvent | ErrorEvent) => void;
  readonly #clock: () => number;
  readonly #batches = new Batches<Job>((jobs) => this.#process(jobs));
  readonly #clients = new Clients();
  readonly #messages = new Messages();
  /** Secret of this process: which first contacts are samples. */
  readonly #sampleKey = crypto.randomUUID();
  #settings: EngineSettings;
  #latestTime = 0;
  #hasReportedStage = false;

  /** @param clock milliseconds since the epoch. */
  constructor(
    store: Pick<GreylistStore, "exchange">,
    lists: Lists,
    evidence: EvidenceService,
    authorisation: ListAuthorisation,
    settings: EngineSettings,
    publish: (event: DecisionEvent | ErrorEvent) => void,
    clock: () => number = Date.now,
  ) {
    this.#store = store;
    this.#lists = lists;
    this.#evidence = evidence;
    this.#authorisation = authorisation;
    this.#outbound = new Outbound(store);
    this.#settings = this.#withSampleKey(settings);
    this.#publish = publish;
    this.#clock = clock;
  }

  configure(settings: EngineSettings): void {
    this.#settings = this.#withSampleKey(settings);
  }

  #withSampleKey(settings: EngineSettings): EngineSettings {
    return { ...settings, rules: { ...settings.rules, sampleKey: this.#sampleKey } };
  }

  /**
   * The time by which records expire, in milliseconds since the epoch: the clock, or where requests
   * bring their own time, the latest of these.
   */
  get time(): number {
    return this.#settings.acceptTestTime ? this.#latestTime : this.#clock();
  }

  /** The reply to a request, ready to send. Never throws or rejects. */
  answer(attributes: PolicyRequest): string | Promise<string> {
    const now = this.#timeOf(attributes);
    const { rules } = this.#settings;
    let request = noAttempt(attributes, now);
    try {
      if (rules.mode !== "off") {
        request = parseRequest(attributes, now, rules.recipientDelimiter, this.#clients);
      }
      const { attempt } = request;
      if (request.isStageAssumed) this.#reportAssumedStage();
      if (attempt === undefined) {
        this.#publish({ kind: "decision", request, verdict: OUT_OF_SCOPE });
        return DUNNO;
      }
      const verdict = precheckScope(attempt, rules);
      if (verdict !== undefined) {
        if (verdict.reason === "authenticated" && rules.learnOutbound) {
          this.#outbound.learn(attempt, now);
        }
        return this.#reply(request, attempt, verdict);
      }
      const spfDomains = this.#lists.spfDomainsFor(attempt);
      if (spfDomains.length === 0 || !isGreylistStage(attempt, rules)) {
        return this.#checkLists(request, attempt);
      }
      const known = this.#authorisation.known(attempt.ip, spfDomains);
      if (known !== undefined) return this.#checkLists(request, attempt, known);
      return this.#authorisation.lookUp(attempt.ip, spfDomains)
        .then((found) => this.#checkLists(request, attempt, found))
        .catch((error) => this.#failOpen(request, error));
    } catch (error) {
      return this.#failOpen(request, error);
    }
  }

  /** Ends the work that no request waits for. */
  settle(): void {
    this.#evidence.stop();
    this.#outbound.settle();
  }

  #timeOf(attributes: PolicyRequest): number {
    if (!this.#settings.acceptTestTime) return this.#clock();
    const given = attributes.get("policy_test_time");
    const now = given !== undefined && /^\d{1,11}$/.test(given)
      ? Number(given) * SECOND
      : this.#clock();
    this.#latestTime = Math.max(this.#latestTime, now);
    return now;
  }

  #reply(
    request: ParsedRequest,
    attempt: Attempt,
    verdict: Verdict,
    evidence?: Report,
  ): string {
    const reply = replyTo(verdict, attempt, this.#settings.reply, request.time);
    this.#publish({ kind: "decision", request, verdict, evidence });
    return reply;
  }

  #reportAssumedStage(): void {
    if (this.#hasReportedStage) return;
    this.#hasReportedStage = true;
    this.#publish({ kind: "stage-assumed" });
  }

  #failOpen(request: ParsedRequest, error: unknown): string {
    reportBug(error, this.#publish);
    this.#publish({ kind: "decision", request, verdict: FAULT });
    return DUNNO;
  }

  /** @param authorisedBy the domains of `spf:` list entries whose SPF record authorises the client. */
  #checkLists(
    request: ParsedRequest,
    attempt: Attempt,
    authorisedBy?: ReadonlySet<string>,
  ): string | Promise<string> {
    const { rules } = this.#settings;
    const { time: now } = request;
    const target = authorisedBy === undefined ? attempt : { ...attempt, authorisedBy };
    const finding = this.#lists.find(target, now);
    const released = this.#releaseOf(attempt, now);
    const listing = listingOf(finding, released);
    const verdict = precheckLists(attempt, rules, listing);
    if (verdict !== undefined) {
      if (isCollected(attempt, rules) && verdict.decision === "pass") {
        this.#collect(attempt, verdict.reason !== "out-of-scope" || listing.released);
      }
      const rule = finding.decisive?.rule;
      if (rule === undefined) return this.#reply(request, attempt, verdict);
      this.#lists.hit(rule, now);
      const named: Verdict = { ...verdict, by: nameRule(rule), matchedOn: rule.matchOn };
      return this.#reply(request, attempt, named);
    }
    const evidence = this.#evidence.known(attempt);
    return new Promise((resolve) => {
      this.#batches.add({
        request,
        attempt,
        listing,
        released,
        resolve,
        evidence,
        listsAreFresh: false,
        outcome: undefined,
      });
    });
  }

  /** One transaction for all jobs; each is answered after the commit. Never throws. */
  #process(jobs: readonly Job[]): void {
    let messages: ReadonlyMap<string, MessageRecord> = new Map();
    try {
      this.#store.exchange((stored) => {
        const memory = this.#decideAll(jobs, stored);
        messages = memory.messages();
        return memory.stored();
      });
    } catch (error) {
      reportBug(error, this.#publish);
      // Nothing was committed.
      messages = new Map();
      for (const job of jobs) job.outcome = undefined;
    }
    this.#messages.remember(messages);
    for (const job of jobs) this.#finish(job);
  }

  #decideAll(jobs: readonly Job[], stored: Memory): WorkingMemory {
    const { rules } = this.#settings;
    const memory = new WorkingMemory({
      ...stored,
      message: (instance) => this.#messages.get(instance),
    });
    for (const job of jobs) {
      job.outcome = undefined;
      try {
        const decision = decide(job, memory, rules, job.request.time);
        if ("ask" in decision) {
          job.outcome = decision;
        } else {
          memory.apply(decision.changes);
          job.outcome = decision.verdict;
        }
      } catch (error) {
        reportBug(error, this.#publish);
      }
    }
    return memory;
  }

  #finish(job: Job): void {
    const { request, attempt, outcome, released, resolve } = job;
    if (outcome === undefined) {
      this.#publish({ kind: "decision", request, verdict: FAULT });
      resolve(DUNNO);
      return;
    }
    try {
      if ("ask" in outcome) {
        this.#gather(job, outcome);
        return;
      }
      const isByRelease = released !== undefined && outcome.reason === "allowed";
      if (isByRelease) this.#lists.hit(released, request.time);
      const verdict: Verdict = isByRelease
        ? { ...outcome, by: nameEntry(released), matchedOn: "pair" }
        : outcome;
      resolve(this.#reply(request, attempt, verdict, job.evidence));
    } catch (error) {
      resolve(this.#failOpen(request, error));
      return;
    }
    if (isWorthLearning(job.evidence, outcome)) this.#learnInBackground(job);
  }

  /** The request waits for its evidence and is decided once more. */
  #gather(job: Job, { ask }: Question): void {
    const freshLists = ask === "lists";
    this.#evidence.gather(job.attempt, { freshLists }).then((evidence) => {
      job.evidence = evidence;
      job.listsAreFresh = freshLists;
      this.#batches.add(job);
    }).catch((error) => job.resolve(this.#failOpen(job.request, error)));
  }

  /** The evidence about a stranger that did not come in time counts for its retry. */
  #learnInBackground({ attempt, listing, request }: Job): void {
    this.#evidence.gatherInBackground(attempt, (evidence) => {
      const { rules } = this.#settings;
      try {
        this.#store.exchange((memory) =>
          learn({ attempt, listing, evidence }, memory, rules, request.time)
        );
      } catch (error) {
        reportBug(error, this.#publish);
      }
    });
  }

  #releaseOf({ relationKeys }: Attempt, now: number): StoredEntry | undefined {
    const { sender, recipient } = relationKeys[0]!;
    return this.#lists.released(sender, recipient, now);
  }

  /** Remembers a recipient of the null sender until DATA. */
  #collect(attempt: Attempt, isExempt: boolean): void {
    const memory = new WorkingMemory({
      ...NOTHING,
      message: (instance) => this.#messages.get(instance),
    });
    memory.apply(collectRecipient(attempt, memory, isExempt));
    this.#messages.remember(memory.messages());
  }
}

function isWorthLearning(evidence: Report | undefined, { reason }: Verdict): boolean {
  return (evidence === undefined || evidence.isPartial) &&
    (reason === "new" || reason === "early" || reason === "retried");
}
