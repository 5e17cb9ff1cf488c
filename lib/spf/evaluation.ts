/** The evaluation of records (RFC 7208, section 4); section numbers are those of RFC 7208. */
import { contains, type IpAddress, networkOf, parseAddress } from "../net/network.ts";
import { messageOf } from "../text/error_message.ts";
import type { Decisive, SpfQuestion, SpfResult } from "./check_host.ts";
import { type Identity, isAskable, isBelow, isDomain, reverseName } from "./domain.ts";
import {
  dependsOnLocalPart,
  expandDomain,
  expandExplanation,
  type MacroString,
  type MacroValues,
  parseMacro,
  uses,
} from "./macro.ts";
import {
  isSpfRecord,
  MAX_RECORD_TEXT,
  type Mechanism,
  parseRecord,
  type Prefixes,
  type Qualifier,
  type SpfRecord,
} from "./record.ts";
import { exchangeOf, type Resolver, until } from "./resolver.ts";

/** Terms that query DNS; an evaluation fails at the next one (sections 4.6.4 and 11.1). */
export const MAX_LOOKUPS = 10;
const MAX_VOID_LOOKUPS = 2;
export const MAX_MX_NAMES = 10;
const MAX_PTR_NAMES = 10;

const RESULTS: Readonly<Record<Qualifier, SpfResult>> = {
  "+": "pass",
  "-": "fail",
  "~": "softfail",
  "?": "neutral",
};

/** Ends the evaluation with a result. */
export class SpfError extends Error {
  readonly result: "temperror" | "permerror";

  constructor(result: "temperror" | "permerror", message: string) {
    super(message);
    this.result = result;
  }
}

/** The result of one record. */
interface Outcome {
  readonly result: SpfResult;
  readonly path: readonly Decisive[];
  /** The target of `exp=`, and the domain of its record. */
  readonly explanation?: { readonly domain: MacroString; readonly of: string };
}

export class Evaluation {
  readonly #question: SpfQuestion;
  readonly #ip: IpAddress;
  readonly #identity: Identity;
  readonly #signal: AbortSignal;
  lookups = 0;
  isForSenderOnly = false;
  #voids = 0;
  /** Characters of all records so far. */
  #read = 0;
  /** The client's PTR names, confirmed or not; undefined before the query and if it failed. */
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

  /** Evaluates the record of the checked domain, or of one that a record names. */
  async record(domain: string, depth: number): Promise<Outcome> {
    const trace = (found: string, term?: string) =>
      this.#question.trace?.({ depth, domain, ...(term === undefined ? {} : { term }), found });
    if (!isDomain(domain)) {
      trace("not a domain that can have a record");
      return { result: "none", path: [] };
    }
    const answers = await this.#ask(domain, `the record of ${domain}`, "txt");
    const found = answers.filter(isSpfRecord);
    if (found.length === 0) {
      trace("no SPF record");
      return { result: "none", path: [] };
    }
    if (found.length > 1) throw this.#wrong(domain, `${found.length} SPF records`);
    trace(found[0]!);
    this.#read += found[0]!.length;
    if (this.#read > MAX_RECORD_TEXT) {
      throw this.#wrong(domain, `more than ${MAX_RECORD_TEXT} characters in all records together`);
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
    if (this.#isUnspeakable(spec)) throw this.#wrong(domain, `${text} does not name a domain`);
    const target = await this.#countedTarget(spec, domain, text);
    const outcome = await this.record(target, depth + 1);
    if (outcome.result === "none") {
      throw this.#wrong(domain, `${text}: ${target} has no SPF record`);
    }
    return outcome.path.length === 0
      ? outcome
      : { ...outcome, path: [{ domain, term: record.redirect }, ...outcome.path] };
  }

  /** The path below the mechanism if it matches, else undefined. */
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
    // An invalid name matches nothing; only its include is an error.
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

  /** The forward-confirmed names of the client (section 5.5); none if DNS fails. */
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

  /** A local part that is not ASCII cannot be in a DNS name (RFC 8616, section 4). */
  #isUnspeakable(pieces: MacroString): boolean {
    if (!dependsOnLocalPart(pieces)) return false;
    this.isForSenderOnly = true;
    return /[^\0-\x7f]/.test(this.#identity.local);
  }

  /** The domain of a term; the query for `%{p}` counts (section 4.6.4). */
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

  /** The explanation of a fail; none if anything is wrong with it (section 6.2). */
  async explain(pieces: MacroString, domain: string): Promise<string | undefined> {
    try {
      if (this.#isUnspeakable(pieces)) return undefined;
      const target = await this.#target(pieces, domain);
      if (!isDomain(target)) return undefined;
      const answers = await this.#ask(target, "the explanation", "txt");
      if (answers.length !== 1) return undefined;
      const text = answers[0]!;
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
      throw this.#wrong(domain, `${term}: more than ${MAX_LOOKUPS} terms that query DNS`);
    }
  }

  #countVoid(answers: readonly unknown[], domain: string, term: string): void {
    if (answers.length > 0) return;
    this.#voids++;
    if (this.#voids > MAX_VOID_LOOKUPS) {
      throw this.#wrong(
        domain,
        `${term}: more than ${MAX_VOID_LOOKUPS} queries without an answer`,
      );
    }
  }

  #wrong(domain: string, what: string): SpfError {
    return new SpfError("permerror", `record of ${domain}: ${what}`);
  }

  async #ask(
    name: string,
    what: string,
    type: Exclude<keyof Resolver, "cachedTxt">,
  ): Promise<readonly string[]> {
    try {
      return await until(this.#question.resolver[type](name, this.#signal), this.#signal);
    } catch (error) {
      if (this.#question.signal?.aborted === true) throw this.#question.signal.reason;
      const why = messageOf(error);
      throw new SpfError("temperror", `${what}: DNS could not answer ${type} ${name}: ${why}`);
    }
  }
}
