/** DNS lists of addresses: DNSBL and DNSWL (RFC 5782). */
import type { IpAddress } from "../net/network.ts";
import { dotted } from "../spf/macro.ts";
import type { Resolver } from "../spf/resolver.ts";

export interface DnsList {
  readonly zone: string;
  /** The range of each octet of the answers that count; absent for all answers. */
  readonly answers?: readonly (readonly [low: number, high: number])[];
  /** Added to the suspicion score of a listed client; negative for a DNSWL. */
  readonly weight: number;
}

const LIST = /^([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)(?:=([0-9.[\]]+))?(?:\*(-?\d{1,3}))?$/;

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
 * Parses the notation of Postfix's postscreen_dnsbl_sites: `zone`, `zone=127.0.0.[2..11]`,
 * `zone=127.0.0.2*3`, `zone*-2`. The default weight is 1.
 *
 * @returns undefined for an invalid list.
 */
export function parseDnsList(text: string): DnsList | undefined {
  const match = LIST.exec(text);
  if (match === null) return undefined;
  const [, zone, filter, weight = "1"] = match;
  const answers = filter === undefined ? undefined : answersOf(filter);
  if (filter !== undefined && answers === undefined) return undefined;
  return {
    zone: zone!.toLowerCase(),
    weight: Number(weight),
    ...(answers === undefined ? {} : { answers }),
  };
}

/** The name to query for an address (RFC 5782, sections 2.1 and 2.4). */
export function listedName(address: IpAddress, zone: string): string {
  return `${dotted(address).split(".").reverse().join(".")}.${zone}`;
}

/** The answers of a list that refuses the query, for example through a public resolver. */
const REFUSAL = "127.255.255.";

/** Answers that are no listing: the new owner of an expired list's domain answers with a real address. */
const ANSWER = /^127\./;

export type Listed = "listed" | "unlisted" | "broken";

export function judgeAnswers(list: DnsList, answers: readonly string[]): Listed {
  if (answers.some((answer) => answer.startsWith(REFUSAL) || !ANSWER.test(answer))) {
    return "broken";
  }
  const isListed = answers.some((answer) => {
    const numbers = answer.split(".").map(Number);
    return list.answers === undefined ||
      list.answers.every(([low, high], at) => numbers[at]! >= low && numbers[at]! <= high);
  });
  return isListed ? "listed" : "unlisted";
}

/** The test entry that no list may have (RFC 5782, section 5). */
const NEVER_LISTED: IpAddress = { family: 4, bytes: [127, 0, 0, 1] };

/** Milliseconds between tests of a list. */
const TRIAL_PERIOD = 3_600_000;

/** Queries several lists at once; a list that fails its test is switched off until the next one. */
export class DnsLists {
  readonly #lists: readonly DnsList[];
  readonly #resolver: Resolver;
  readonly #switchedOff: (zone: string, why: string) => void;
  /** Tests by zone; `at` is monotonic. */
  readonly #trials = new Map<string, { readonly at: number; readonly works: Promise<boolean> }>();

  constructor(
    lists: readonly DnsList[],
    resolver: Resolver,
    switchedOff: (zone: string, why: string) => void,
  ) {
    this.#lists = lists;
    this.#resolver = resolver;
    this.#switchedOff = switchedOff;
  }

  /**
   * The lists that name an address; a list that does not answer is left out.
   *
   * @throws {unknown} the signal's reason, if it is aborted.
   */
  async find(address: IpAddress, signal: AbortSignal): Promise<readonly DnsList[]> {
    const found = await Promise.all(
      this.#lists.map((list) => this.#ask(list, address, signal)),
    );
    return this.#lists.filter((_, at) => found[at] === true);
  }

  async #ask(list: DnsList, address: IpAddress, signal: AbortSignal): Promise<boolean> {
    try {
      const [answers, works] = await Promise.all([
        this.#resolver.a(listedName(address, list.zone), signal),
        this.#works(list, signal),
      ]);
      if (!works) return false;
      const listed = judgeAnswers(list, answers);
      if (listed === "broken") this.#switchOff(list, `it answered ${answers.join(", ")}`);
      return listed === "listed";
    } catch (error) {
      if (signal.aborted) throw error;
      return false;
    }
  }

  /** Whether a list passes its test; a failed query is repeated with the next address. */
  #works(list: DnsList, signal: AbortSignal): Promise<boolean> {
    const trial = this.#trials.get(list.zone);
    if (trial !== undefined && performance.now() - trial.at < TRIAL_PERIOD) return trial.works;
    const works = this.#resolver.a(listedName(NEVER_LISTED, list.zone), signal).then((answers) => {
      if (answers.length === 0) return true;
      this.#switchOff(list, `it lists 127.0.0.1, which no list may do (${answers.join(", ")})`);
      return false;
    }, () => {
      this.#trials.delete(list.zone);
      return true;
    });
    this.#trials.set(list.zone, { at: performance.now(), works });
    return works;
  }

  #switchOff(list: DnsList, why: string): void {
    this.#trials.set(list.zone, { at: performance.now(), works: Promise.resolve(false) });
    this.#switchedOff(list.zone, why);
  }
}
