/** Lists of addresses in DNS: DNSBL and DNSWL (RFC 5782). */
import type { IpAddress } from "../net/network.ts";
import { reversedAddress } from "../spf/domain.ts";
import { HOUR } from "../text/duration.ts";
import { ExpiringCache } from "./cache.ts";

/** The treatment of a retry from a client that a list names, the strictest first. */
export const LISTED_ACTIONS = ["reject", "defer", "accept"] as const;

export type ListedAction = typeof LISTED_ACTIONS[number];

export interface DnsList {
  readonly zone: string;
  /** The answers that count: the lowest and highest value of each number; absent for all. */
  readonly answers?: readonly (readonly [low: number, high: number])[];
  /** Added to the suspicion score; below 0 for a list of good senders. */
  readonly weight: number;
  /** Absent for the setting `listed`. */
  readonly action?: ListedAction;
}

/** The weight of a list without one: enough for a listing to count by itself. */
const DEFAULT_WEIGHT = 3;

const LIST =
  /^([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)(?:=([0-9.[\]]+))?(?:\*(-?\d{1,3}))?(?::(reject|defer|accept))?$/;

function answersOf(text: string): readonly (readonly [number, number])[] | undefined {
  const parts = text.match(/\[\d+\.\.\d+\]|\d+/g) ?? [];
  if (parts.length !== 4 || parts.join(".") !== text) return undefined;
  const ranges = parts.map((part) => {
    const [low, high = low] = part.match(/\d+/g)!.map(Number);
    return [low!, high!] as const;
  });
  return ranges.every(([low, high]) => low <= high && high <= 255) ? ranges : undefined;
}

/**
 * Parses a list in the notation of Postfix's postscreen_dnsbl_sites, with an action behind it: `zone`,
 * `zone=127.0.0.[2..11]`, `zone=127.0.0.2*3`, `zone*-3`, `zone=127.0.0.10:accept`.
 *
 * @returns undefined if the text is invalid.
 */
export function parseDnsList(text: string): DnsList | undefined {
  const match = LIST.exec(text);
  if (match === null) return undefined;
  const [, zone, filter, weight = DEFAULT_WEIGHT, action] = match;
  const answers = filter === undefined ? undefined : answersOf(filter);
  if (filter !== undefined && answers === undefined) return undefined;
  return {
    zone: zone!.toLowerCase(),
    weight: Number(weight),
    ...(answers === undefined ? {} : { answers }),
    ...(action === undefined ? {} : { action: action as ListedAction }),
  };
}

/** The name by which a list is asked about an address (RFC 5782, 2.1 and 2.4). */
export function listedName(address: IpAddress, zone: string): string {
  return `${reversedAddress(address)}.${zone}`;
}

/** The answers of a list that refuses to serve this resolver. */
const REFUSAL = "127.255.255.";

/** An answer of a list; the new owner of an abandoned domain answers with real addresses. */
const ANSWER = /^127\./;

export type Listed = "listed" | "unlisted" | "broken";

/** The listing that the answers of a list mean. */
export function judgeAnswers(
  { answers: filter }: Pick<DnsList, "answers">,
  answers: readonly string[],
): Listed {
  if (answers.some((answer) => answer.startsWith(REFUSAL) || !ANSWER.test(answer))) {
    return "broken";
  }
  const isListed = answers.some((answer) => {
    const numbers = answer.split(".").map(Number);
    return filter === undefined ||
      filter.every(([low, high], at) => numbers[at]! >= low && numbers[at]! <= high);
  });
  return isListed ? "listed" : "unlisted";
}

/** The test addresses of a list (RFC 5782, 5). */
const NEVER_LISTED: IpAddress = { family: 4, bytes: [127, 0, 0, 1] };
const ALWAYS_LISTED: IpAddress = { family: 4, bytes: [127, 0, 0, 2] };

/** Milliseconds between two tests of a list. */
const TEST_PERIOD = HOUR;

/** The part of a resolver that lists need. */
export interface ListResolver {
  a(name: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** The same, but not from the cache. */
  aAfresh(name: string, signal?: AbortSignal): Promise<readonly string[]>;
}

/**
 * The state of a zone: it works; it lacks its test entry and has named nobody yet; or it answers so
 * that nothing it says can count.
 */
export const ZONE_STATES = ["works", "unproven", "disabled"] as const;

export type ZoneState = typeof ZONE_STATES[number];

export interface ZoneHealth {
  readonly zone: string;
  readonly state: ZoneState;
  /** Why it does not work; absent if it does. */
  readonly why?: string;
}

interface ZoneTest {
  /** Milliseconds, by the clock. */
  readonly at: number;
  readonly result: Promise<ZoneHealth>;
}

/** The answer of one list about an address. */
export interface ListAnswer {
  readonly list: DnsList;
  /** Absent where the zone is disabled, or did not answer in time. */
  readonly result?: Listed;
  readonly answers: readonly string[];
}

/** The answers of the lists about one address. */
export interface ListAnswers {
  /** The lists that name it. */
  readonly listed: readonly DnsList[];
  /** At least one DNSBL works and answered in time. */
  readonly hasAnswer: boolean;
}

export const NO_LIST_ANSWERS: ListAnswers = { listed: [], hasAnswer: false };

/** An answer younger than this is fresh, in milliseconds: a flood of retries asks once. */
const FRESH_PERIOD = 30_000;

/** Addresses whose last fresh answer is remembered. */
const MAX_FRESH = 10_000;

/** Lists that are asked together. A zone that fails its test is not asked for an hour. */
export class DnsLists {
  readonly #lists: readonly DnsList[];
  readonly #resolver: ListResolver;
  readonly #report: (health: ZoneHealth) => void;
  readonly #clock: () => number;
  readonly #tests = new Map<string, ZoneTest>();
  readonly #health = new Map<string, ZoneHealth>();
  /** Names that were asked afresh within the last period. */
  readonly #fresh: ExpiringCache<true>;

  /**
   * @param report is called when the state of a zone changes.
   * @param clock milliseconds, above 0 and never decreasing.
   */
  constructor(
    lists: readonly DnsList[],
    resolver: ListResolver,
    report: (health: ZoneHealth) => void,
    clock: () => number = () => performance.now(),
  ) {
    this.#lists = lists;
    this.#resolver = resolver;
    this.#report = report;
    this.#clock = clock;
    this.#fresh = new ExpiringCache(MAX_FRESH, () => 1, clock);
  }

  /** The zones that were tested. */
  get health(): readonly ZoneHealth[] {
    return [...this.#health.values()];
  }

  /**
   * Asks all lists about an address. A list that does not answer before the signal ends names nobody,
   * and hides no other's answer.
   *
   * @param isFresh asks the servers and not the cache, once in {@linkcode FRESH_PERIOD}.
   */
  async find(address: IpAddress, signal: AbortSignal, isFresh = false): Promise<ListAnswers> {
    const found = await this.askEach(address, signal, isFresh);
    return {
      listed: found.filter(({ result }) => result === "listed").map(({ list }) => list),
      hasAnswer: found.some(({ list: { weight, zone }, result }) =>
        weight > 0 && result !== undefined && this.#health.get(zone)?.state === "works"
      ),
    };
  }

  /** Asks as {@linkcode find} does, and returns what each list says, in their order. */
  async askEach(
    address: IpAddress,
    signal: AbortSignal,
    isFresh = false,
  ): Promise<readonly ListAnswer[]> {
    const asked = new Map<string, Promise<readonly string[] | undefined>>();
    const answers = await Promise.all(this.#lists.map((list) => {
      let answer = asked.get(list.zone);
      if (answer === undefined) {
        answer = this.#ask(list.zone, address, signal, isFresh);
        asked.set(list.zone, answer);
      }
      return answer;
    }));
    return this.#lists.map((list, at): ListAnswer => {
      const result = this.#judge(list, answers[at]);
      return { list, answers: answers[at] ?? [], ...(result === undefined ? {} : { result }) };
    });
  }

  #judge(list: DnsList, answers: readonly string[] | undefined): Listed | undefined {
    if (answers === undefined) return undefined;
    const result = judgeAnswers(list, answers);
    if (result === "broken") {
      this.#disable(list.zone, `it answers ${answers.join(", ")}`);
      return undefined;
    }
    if (result === "listed" && this.#health.get(list.zone)?.state === "unproven") {
      this.#setHealth({ zone: list.zone, state: "works" });
    }
    return result;
  }

  /** The answers of a zone; undefined if there are none in time or the zone is disabled. */
  async #ask(
    zone: string,
    address: IpAddress,
    signal: AbortSignal,
    isFresh: boolean,
  ): Promise<readonly string[] | undefined> {
    try {
      const name = listedName(address, zone);
      const isStale = isFresh && this.#fresh.get(name) === undefined;
      if (isStale) this.#fresh.set(name, true, FRESH_PERIOD);
      const [answers, { state }] = await Promise.all([
        isStale ? this.#resolver.aAfresh(name, signal) : this.#resolver.a(name, signal),
        this.test(zone, signal),
      ]);
      return state === "disabled" ? undefined : answers;
    } catch {
      return undefined;
    }
  }

  /** Tests a zone as RFC 5782, 5 says; the result holds for an hour. */
  test(zone: string, signal?: AbortSignal): Promise<ZoneHealth> {
    const test = this.#tests.get(zone);
    if (test !== undefined && this.#clock() - test.at < TEST_PERIOD) return test.result;
    const result = this.#testNow(zone, signal).catch((): ZoneHealth => {
      // The next question tests again.
      if (this.#tests.get(zone)?.result === result) this.#tests.delete(zone);
      return { zone, state: "unproven", why: "its test addresses could not be looked up" };
    });
    this.#tests.set(zone, { at: this.#clock(), result });
    return result;
  }

  async #testNow(zone: string, signal?: AbortSignal): Promise<ZoneHealth> {
    const [never, always] = await Promise.all([
      this.#resolver.a(listedName(NEVER_LISTED, zone), signal),
      this.#resolver.a(listedName(ALWAYS_LISTED, zone), signal),
    ]);
    if (never.length > 0) {
      return this.#disable(zone, `it lists 127.0.0.1, which no list may (${never.join(", ")})`);
    }
    if (judgeAnswers({}, always) === "broken") {
      return this.#disable(zone, `it answers ${always.join(", ")}`);
    }
    if (always.length > 0) return this.#setHealth({ zone, state: "works" });
    const known = this.#health.get(zone);
    if (known?.state === "works") return known;
    const why = "it does not list its test address 127.0.0.2. It counts as working once it lists " +
      "a client";
    return this.#setHealth({ zone, state: "unproven", why });
  }

  #disable(zone: string, why: string): ZoneHealth {
    const health: ZoneHealth = { zone, state: "disabled", why };
    this.#tests.set(zone, { at: this.#clock(), result: Promise.resolve(health) });
    return this.#setHealth(health);
  }

  #setHealth(health: ZoneHealth): ZoneHealth {
    const before = this.#health.get(health.zone);
    this.#health.set(health.zone, health);
    if (before?.state !== health.state || before.why !== health.why) this.#report(health);
    return health;
  }
}
