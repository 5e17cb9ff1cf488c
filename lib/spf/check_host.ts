/** `check_host()` (RFC 7208, section 4); section numbers are those of RFC 7208. */
import { parseAddress } from "../net/network.ts";
import { identityOf, isDomain } from "./domain.ts";
import { Evaluation, SpfError } from "./evaluation.ts";
import { isSpfRecord, type Mechanism, type Redirect } from "./record.ts";
import { type Resolver, TemporaryDnsError } from "./resolver.ts";

export { type Resolver, TemporaryDnsError };

/** Section 2.6. */
export type SpfResult =
  | "none"
  | "neutral"
  | "pass"
  | "fail"
  | "softfail"
  | "temperror"
  | "permerror";

/** Hostile texts. */
export interface SpfQuestion {
  /** The client's address; a mapped IPv6 address counts as IPv4. */
  readonly ip: string;
  readonly helo: string;
  /** Empty for the null sender, whose domain is the HELO name (section 2.4). */
  readonly sender: string;
  readonly resolver: Resolver;
  /** This host's name, for explanations; default `unknown`. */
  readonly receiver?: string;
  /** Aborts the evaluation, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds until temperror; default 20,000, the minimum of section 4.6.4. */
  readonly timeLimit?: number;
  readonly trace?: (step: SpfStep) => void;
}

export interface SpfStep {
  /** The number of enclosing `include`s and `redirect`s. */
  readonly depth: number;
  /** The domain whose record is evaluated. */
  readonly domain: string;
  /** As in the record; absent for the record itself. */
  readonly term?: string;
  /** The record, or the result of the term. */
  readonly found: string;
}

/** A term that led to the result. */
export interface Decisive {
  /** The domain whose record the term stands in. */
  readonly domain: string;
  readonly term: Mechanism | Redirect;
}

export interface SpfAnswer {
  readonly result: SpfResult;
  /** The outermost mechanism that matched, as in the record; absent if none did. */
  readonly mechanism?: string;
  /** The domain that was checked, in canonical form; empty if there is none. */
  readonly domain: string;
  /** The domain owner's text for a `fail`; hostile. */
  readonly explanation?: string;
  /** The number of terms that queried DNS (section 4.6.4). */
  readonly lookups: number;
  /** For `temperror` and `permerror`: the error, with its term and record. */
  readonly error?: string;
  /** The local part was asked about (`%{s}`, `%{l}`): the result holds for this sender only. */
  readonly isForSenderOnly: boolean;
  /** The terms that led to the result: each `include` or `redirect`, and last the mechanism. */
  readonly path: readonly Decisive[];
}

/** Milliseconds; the minimum of section 4.6.4. */
const TIME_LIMIT = 20_000;

/**
 * Evaluates SPF for a client and a sender.
 *
 * @throws {RangeError} if `ip` is not an address.
 * @throws {unknown} the signal's reason, if it is aborted.
 */
export async function checkHost(question: SpfQuestion): Promise<SpfAnswer> {
  const ip = parseAddress(question.ip);
  if (ip === undefined) throw new RangeError(`"${question.ip}" is not an IP address`);
  const identity = identityOf(question.sender, question.helo);
  const { timeLimit = TIME_LIMIT } = question;
  const limit = new AbortController();
  const timer = setTimeout(
    () => limit.abort(new Error(`the evaluation took more than ${timeLimit / 1000} s`)),
    timeLimit,
  );
  const signals = question.signal === undefined ? [limit.signal] : [limit.signal, question.signal];
  const evaluation = new Evaluation(question, ip, identity, AbortSignal.any(signals));
  const { domain } = identity;
  try {
    const { result, path, explanation } = await evaluation.record(domain, 0);
    const words = result === "fail" && explanation !== undefined
      ? await evaluation.explain(explanation.domain, explanation.of)
      : undefined;
    const decisive = path.find(({ term }) => term.kind !== "redirect")?.term.text;
    return {
      result,
      domain,
      lookups: evaluation.lookups,
      isForSenderOnly: evaluation.isForSenderOnly,
      path,
      ...(decisive === undefined ? {} : { mechanism: decisive }),
      ...(words === undefined ? {} : { explanation: words }),
    };
  } catch (error) {
    if (!(error instanceof SpfError)) throw error;
    const { result, message } = error;
    const { lookups, isForSenderOnly } = evaluation;
    return { result, domain, lookups, isForSenderOnly, path: [], error: message };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The answer `none` where no query is needed for it: the domain cannot have a record, or the resolver's
 * cache knows that it has none. A flood of strangers costs no evaluation each.
 *
 * @returns undefined if it takes an evaluation to know.
 */
export function knownNone(
  { sender, helo, resolver }: Pick<SpfQuestion, "sender" | "helo" | "resolver">,
): SpfAnswer | undefined {
  const { domain } = identityOf(sender, helo);
  if (isDomain(domain)) {
    const texts = resolver.cachedTxt?.(domain);
    if (texts === undefined || texts.some(isSpfRecord)) return undefined;
  }
  return { result: "none", domain, lookups: 0, isForSenderOnly: false, path: [] };
}
