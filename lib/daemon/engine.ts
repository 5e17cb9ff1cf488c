/**
 * The way of a request: recall, decide, remember, reply. Whatever breaks, the mail passes.
 *
 * @module
 */
import { inheritState } from "../greylist/inherit_state.ts";
import {
  type Attempt,
  keysOf,
  type Listing,
  makeAttempt,
  type Subject,
  subjectOf,
  UNLISTED,
} from "../greylist/attempt.ts";
import { decide, precheck } from "../greylist/decide.ts";
import { NO_EVIDENCE } from "../greylist/evidence.ts";
import { WorkingMemory } from "../greylist/memory.ts";
import type { Rules } from "../greylist/rules.ts";
import type { MessageRecord, Verdict } from "../greylist/model.ts";
import type { Target } from "../lists/matcher.ts";
import { parseAddress } from "../net/network.ts";
import { DUNNO, type ReplySettings } from "../postfix/reply.ts";
import type { PolicyRequest } from "../postfix/request.ts";
import { DatabaseError } from "../store/database_error.ts";
import type { GreylistStore, Recalled, StoredEntry } from "../store/store.ts";
import type { EvidenceService, Report } from "../evidence/service.ts";
import type { EventLog } from "./event_log.ts";
import { type ListedRule, listingOf, type Lists, nameRule } from "./lists.ts";
import { Outbound } from "./outbound.ts";
import { replyTo } from "./reply_to.ts";

/** What the administrator says about decisions and replies. */
export interface EngineSettings {
  /** The rules of the decision. */
  readonly rules: Rules;
  /** The texts of the replies. */
  readonly reply: ReplySettings;
  /** Whether a request may bring its own time as `policy_test_time`. */
  readonly acceptTestTime: boolean;
}

interface Job {
  readonly request: PolicyRequest;
  readonly attempt: Attempt;
  readonly listing: Listing;
  subject: Subject;
  evidence?: Report;
  readonly now: number;
  readonly released: StoredEntry | undefined;
  readonly resolve: (reply: string) => void;
  outcome?: Verdict | "ask";
}

/** So many requests share one transaction at most, so that the first does not wait for long. */
const MAX_BATCH = 32;

/** So many transactions follow one another without a turn of the loop for everything else. */
const MAX_BATCHES = 4;

/** So many messages are remembered whose recipients may still be coming. */
const MAX_MESSAGES = 10_000;

/** Answers requests. */
export class Engine {
  readonly #store: GreylistStore;
  readonly #lists: Lists;
  readonly #gatherer: EvidenceService;
  readonly #outbound: Outbound;
  readonly #journal: EventLog;
  readonly #clock: () => number;
  #settings: EngineSettings;
  #queue: Job[] = [];
  #running = false;
  #latest = 0;
  readonly #messages = new Map<string, MessageRecord>();

  /** An engine on a store; `clock` tells milliseconds since the epoch. */
  constructor(
    store: GreylistStore,
    lists: Lists,
    gatherer: EvidenceService,
    settings: EngineSettings,
    journal: EventLog,
    clock: () => number = Date.now,
  ) {
    this.#store = store;
    this.#lists = lists;
    this.#gatherer = gatherer;
    this.#outbound = new Outbound(store);
    this.#settings = settings;
    this.#journal = journal;
    this.#clock = clock;
  }

  /** Takes new settings, from the next request on. */
  configure(settings: EngineSettings): void {
    this.#settings = settings;
  }

  /**
   * The time by which things expire, in milliseconds since the epoch: the clock, or where requests
   * bring their own time, the latest that was brought.
   */
  get time(): number {
    return this.#settings.acceptTestTime ? this.#latest : this.#clock();
  }

  /** Answers one request with a reply ready to send. Never rejects. */
  answer(request: PolicyRequest): Promise<string> {
    try {
      const attempt = attemptOf(request);
      if (attempt === undefined) {
        const verdict: Verdict = { decision: "pass", reason: "out-of-scope" };
        this.#journal.decision(request, verdict, this.#timeOf(request));
        return Promise.resolve(DUNNO);
      }
      const { spfDomains } = this.#lists;
      // Nobody waits whom no list could help or harm: own users, this machine, other stages.
      const isListed = spfDomains.length > 0 &&
        precheck(attempt, this.#settings.rules, UNLISTED) === undefined;
      if (!isListed) return this.#answerTo(request, attempt);
      const authorisedBy = this.#gatherer.authorisedBy(attempt.address, spfDomains);
      if (authorisedBy !== undefined) return this.#answerTo(request, attempt, authorisedBy);
      return this.#gatherer.authorise(attempt.address, spfDomains).then(
        (found) => this.#answerTo(request, attempt, found),
      ).catch((error) => this.#failOpen(request, error));
    } catch (error) {
      return Promise.resolve(this.#failOpen(request, error));
    }
  }

  /** Ends the work that no request waits for. */
  settle(): void {
    this.#gatherer.stop();
    this.#outbound.settle();
  }

  #failOpen(request: PolicyRequest, error: unknown): string {
    this.#journal.bug(error);
    this.#journal.failedOpen(request);
    return DUNNO;
  }

  #answerTo(
    request: PolicyRequest,
    attempt: Attempt,
    authorisedBy?: ReadonlySet<string>,
  ): Promise<string> {
    const { rules, reply } = this.#settings;
    const now = this.#timeOf(request);
    const target = authorisedBy === undefined ? attempt : { ...attempt, authorisedBy };
    const { listing, rule } = this.#listingOf(target, now);
    const verdict = precheck(attempt, rules, listing);
    if (verdict !== undefined) {
      // Nothing has to be looked up, so nothing has to be waited for.
      const isByRule = rule !== undefined && isByList(verdict);
      if (isByRule) this.#lists.hit(rule, now);
      const told = isByRule ? { ...verdict, by: nameRule(rule) } : verdict;
      if (verdict.reason === "authenticated" && rules.learnOutbound) {
        this.#outbound.learn(attempt, now);
      }
      this.#journal.decision(request, told, now);
      return Promise.resolve(replyTo(told, attempt, reply, now));
    }
    const evidence = this.#gatherer.isActive ? this.#gatherer.known(attempt) : NOTHING_TO_LEARN;
    const subject = subjectOf(attempt, rules, evidence);
    const released = this.#lists.released(subject.sender, subject.recipient, now);
    const told = released === undefined ? listing : { ...listing, released: true };
    return new Promise((resolve) => {
      const job: Job = { request, attempt, listing: told, subject, now, released, resolve };
      if (evidence !== undefined) job.evidence = evidence;
      this.#enqueue(job);
    });
  }

  #enqueue(job: Job): void {
    this.#queue.push(job);
    if (this.#running) return;
    this.#running = true;
    // Runs after every request that arrived in this turn has been queued; no timer is involved.
    queueMicrotask(() => this.#run());
  }

  #listingOf(attempt: Attempt & Target, now: number): { listing: Listing; rule?: ListedRule } {
    // Other stages are out of scope whatever the lists say.
    if (attempt.stage !== "RCPT" && attempt.stage !== "DATA") return { listing: UNLISTED };
    const finding = this.#lists.find(attempt, now);
    const rule = finding.decisive?.rule;
    return { listing: listingOf(finding), ...(rule === undefined ? {} : { rule }) };
  }

  #timeOf(request: PolicyRequest): number {
    const given = this.#settings.acceptTestTime ? request.get("policy_test_time") : undefined;
    const now = given !== undefined && /^\d{1,11}$/.test(given)
      ? Number(given) * 1000
      : this.#clock();
    this.#latest = Math.max(this.#latest, now);
    return now;
  }

  #run(): void {
    for (let batches = 0; this.#queue.length > 0; batches++) {
      if (batches === MAX_BATCHES) {
        // Answers get out, and others get in, before a eviction is served to its last.
        setTimeout(() => this.#run(), 0);
        return;
      }
      this.#settle(this.#queue.splice(0, MAX_BATCH));
    }
    this.#running = false;
  }

  /** Never throws. */
  #settle(jobs: readonly Job[]): void {
    const { rules } = this.#settings;
    let messages: ReadonlyMap<string, MessageRecord> = new Map();
    try {
      this.#store.exchange(jobs.flatMap((job) => keysOf(job.subject)), (recalled) => {
        const memory = this.#judge(jobs, recalled, rules);
        messages = memory.messages();
        return memory.stored();
      });
    } catch (error) {
      this.#fail(jobs, error);
      return;
    }
    this.#answerAll(jobs, messages);
  }

  #answerAll(jobs: readonly Job[], messages: ReadonlyMap<string, MessageRecord>): void {
    for (const [key, record] of messages) this.#rememberMessage(key, record);
    for (const job of jobs) {
      const { request, attempt, outcome, now, released, resolve } = job;
      if (outcome === undefined) {
        this.#journal.failedOpen(request, now);
        resolve(DUNNO);
        continue;
      }
      if (outcome === "ask") {
        this.#ask(job);
        continue;
      }
      const isByRelease = released !== undefined && outcome.reason === "allowed";
      if (isByRelease) this.#lists.hit(released, now);
      const verdict = isByRelease ? { ...outcome, by: `entry:${released.id}` } : outcome;
      resolve(replyTo(verdict, attempt, this.#settings.reply, now));
      this.#journal.decision(request, verdict, now);
      if (job.evidence === undefined && isLearntOf(verdict)) this.#learn(job);
    }
  }

  /** The answer of DNS decides: the request waits for it, and is decided once more. */
  #ask(job: Job): void {
    this.#gatherer.gather(job.attempt).then((evidence) => {
      job.evidence = evidence;
      job.subject = subjectOf(job.attempt, this.#settings.rules, evidence);
      this.#enqueue(job);
    }).catch((error) => job.resolve(this.#failOpen(job.request, error)));
  }

  /** DNS decides nothing now: what it says is kept for the next host of the same domain. */
  #learn({ attempt, now }: Job): void {
    this.#gatherer.inBackground(attempt, (evidence) => {
      if (evidence.spfDomain === undefined) return;
      const { rules } = this.#settings;
      const subject = subjectOf(attempt, rules, evidence);
      try {
        this.#store.exchange(
          subject.triplets,
          ({ triplets, origins }) =>
            inheritState(subject, new WorkingMemory(triplets, origins), rules, now),
        );
      } catch (error) {
        // A fault of the store was told by the store itself.
        if (!(error instanceof DatabaseError)) this.#journal.bug(error);
      }
    });
  }

  #fail(jobs: readonly Job[], error: unknown): void {
    // A fault of the store was told by the store itself.
    if (!(error instanceof DatabaseError)) this.#journal.bug(error);
    for (const job of jobs) {
      this.#journal.failedOpen(job.request, job.now);
      job.resolve(DUNNO);
    }
  }

  #judge(jobs: readonly Job[], recalled: Recalled, rules: Rules): WorkingMemory {
    const memory = new WorkingMemory(
      recalled.triplets,
      recalled.origins,
      (key) => this.#messages.get(key),
    );
    for (const job of jobs) {
      delete job.outcome;
      try {
        const decision = decide(job, memory, rules, job.now);
        if ("ask" in decision) {
          job.outcome = "ask";
        } else {
          memory.apply(decision.changes);
          job.outcome = decision.verdict;
        }
      } catch (error) {
        this.#journal.bug(error);
      }
    }
    return memory;
  }

  #rememberMessage(key: string, record: MessageRecord): void {
    this.#messages.delete(key);
    this.#messages.set(key, record);
    if (this.#messages.size <= MAX_MESSAGES) return;
    const [oldest] = this.#messages.keys();
    this.#messages.delete(oldest!);
  }
}

/** Where nothing is to be learnt, nothing is asked for. */
const NOTHING_TO_LEARN: Report = { ...NO_EVIDENCE, weighed: [] };

/** Whether it is worth knowing for which domain the client of this verdict speaks. */
function isLearntOf({ reason }: Verdict): boolean {
  return reason === "new" || reason === "early" || reason === "retried";
}

/** Whether it was an entry of a list that decided. */
function isByList({ reason }: Verdict): boolean {
  return reason === "allowed" || reason === "blocked";
}

/** The attempt that a request is about, or undefined if it is about none that can be decided. */
export function attemptOf(request: PolicyRequest): Attempt | undefined {
  if (request.get("request") !== "smtpd_access_policy") return undefined;
  const address = parseAddress(request.get("client_address") ?? "");
  if (address === undefined) return undefined;
  return makeAttempt({
    stage: request.get("protocol_state") ?? "",
    authenticated: (request.get("sasl_username") ?? "") !== "",
    address,
    clientName: request.get("client_name") ?? "",
    heloName: request.get("helo_name") ?? "",
    sender: request.get("sender") ?? "",
    recipient: request.get("recipient") ?? "",
    instance: request.get("instance") ?? "",
  });
}
