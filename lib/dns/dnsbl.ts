/**
 * Lists of addresses in DNS: DNSBL and DNSWL (RFC 5782).
 *
 * @module
 */
import type { IpAddress } from "../net/network.ts";
import { dotted } from "../spf/macro.ts";
import type { Resolver } from "../spf/resolver.ts";

/** One DNS list, and the weight of a listing. */
export interface DnsList {
  /** Its zone. */
  readonly zone: string;
  /** Which answers count: the lowest and the highest value of each number; all, if it is absent. */
  readonly answers?: readonly (readonly [low: number, high: number])[];
  /** What is added to the suspicion; below 0 for a list of good senders. */
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
 * Reads a list as Postfix's postscreen_dnsbl_sites has it: `zone`, `zone=127.0.0.[2..11]`,
 * `zone=127.0.0.2*3`, `zone*-2`; the weight is 1 if it is not said.
 *
 * @returns undefined if the text is none.
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

/** The name under which a list has an address (RFC 5782, 2.1 and 2.4). */
export function listedName(address: IpAddress, zone: string): string {
  return `${dotted(address).split(".").reverse().join(".")}.${zone}`;
}

/** What a list is told by that says that it serves nobody who asks like this. */
const REFUSAL = "127.255.255.";

/** Answers that are no listing: the new owner of an expired list's domain answers with a real address. */
const ANSWER = /^127\./;

/** What a list says of an address. */
export type Listed = "listed" | "unlisted" | "broken";

/** Whether a list has an address by these answers. */
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

/** What must never be listed (RFC 5782, 5). */
const NEVER_LISTED: IpAddress = { family: 4, bytes: [127, 0, 0, 1] };

/** How often a list is tried whether it answers for everything, in milliseconds. */
const TRIAL_PERIOD = 3_600_000;

/** Lists that are asked together, and switched off one by one when they do not work. */
export class DnsLists {
  readonly #lists: readonly DnsList[];
  readonly #resolver: Resolver;
  readonly #switchedOff: (zone: string, why: string) => void;
  /** When a list was tried, and whether it works; by `performance.now()`. */
  readonly #trials = new Map<string, { readonly at: number; readonly works: Promise<boolean> }>();

  /** Lists; `switchedOff` is told when one does not work. */
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
   * Those that have an address.
   *
   * @throws {unknown} the signal's reason, if it ends first. A list that does not answer has nobody.
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
      if (listed === "broken") this.#switchOff(list, `it answers ${answers.join(", ")}`);
      return listed === "listed";
    } catch (error) {
      if (signal.aborted) throw error;
      return false;
    }
  }

  /** Whether a list does not answer for what it cannot have. */
  #works(list: DnsList, signal: AbortSignal): Promise<boolean> {
    const trial = this.#trials.get(list.zone);
    if (trial !== undefined && performance.now() - trial.at < TRIAL_PERIOD) return trial.works;
    const works = this.#resolver.a(listedName(NEVER_LISTED, list.zone), signal).then((answers) => {
      if (answers.length === 0) return true;
      this.#switchOff(list, `it has 127.0.0.1, which no list may have (${answers.join(", ")})`);
      return false;
    }, () => {
      // Whether it works is asked again with the next question.
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
