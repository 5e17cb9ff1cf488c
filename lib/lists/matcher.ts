/**
 * Matching of delivery attempts against the lists.
 *
 * The most specific entry decides: a single address, an email address or `user@` overrides a network,
 * name, domain or organisation, and these override an expression. Of two names, domains or networks
 * the longer decides. At the same level block overrides allow; the built-in list comes last.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { canonicalDomain, splitAddress, withoutExtension } from "../net/email_address.ts";
import { type IpAddress, isSingle, networkOf } from "../net/network.ts";
import { domainAbove, GlobMap } from "./glob.ts";
import type { Expression, MatchOn, Pattern } from "./pattern.ts";

/**
 * The administrator's lists. `trap` names recipients that get no wanted mail; `opt-in` and `opt-out`
 * those that want greylisting or do not.
 */
export const LIST_NAMES = [
  "allow",
  "block",
  "always-greylist",
  "opt-in",
  "opt-out",
  "trap",
] as const;

export type ListName = typeof LIST_NAMES[number];

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

/** Specificity of a pattern. */
export type Level = "exact" | "general" | "expression";

export interface Match<R extends Rule = Rule> {
  readonly rule: R;
  readonly level: Level;
}

/** Most specific first. */
const LEVELS: readonly Level[] = ["exact", "general", "expression"];

function levelOf(pattern: Pattern): Level {
  switch (pattern.kind) {
    case "address":
    case "user":
      return "exact";
    case "network":
      return isSingle(pattern.network) ? "exact" : "general";
    case "expression":
      return "expression";
    default:
      return "general";
  }
}

/** Offers a local part as given, then without its extension, until it is taken. */
function takeUser(local: string, delimiter: string, take: (user: string) => boolean): void {
  const user = local.toLowerCase();
  if (take(user)) return;
  const known = withoutExtension(user, delimiter);
  if (known !== user) take(known);
}

function joinMailbox(user: string, domain: string): string {
  return domain === "" ? user : `${user}@${domain}`;
}

/** Rules for networks of one prefix length, by the bytes of the network. */
interface NetworkSize<R> {
  readonly prefix: number;
  readonly rules: Map<string, R[]>;
}

/** The rules of one list. */
class Index<R extends Rule> {
  readonly #delimiter: string;
  /** Longest prefix first. */
  readonly #networks: Record<4 | 6, NetworkSize<R>[]> = { 4: [], 6: [] };
  readonly #organisations = new Map<string, R[]>();
  readonly #spfDomains = new Map<string, R[]>();
  readonly #globs = new GlobMap<R>();
  readonly #users = new Map<string, R[]>();
  readonly #addresses = byTopic<R>();
  readonly #domains = byTopic<R>();
  readonly #unverified: R[] = [];
  readonly #expressions: Readonly<Record<MatchOn, Expressions<R>>> = {
    client: new Expressions(),
    sender: new Expressions(),
    recipient: new Expressions(),
  };

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

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
        this.#expressions[matchOn].add(rule, pattern.expression);
    }
  }

  /** The most specific match. */
  find(target: Target, now: number): Match<R> | undefined {
    const choice = new Choice<R>(now);
    this.#findClient(target, choice);
    this.#findMailbox("sender", target.sender, choice);
    this.#findMailbox("recipient", target.recipient, choice);
    if (choice.match === undefined) this.#findExpression(target, choice);
    return choice.match;
  }

  #findClient({ address, name, organisation, authorisedBy }: Target, choice: Choice<R>): void {
    for (const { prefix, rules } of this.#networks[address.family]) {
      if (choice.take(rules.get(networkOf(address, prefix).bytes.join(".")))) break;
    }
    if (name === undefined) {
      choice.take(this.#unverified);
    } else {
      takeBelow(this.#domains.client, name, choice);
      if (this.#globs.size > 0) choice.take(this.#globs.find(name));
    }
    if (organisation !== undefined) choice.take(this.#organisations.get(organisation));
    if (this.#spfDomains.size === 0) return;
    for (const domain of authorisedBy ?? []) choice.take(this.#spfDomains.get(domain));
  }

  #findMailbox(matchOn: "sender" | "recipient", address: string, choice: Choice<R>): void {
    const addresses = this.#addresses[matchOn];
    const domains = this.#domains[matchOn];
    if (matchOn === "recipient" && this.#users.size > 0) {
      const { local } = splitAddress(address);
      takeUser(local, this.#delimiter, (user) => choice.take(this.#users.get(user)));
    }
    if (addresses.size === 0 && domains.size === 0) return;
    // Only a recipient's extension is known to belong to the same user.
    const delimiter = matchOn === "sender" ? "" : this.#delimiter;
    const { local, domain: given } = splitAddress(address);
    const domain = canonicalDomain(given);
    takeUser(local, delimiter, (user) => choice.take(addresses.get(joinMailbox(user, domain))));
    takeBelow(domains, domain, choice);
  }

  #findExpression(target: Target, choice: Choice<R>): void {
    const { client, sender, recipient } = this.#expressions;
    if (!client.isEmpty) {
      const { name } = target;
      const found = client.matching(name ?? "unknown");
      choice.take(name === undefined ? found.filter((rule) => rule.matchesUnverified) : found);
    }
    if (!sender.isEmpty) choice.take(sender.matching(addressText(target.sender)));
    if (!recipient.isEmpty) choice.take(recipient.matching(addressText(target.recipient)));
  }
}

/** The most specific of the live rules of one list; rules of one list agree. */
class Choice<R extends Rule> {
  readonly #now: number;
  match: Match<R> | undefined;

  constructor(now: number) {
    this.#now = now;
  }

  /** Takes the first live rule; returns whether there is one. */
  take(rules: readonly R[] | undefined): boolean {
    const live = rules?.find(({ expires }) => expires === undefined || this.#now < expires);
    if (live === undefined) return false;
    if (this.match?.level === "exact") return true;
    const level = levelOf(live.pattern);
    if (this.match === undefined || level === "exact") this.match = { rule: live, level };
    return true;
  }
}

/** Texts whose matches are kept: a client sends many messages. */
const MAX_TEXTS = 1000;

/** Expressions that are matched against one attribute. */
class Expressions<R> {
  readonly #expressions: [R, Expression][] = [];
  readonly #matching = new LRUCache<string, readonly R[]>({ max: MAX_TEXTS });

  get isEmpty(): boolean {
    return this.#expressions.length === 0;
  }

  add(rule: R, expression: Expression): void {
    this.#expressions.push([rule, expression]);
  }

  matching(text: string): readonly R[] {
    const known = this.#matching.get(text);
    if (known !== undefined) return known;
    const rules = this.#expressions.filter(([, expression]) => expression.test(text))
      .map(([rule]) => rule);
    this.#matching.set(text, rules);
    return rules;
  }
}

type ByTopic<R> = Readonly<Record<MatchOn, Map<string, R[]>>>;

function byTopic<R>(): ByTopic<R> {
  return { client: new Map(), sender: new Map(), recipient: new Map() };
}

/** Takes the rules of the domain or of the nearest domain above it. */
function takeBelow<R extends Rule>(
  domains: ReadonlyMap<string, R[]>,
  domain: string,
  choice: Choice<R>,
): void {
  if (domains.size === 0) return;
  for (let suffix = domain; suffix !== ""; suffix = domainAbove(suffix)) {
    if (choice.take(domains.get(suffix))) return;
  }
}

function push<R>(map: Map<string, R[]>, key: string, rule: R): void {
  const rules = map.get(key);
  if (rules === undefined) map.set(key, [rule]);
  else rules.push(rule);
}

/** The text that expressions of senders and recipients are matched against. */
function addressText(address: string): string {
  const { local, domain } = splitAddress(address);
  return joinMailbox(local.toLowerCase(), canonicalDomain(domain));
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

  /** @param delimiter the setting `recipient_delimiter`. */
  constructor(rules: Iterable<R>, delimiter: string) {
    for (const rule of rules) {
      const index = this.#indices.get(rule.list) ?? new Index<R>(delimiter);
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
