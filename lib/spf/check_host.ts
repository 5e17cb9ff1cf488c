/**
 * The evaluation of SPF: `check_host()` (RFC 7208, 4).
 *
 * @module
 */
import { contains, type IpAddress, networkOf, parseAddress } from "../net/network.ts";
import {
  dependsOnLocalPart,
  expandDomain,
  expandExplanation,
  type MacroString,
  type MacroValues,
  parseMacro,
  uses,
} from "./macro.ts";
import { type Identity, identityOf } from "./identity.ts";
import { isAskable, isBelow, isDomain, reverseName } from "./name.ts";
import {
  isSpfRecord,
  MAX_RECORD_TEXT,
  type Mechanism,
  parseRecord,
  type Prefixes,
  type Qualifier,
  type Redirect,
  type SpfRecord,
} from "./record.ts";
import { exchangeOf, type Resolver, TemporaryDnsError, textOf, until } from "./resolver.ts";

export { type Resolver, TemporaryDnsError };

/** What an evaluation says (2.6). */
export type SpfResult =
  | "none"
  | "neutral"
  | "pass"
  | "fail"
  | "softfail"
  | "temperror"
  | "permerror";

/** What is evaluated. All texts are hostile. */
export interface SpfQuestion {
  /** The client's address; a mapped IPv6 address counts as IPv4. */
  readonly ip: string;
  /** What the client calls itself. */
  readonly helo: string;
  /** The envelope sender; empty for the null sender, whose domain is the HELO (2.4). */
  readonly sender: string;
  /** Where DNS is asked. */
  readonly resolver: Resolver;
  /** The name of the host that evaluates, for explanations (default: `unknown`). */
  readonly receiver?: string;
  /** Gives the evaluation up: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which the result is temperror (default: 20,000, the least of 4.6.4). */
  readonly timeLimit?: number;
  /** Is told of every step. */
  readonly trace?: (step: SpfStep) => void;
}

/** One step of an evaluation. */
export interface SpfStep {
  /** How many `include`s or `redirect`s deep. */
  readonly depth: number;
  /** The domain whose record is evaluated. */
  readonly domain: string;
  /** The term as it stands in the record; undefined for the record itself. */
  readonly term?: string;
  /** What was found: the record, or what became of the term. */
  readonly found: string;
}

/** A term that led to the result. */
export interface Decisive {
  /** The domain whose record the term stands in. */
  readonly domain: string;
  readonly term: Mechanism | Redirect;
}

/** What came out. */
export interface SpfAnswer {
  /** The result. */
  readonly result: SpfResult;
  /** The mechanism that decided, as it stands in the record; absent if none did. */
  readonly mechanism?: string;
  /** The domain that was checked, in canonical form; empty if there is none. */
  readonly domain: string;
  /** Why, in the words of the domain's owner; only for `fail`, and as hostile as all of it. */
  readonly explanation?: string;
  /** How many terms asked DNS (4.6.4). */
  readonly lookups: number;
  /** For `temperror` and `permerror`: the error, with its term and record. */
  readonly error?: string;
  /** The local part was asked about (`%{s}`, `%{l}`): the result holds for this sender only. */
  readonly isForSenderOnly: boolean;
  /** The terms that led to the result: each `include` or `redirect`, and last the mechanism. */
  readonly path: readonly Decisive[];
}

/** Limits of RFC 7208, 4.6.4 and 11.1. */
const MAX_LOOKUPS = 10;
const MAX_VOID_LOOKUPS = 2;
const MAX_MX_NAMES = 10;
const MAX_PTR_NAMES = 10;
const TIME_LIMIT = 20_000;

const RESULTS: Readonly<Record<Qualifier, SpfResult>> = {
  "+": "pass",
  "-": "fail",
  "~": "softfail",
  "?": "neutral",
};

/** An evaluation that ends at once. */
class SpfError extends Error {
  readonly result: "temperror" | "permerror";

  constructor(result: "temperror" | "permerror", message: string) {
    super(message);
    this.result = result;
  }
}

/** What a record came to. */
interface Outcome {
  readonly result: SpfResult;
  readonly path: readonly Decisive[];
  /** Where the explanation of a fail stands. */
  readonly explanation?: { readonly domain: MacroString; readonly of: string };
}

/** One evaluation. */
class Evaluation {
  readonly #question: SpfQuestion;
  readonly #ip: IpAddress;
  readonly #identity: Identity;
  readonly #signal: AbortSignal;
  lookups = 0;
  isForSenderOnly = false;
  #voids = 0;
  /** The characters of all records so far. */
  #read = 0;
  /** The client's names, whether they lead back to it or not; undefined if DNS could not tell. */
  #names: readonly string[] | undefined;
  #validated: Promise<readonly string[]> | undefined;

  constructor(
    question: SpfQuestion,
    ip: IpAddress,
    identity: Identity,
    signal: AbortSignal,
  ) {
    this.#question = question;
    this.#ip = ip;
    this.#identity = identity;
    this.#signal = signal;
  }

  /** `check_host()` itself, for the domain asked about or one that its record names. */
  async record(domain: string, depth: number): Promise<Outcome> {
    const trace = (found: string, term?: string) =>
      this.#question.trace?.({ depth, domain, ...(term === undefined ? {} : { term }), found });
    if (!isDomain(domain)) {
      trace("no domain that could have a record");
      return { result: "none", path: [] };
    }
    const answers = await this.#ask(domain, `the record of ${domain}`, "txt");
    const texts = answers.map(textOf);
    const found = texts.filter(isSpfRecord);
    if (found.length === 0) {
      trace("no SPF record");
      return { result: "none", path: [] };
    }
    if (found.length > 1) throw this.#wrong(domain, `${found.length} SPF records`);
    trace(found[0]!);
    this.#read += found[0]!.length;
    if (this.#read > MAX_RECORD_TEXT) {
      throw this.#wrong(domain, `records of more than ${MAX_RECORD_TEXT} characters together`);
    }
    const parsed = parseRecord(found[0]!);
    if (!parsed.ok) throw this.#wrong(domain, `${parsed.term}: ${parsed.why}`);
    return await this.#terms(parsed.record, domain, depth, trace);
  }

  async #terms(
    record: SpfRecord,
    domain: string,
    depth: number,
    trace: (found: string, term?: string) => void,
  ): Promise<Outcome> {
    for (const mechanism of record.mechanisms) {
      const inner = await this.#matches(mechanism, domain, depth);
      trace(inner === undefined ? "does not match" : "matches", mechanism.text);
      if (inner === undefined) continue;
      const explanation = record.explanation;
      return {
        result: RESULTS[mechanism.qualifier],
        path: [{ domain, term: mechanism }, ...inner],
        ...(explanation === undefined
          ? {}
          : { explanation: { domain: explanation.domain, of: domain } }),
      };
    }
    if (record.redirect === undefined) return { result: "neutral", path: [] };
    const { domain: spec, text } = record.redirect;
    this.#count(domain, text);
    if (this.#isUnspeakable(spec)) throw this.#wrong(domain, `${text} names no domain`);
    const target = await this.#countedTarget(spec, domain, text);
    const outcome = await this.record(target, depth + 1);
    if (outcome.result === "none") {
      throw this.#wrong(domain, `${text}: ${target} has no SPF record`);
    }
    return outcome.path.length === 0
      ? outcome
      : { ...outcome, path: [{ domain, term: record.redirect }, ...outcome.path] };
  }

  /** What matched below it, if the mechanism matches. */
  async #matches(
    mechanism: Mechanism,
    domain: string,
    depth: number,
  ): Promise<readonly Decisive[] | undefined> {
    const when = (isMatch: boolean) => isMatch ? [] : undefined;
    switch (mechanism.kind) {
      case "all":
        return [];
      case "ip4":
      case "ip6":
        return when(contains(mechanism.network, this.#ip));
    }
    const { domain: spec, text } = mechanism;
    const what = `${text} of ${domain}`;
    if (spec !== undefined && this.#isUnspeakable(spec)) return undefined;
    const target = spec === undefined ? domain : await this.#countedTarget(spec, domain, text);
    // A name that cannot be asked for does not exist; to include it is an error.
    if (mechanism.kind !== "include" && !isDomain(target)) return undefined;
    this.#count(domain, text);
    if (mechanism.kind === "include") {
      const outcome = await this.record(target, depth + 1);
      if (outcome.result === "none") {
        throw this.#wrong(domain, `${text}: ${target} has no SPF record`);
      }
      return outcome.result === "pass" ? outcome.path : undefined;
    }
    if (mechanism.kind === "ptr") {
      const names = await this.#validatedNames();
      if (this.#names !== undefined) this.#countVoid(this.#names, domain, text);
      return when(names.some((name) => isBelow(name, target)));
    }
    switch (mechanism.kind) {
      case "exists": {
        const addresses = await this.#ask(target, what, "a");
        this.#countVoid(addresses, domain, text);
        return when(addresses.length > 0);
      }
      case "a": {
        const addresses = await this.#addresses(target, what);
        this.#countVoid(addresses, domain, text);
        return when(this.#isAmong(addresses, mechanism.prefixes));
      }
      case "mx": {
        const answers = await this.#ask(target, what, "mx");
        this.#countVoid(answers, domain, text);
        const names = answers.map(exchangeOf);
        if (names.length > MAX_MX_NAMES) {
          throw this.#wrong(domain, `${text}: more than ${MAX_MX_NAMES} mail exchangers`);
        }
        for (const name of names) {
          if (!isAskable(name)) continue;
          const addresses = await this.#addresses(name, what);
          if (this.#isAmong(addresses, mechanism.prefixes)) return [];
        }
        return undefined;
      }
    }
  }

  #isAmong(addresses: readonly string[], prefixes: Prefixes): boolean {
    const prefix = this.#ip.family === 4 ? prefixes.ipv4 : prefixes.ipv6;
    return addresses.some((text) => {
      const address = parseAddress(text);
      return address !== undefined && contains(networkOf(address, prefix), this.#ip);
    });
  }

  /** The client's names that lead back to it (5.5). DNS that fails is no reason to fail. */
  #validatedNames(): Promise<readonly string[]> {
    this.#validated ??= this.#validate();
    return this.#validated;
  }

  async #validate(): Promise<readonly string[]> {
    const what = `the names of ${this.#question.ip}`;
    try {
      this.#names = await this.#ask(reverseName(this.#ip), what, "ptr");
    } catch (error) {
      if (error instanceof SpfError) return [];
      throw error;
    }
    const validated: string[] = [];
    for (const given of (this.#names ?? []).slice(0, MAX_PTR_NAMES)) {
      const name = given.replace(/\.$/, "");
      if (!isAskable(name)) continue;
      try {
        const addresses = await this.#addresses(name, what);
        if (this.#isAmong(addresses, { ipv4: 32, ipv6: 128 })) validated.push(name);
      } catch (error) {
        if (!(error instanceof SpfError)) throw error;
      }
    }
    return validated;
  }

  #addresses(name: string, what: string): Promise<readonly string[]> {
    return this.#ask(name, what, this.#ip.family === 4 ? "a" : "aaaa");
  }

  /** A local part beyond ASCII is in no name of DNS (RFC 8616, 4). */
  #isUnspeakable(pieces: MacroString): boolean {
    if (!dependsOnLocalPart(pieces)) return false;
    this.isForSenderOnly = true;
    return /[^\0-\x7f]/.test(this.#identity.local);
  }

  /** The name that a term means; for `%{p}` DNS is asked, which counts (4.6.4). */
  async #countedTarget(spec: MacroString, domain: string, term: string): Promise<string> {
    const target = await this.#target(spec, domain);
    if (uses(spec, "p")) {
      this.#count(domain, term);
      if (this.#names !== undefined) this.#countVoid(this.#names, domain, term);
    }
    return target;
  }

  async #target(spec: MacroString, domain: string): Promise<string> {
    this.isForSenderOnly ||= dependsOnLocalPart(spec);
    return expandDomain(spec, await this.#values(spec, domain));
  }

  async #values(pieces: MacroString, domain: string): Promise<MacroValues> {
    const names = uses(pieces, "p") ? await this.#validatedNames() : [];
    const exact = names.find((name) => name.toLowerCase() === domain.toLowerCase());
    const validatedName = exact ?? names.find((name) => isBelow(name, domain)) ?? names[0] ??
      "unknown";
    return {
      ip: this.#ip,
      helo: this.#question.helo,
      local: this.#identity.local,
      senderDomain: this.#identity.domain,
      domain,
      validatedName,
      receiver: this.#question.receiver ?? "unknown",
      time: Math.floor(Date.now() / 1000),
    };
  }

  /** The explanation of a fail; whatever is wrong with it, there is none then (6.2). */
  async explain(pieces: MacroString, domain: string): Promise<string | undefined> {
    try {
      if (this.#isUnspeakable(pieces)) return undefined;
      const target = await this.#target(pieces, domain);
      if (!isDomain(target)) return undefined;
      const answers = await this.#ask(target, "the explanation", "txt");
      if (answers.length !== 1) return undefined;
      const text = textOf(answers[0]!);
      const parsed = parseMacro(text, true);
      if (!parsed.ok || text === "" || this.#isUnspeakable(parsed.pieces)) return undefined;
      return expandExplanation(parsed.pieces, await this.#values(parsed.pieces, domain));
    } catch (error) {
      if (error instanceof SpfError) return undefined;
      throw error;
    }
  }

  #count(domain: string, term: string): void {
    this.lookups++;
    if (this.lookups > MAX_LOOKUPS) {
      throw this.#wrong(domain, `${term}: more than ${MAX_LOOKUPS} terms that ask DNS`);
    }
  }

  #countVoid(answers: readonly unknown[], domain: string, term: string): void {
    if (answers.length > 0) return;
    this.#voids++;
    if (this.#voids > MAX_VOID_LOOKUPS) {
      throw this.#wrong(
        domain,
        `${term}: more than ${MAX_VOID_LOOKUPS} names that do not exist or have no such record`,
      );
    }
  }

  #wrong(domain: string, what: string): SpfError {
    return new SpfError("permerror", `record of ${domain}: ${what}`);
  }

  async #ask<Type extends keyof Resolver>(
    name: string,
    what: string,
    type: Type,
  ): Promise<Awaited<ReturnType<Resolver[Type]>>> {
    try {
      const asked = this.#question.resolver[type](name, this.#signal);
      return await until<unknown>(asked, this.#signal) as Awaited<ReturnType<Resolver[Type]>>;
    } catch (error) {
      if (this.#question.signal?.aborted === true) throw this.#question.signal.reason;
      const why = error instanceof Error ? error.message : String(error);
      throw new SpfError("temperror", `${what}: DNS could not answer ${type} ${name}: ${why}`);
    }
  }
}

/**
 * Whether a client may send mail of a sender's domain.
 *
 * @throws {RangeError} if `ip` is no address.
 * @throws {unknown} the reason of the signal, if it gives the evaluation up.
 */
export async function checkHost(question: SpfQuestion): Promise<SpfAnswer> {
  const ip = parseAddress(question.ip);
  if (ip === undefined) throw new RangeError(`"${question.ip}" is no IP address`);
  const identity = identityOf(question.sender, question.helo);
  const { timeLimit = TIME_LIMIT } = question;
  const limit = new AbortController();
  const timer = setTimeout(
    () => limit.abort(new Error(`more than ${timeLimit / 1000} s for all of it`)),
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
