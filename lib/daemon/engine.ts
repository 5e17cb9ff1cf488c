/**
 * The path of a request: precheck, lists, one batch with the store, evidence, reply. It fails open:
 * after any error the mail passes.
 *
 * @module
 */
import type { EvidenceService, Report } from "../evidence/service.ts";
import type { ListAuthorisation } from "../evidence/list_authorisation.ts";
import {
  type Attempt,
  keysOf,
  type Listing,
  type Subject,
  subjectOf,
} from "../greylist/attempt.ts";
import {
  decidePrechecked,
  isGreylistStage,
  precheckLists,
  precheckScope,
} from "../greylist/decide.ts";
import { NO_EVIDENCE } from "../greylist/evidence.ts";
import { inheritState } from "../greylist/inherit_state.ts";
import { WorkingMemory } from "../greylist/memory.ts";
import type { MessageRecord, Verdict } from "../greylist/model.ts";
import type { Rules } from "../greylist/rules.ts";
import { DUNNO, type ReplySettings } from "../postfix/reply.ts";
import type { PolicyRequest } from "../postfix/request.ts";
import { DatabaseError } from "../store/database_error.ts";
import type { GreylistStore, Recalled, StoredEntry } from "../store/store.ts";
import { SECOND } from "../text/duration.ts";
import { Batches } from "./batches.ts";
import type { DecisionEvent, ErrorEvent } from "./events.ts";
import { listingOf, type Lists, nameRule } from "./lists.ts";
import { Messages } from "./messages.ts";
import { Outbound } from "./outbound.ts";
import { type ParsedRequest, parseRequest } from "./parsed_request.ts";
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
  subject: Subject;
  evidence?: Report;
  outcome?: Verdict | "ask";
}

const OUT_OF_SCOPE: Verdict = { decision: "pass", reason: "out-of-scope" };
const FAULT: Verdict = { decision: "pass", reason: "fault" };
const NOTHING_TO_GATHER: Report = { ...NO_EVIDENCE, weighed: [] };

export class Engine {
  readonly #store: Pick<GreylistStore, "exchange">;
  readonly #lists: Lists;
  readonly #evidence: EvidenceService;
  readonly #authorisation: ListAuthorisation;
  readonly #outbound: Outbound;
  readonly #publish: (event: DecisionEvent | ErrorEvent) => void;
  readonly #clock: () => number;
  readonly #batches = new Batches<Job>((jobs) => this.#process(jobs));
  readonly #messages = new Messages();
  #settings: EngineSettings;
  #latestTime = 0;

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
    this.#settings = settings;
    this.#publish = publish;
    this.#clock = clock;
  }

  configure(settings: EngineSettings): void {
    this.#settings = settings;
  }

  /**
   * The time by which records expire, in milliseconds since the epoch: the clock, or where requests
   * bring their own time, the latest of these.
   */
  get time(): number {
    return this.#settings.acceptTestTime ? this.#latestTime : this.#clock();
  }

  /** The reply to a request, ready to send. Never rejects. */
  answer(attributes: PolicyRequest): Promise<string> {
    const now = this.#timeOf(attributes);
    let request: ParsedRequest = { attributes, time: now, attempt: undefined };
    try {
      request = parseRequest(attributes, now);
      const { attempt } = request;
      if (attempt === undefined) {
        this.#publish({ kind: "decision", request, verdict: OUT_OF_SCOPE });
        return Promise.resolve(DUNNO);
      }
      const { rules } = this.#settings;
      const verdict = precheckScope(attempt, rules);
      if (verdict !== undefined) {
        if (verdict.reason === "authenticated" && rules.learnOutbound) {
          this.#outbound.learn(attempt, now);
        }
        return Promise.resolve(this.#reply(request, attempt, verdict));
      }
      const { spfDomains } = this.#lists;
      if (spfDomains.length === 0 || !isGreylistStage(attempt, rules)) {
        return this.#checkLists(request, attempt);
      }
      const known = this.#authorisation.known(attempt.address, spfDomains);
      if (known !== undefined) return this.#checkLists(request, attempt, known);
      return this.#authorisation.lookUp(attempt.address, spfDomains)
        .then((found) => this.#checkLists(request, attempt, found))
        .catch((error) => this.#failOpen(request, error));
    } catch (error) {
      return Promise.resolve(this.#failOpen(request, error));
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

  #reply(request: ParsedRequest, attempt: Attempt, verdict: Verdict): string {
    const reply = replyTo(verdict, attempt, this.#settings.reply, request.time);
    this.#publish({ kind: "decision", request, verdict });
    return reply;
  }

  #failOpen(request: ParsedRequest, error: unknown): string {
    this.#reportBug(error);
    this.#publish({ kind: "decision", request, verdict: FAULT });
    return DUNNO;
  }

  #reportBug(error: unknown): void {
    // The store reports its own errors.
    if (!(error instanceof DatabaseError)) this.#publish({ kind: "bug", error });
  }

  /** @param authorisedBy the domains of `spf:` list entries whose SPF record authorises the client. */
  #checkLists(
    request: ParsedRequest,
    attempt: Attempt,
    authorisedBy?: ReadonlySet<string>,
  ): Promise<string> {
    const { rules } = this.#settings;
    const { time: now } = request;
    const target = authorisedBy === undefined ? attempt : { ...attempt, authorisedBy };
    const finding = this.#lists.find(target, now);
    const listing = listingOf(finding);
    const verdict = precheckLists(attempt, rules, listing);
    if (verdict !== undefined) {
      const rule = finding.decisive?.rule;
      if (rule === undefined) return Promise.resolve(this.#reply(request, attempt, verdict));
      this.#lists.hit(rule, now);
      const named = { ...verdict, by: nameRule(rule) };
      return Promise.resolve(this.#reply(request, attempt, named));
    }
    const evidence = this.#evidence.isActive ? this.#evidence.known(attempt) : NOTHING_TO_GATHER;
    const subject = request.subject = subjectOf(attempt, rules, evidence);
    const released = this.#lists.released(subject.sender, subject.recipient, now);
    return new Promise((resolve) => {
      this.#batches.add({
        request,
        attempt,
        listing: released === undefined ? listing : { ...listing, released: true },
        released,
        resolve,
        subject,
        ...(evidence === undefined ? {} : { evidence }),
      });
    });
  }

  /** One transaction for all jobs; each is answered after the commit. Never throws. */
  #process(jobs: readonly Job[]): void {
    let messages: ReadonlyMap<string, MessageRecord> = new Map();
    try {
      this.#store.exchange(jobs.flatMap((job) => keysOf(job.subject)), (recalled) => {
        const memory = this.#decideAll(jobs, recalled);
        messages = memory.messages();
        return memory.stored();
      });
    } catch (error) {
      this.#reportBug(error);
      // Nothing was committed.
      messages = new Map();
      for (const job of jobs) delete job.outcome;
    }
    this.#messages.remember(messages);
    for (const job of jobs) this.#finish(job);
  }

  #decideAll(jobs: readonly Job[], { triplets, origins }: Recalled): WorkingMemory {
    const { rules } = this.#settings;
    const memory = new WorkingMemory(triplets, origins, (key) => this.#messages.get(key));
    for (const job of jobs) {
      delete job.outcome;
      try {
        const decision = decidePrechecked(job, memory, rules, job.request.time);
        if ("ask" in decision) {
          job.outcome = "ask";
        } else {
          memory.apply(decision.changes);
          job.outcome = decision.verdict;
        }
      } catch (error) {
        this.#reportBug(error);
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
      if (outcome === "ask") {
        this.#gather(job);
        return;
      }
      const isByRelease = released !== undefined && outcome.reason === "allowed";
      if (isByRelease) this.#lists.hit(released, request.time);
      const verdict = isByRelease ? { ...outcome, by: `entry:${released.id}` } : outcome;
      resolve(this.#reply(request, attempt, verdict));
    } catch (error) {
      resolve(this.#failOpen(request, error));
      return;
    }
    if (job.evidence === undefined && isWorthGathering(outcome)) this.#gatherInBackground(job);
  }

  /** The request waits for its evidence, and is decided once more. */
  #gather(job: Job): void {
    this.#evidence.gather(job.attempt).then((evidence) => {
      job.evidence = evidence;
      job.subject = job.request.subject = subjectOf(job.attempt, this.#settings.rules, evidence);
      this.#batches.add(job);
    }).catch((error) => job.resolve(this.#failOpen(job.request, error)));
  }

  /** The SPF origin of a stranger, for its retry from another network. */
  #gatherInBackground({ attempt, request }: Job): void {
    this.#evidence.gatherInBackground(attempt, (evidence) => {
      if (evidence.spfDomain === undefined) return;
      const { rules } = this.#settings;
      try {
        const subject = subjectOf(attempt, rules, evidence);
        this.#store.exchange(subject.triplets, ({ triplets, origins }) => {
          const memory = new WorkingMemory(triplets, origins);
          return inheritState(subject, memory, rules, request.time);
        });
      } catch (error) {
        this.#reportBug(error);
      }
    });
  }
}

function isWorthGathering({ reason }: Verdict): boolean {
  return reason === "new" || reason === "early" || reason === "retried";
}
