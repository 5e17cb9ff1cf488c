/**
 * Matching of delivery attempts against the lists.
 *
 * The most specific entry decides: a single address, an email address or `user@` overrides a network,
 * name, domain or organisation, and these override an expression. Of two names, domains or networks
 * the longer decides. At the same level block overrides allow; the built-in list comes last.
 *
 * @module
 */
import { canonicalDomain, splitAddress } from "../net/email_address.ts";
import { type IpAddress, networkOf } from "../net/network.ts";
import { GlobMap, suffixesOf } from "./glob.ts";
import type { Expression, MatchOn, Pattern } from "./pattern.ts";

/**
 * The administrator's lists. `trap` names recipients that get no wanted mail; `opt-in` and `opt-out`
 * those that want greylisting or do not.
 */
export type ListName = "allow" | "block" | "always-greylist" | "opt-in" | "opt-out" | "trap";

/** An entry of a list. */
export interface Rule {
  readonly list: ListName | "builtin";
  readonly matchOn: MatchOn;
  readonly pattern: Pattern;
  /** Milliseconds since the epoch; absent for never. */
  readonly expires?: number;
  /** An expression that also matches a client without a verified name, as `unknown`. */
  readonly matchesUnverified?: boolean;
}

/** The attributes that patterns are matched against; hostile texts. */
export interface Target {
  /** Of the client. */
  readonly address: IpAddress;
  /** The client's verified name in lower case. */
  readonly name: string | undefined;
  /** Of the client. */
  readonly organisation: string | undefined;
  /** Domains of `spf:` patterns whose records authorise the client. */
  readonly authorisedBy?: ReadonlySet<string>;
  /** Empty for the null sender. */
  readonly sender: string;
  readonly recipient: string;
}

/** How specific a pattern is. */
export type Level = "exact" | "general" | "expression";

export interface Match<R extends Rule = Rule> {
  readonly rule: R;
  readonly level: Level;
}

/** Most specific first. */
const LEVELS: readonly Level[] = ["exact", "general", "expression"];

export function levelOf(pattern: Pattern): Level {
  switch (pattern.kind) {
    case "address":
    case "user":
      return "exact";
    case "network":
      return pattern.network.prefix === pattern.network.bytes.length * 8 ? "exact" : "general";
    case "expression":
      return "expression";
    default:
      return "general";
  }
}

interface Mailbox {
  /** The local part as given, and without its extension. */
  readonly users: readonly string[];
  readonly domain: string;
}

function usersOf(local: string): readonly string[] {
  const user = local.toLowerCase();
  const plus = user.indexOf("+");
  return plus > 0 ? [user, user.slice(0, plus)] : [user];
}

function mailboxOf(address: string): Mailbox {
  const { local, domain } = splitAddress(address);
  return { users: usersOf(local), domain: canonicalDomain(domain) };
}

/** Rules for networks of one prefix length, by the bytes of the network. */
interface NetworkSize<R> {
  readonly prefix: number;
  readonly rules: Map<string, R[]>;
}

/** The rules of one list. */
class Index<R extends Rule> {
  /** Longest prefix first. */
  readonly #networks: Record<4 | 6, NetworkSize<R>[]> = { 4: [], 6: [] };
  readonly #organisations = new Map<string, R[]>();
  readonly #spfDomains = new Map<string, R[]>();
  readonly #globs = new GlobMap<R>();
  readonly #users = new Map<string, R[]>();
  readonly #addresses = byTopic<R>();
  readonly #domains = byTopic<R>();
  readonly #unverified: R[] = [];
  readonly #expressions: [R, Expression][] = [];

  add(rule: R): void {
    const { pattern, matchOn } = rule;
    switch (pattern.kind) {
      case "network": {
        const { family, prefix, bytes } = pattern.network;
        const sizes = this.#networks[family];
        let size = sizes.find((one) => one.prefix === prefix);
        if (size === undefined) {
          size = { prefix, rules: new Map() };
          sizes.push(size);
          sizes.sort((a, b) => b.prefix - a.prefix);
        }
        push(size.rules, bytes.join("."), rule);
        break;
      }
      case "domain":
        push(this.#domains[matchOn], pattern.domain, rule);
        break;
      case "glob":
        this.#globs.add(pattern.glob, rule);
        break;
      case "organisation":
        push(this.#organisations, pattern.domain, rule);
        break;
      case "spf":
        push(this.#spfDomains, pattern.domain, rule);
        break;
      case "address":
        push(this.#addresses[matchOn], pattern.address, rule);
        break;
      case "user":
        push(this.#users, pattern.user, rule);
        break;
      case "unverified":
        this.#unverified.push(rule);
        break;
      case "expression":
        this.#expressions.push([rule, pattern.expression]);
    }
  }

  /** The most specific match. */
  find(target: Target, now: number): Match<R> | undefined {
    const found: R[] = [];
    const take = (rules: readonly R[] | undefined): boolean => {
      const live = rules?.find((rule) => rule.expires === undefined || now < rule.expires);
      if (live !== undefined) found.push(live);
      return live !== undefined;
    };
    this.#findClient(target, take);
    this.#findMailbox("sender", target.sender, take);
    this.#findMailbox("recipient", target.recipient, take);
    if (found.length > 0) {
      // Rules of one list agree: any of the most specific ones will do.
      const best = found.find((rule) => levelOf(rule.pattern) === "exact") ?? found[0]!;
      return { rule: best, level: levelOf(best.pattern) };
    }
    for (const [rule, expression] of this.#expressions) {
      const text = textFor(rule, target);
      if (text !== undefined && expression.test(text) && take([rule])) {
        return { rule, level: "expression" };
      }
    }
    return undefined;
  }

  #findClient(target: Target, take: (rules: readonly R[] | undefined) => boolean): void {
    for (const { prefix, rules } of this.#networks[target.address.family]) {
      if (take(rules.get(networkOf(target.address, prefix).bytes.join(".")))) break;
    }
    if (target.name === undefined) {
      take(this.#unverified);
    } else {
      below(this.#domains.client, target.name, take);
      take(this.#globs.find(target.name));
    }
    if (target.organisation !== undefined) take(this.#organisations.get(target.organisation));
    if (this.#spfDomains.size === 0) return;
    for (const domain of target.authorisedBy ?? []) take(this.#spfDomains.get(domain));
  }

  #findMailbox(
    matchOn: "sender" | "recipient",
    address: string,
    take: (rules: readonly R[] | undefined) => boolean,
  ): void {
    const addresses = this.#addresses[matchOn];
    const domains = this.#domains[matchOn];
    if (matchOn === "recipient" && this.#users.size > 0) {
      usersOf(splitAddress(address).local).some((user) => take(this.#users.get(user)));
    }
    if (addresses.size === 0 && domains.size === 0) return;
    const { users, domain } = mailboxOf(address);
    // Only a recipient's extension is known to belong to the same user.
    const known = matchOn === "sender" ? users.slice(0, 1) : users;
    known.some((user) => take(addresses.get(domain === "" ? user : `${user}@${domain}`)));
    below(domains, domain, take);
  }
}

type ByTopic<R> = Readonly<Record<MatchOn, Map<string, R[]>>>;

function byTopic<R>(): ByTopic<R> {
  return { client: new Map(), sender: new Map(), recipient: new Map() };
}

/** Takes the rules of the domain or of the nearest domain above it. */
function below<R>(
  domains: ReadonlyMap<string, R[]>,
  domain: string,
  take: (rules: readonly R[] | undefined) => boolean,
): void {
  if (domains.size === 0) return;
  for (const suffix of suffixesOf(domain)) {
    if (take(domains.get(suffix))) return;
  }
}

function push<R>(map: Map<string, R[]>, key: string, rule: R): void {
  const rules = map.get(key);
  if (rules === undefined) map.set(key, [rule]);
  else rules.push(rule);
}

/** The text that an expression is matched against; undefined if it cannot match. */
function textFor({ matchOn, matchesUnverified }: Rule, target: Target): string | undefined {
  if (matchOn === "client") {
    return target.name ?? (matchesUnverified === true ? "unknown" : undefined);
  }
  const { users: [user], domain } = mailboxOf(target[matchOn]);
  return domain === "" ? user : `${user}@${domain}`;
}

/** The lists' entries for an attempt. */
export interface Finding<R extends Rule = Rule> {
  /** The entry of the allow, block or built-in list that decides. */
  readonly decisive: Match<R> | undefined;
  /** The entry of `always-greylist` that matches the client. */
  readonly alwaysGreylist: Match<R> | undefined;
  /** The recipient is to be greylisted, by `opt-in` and `opt-out`. */
  readonly optedIn: boolean;
  /** The recipient is a trap. */
  readonly isTrap: boolean;
}

/** An immutable index of lists. */
export class Matcher<R extends Rule = Rule> {
  readonly #indices = new Map<Rule["list"], Index<R>>();

  constructor(rules: Iterable<R>) {
    for (const rule of rules) {
      const index = this.#indices.get(rule.list) ?? new Index<R>();
      this.#indices.set(rule.list, index);
      index.add(rule);
    }
  }

  /** @param now milliseconds since the epoch; entries that ended before are ignored. */
  find(target: Target, now: number): Finding<R> {
    const first = (list: Rule["list"]) => this.#indices.get(list)?.find(target, now);
    const allow = first("allow");
    const block = first("block");
    const alwaysGreylist = first("always-greylist");
    const isOptIn = this.#indices.has("opt-in");
    return {
      decisive: decisiveOf(allow, block) ?? builtinOf(first("builtin"), alwaysGreylist),
      alwaysGreylist,
      optedIn: first("opt-out") === undefined && (!isOptIn || first("opt-in") !== undefined),
      isTrap: first("trap") !== undefined,
    };
  }
}

/** A client that is always greylisted is not let in by its name, but may still write to postmaster. */
function builtinOf<R extends Rule>(
  builtin: Match<R> | undefined,
  alwaysGreylist: Match<R> | undefined,
): Match<R> | undefined {
  return alwaysGreylist !== undefined && builtin?.rule.matchOn === "client" ? undefined : builtin;
}

function decisiveOf<R extends Rule>(
  allow: Match<R> | undefined,
  block: Match<R> | undefined,
): Match<R> | undefined {
  if (allow === undefined || block === undefined) return allow ?? block;
  const [a, b] = [LEVELS.indexOf(allow.level), LEVELS.indexOf(block.level)];
  if (a !== b) return a < b ? allow : block;
  const [longA, longB] = [lengthOf(allow.rule), lengthOf(block.rule)];
  const sameKind = allow.rule.matchOn === block.rule.matchOn &&
    allow.rule.pattern.kind === block.rule.pattern.kind;
  return sameKind && longA > longB ? allow : block;
}

function lengthOf({ pattern }: Rule): number {
  switch (pattern.kind) {
    case "network":
      return pattern.network.prefix;
    case "domain":
    case "organisation":
    case "spf":
      return pattern.domain.length;
    default:
      return 0;
  }
}
