/**
 * Recipients that get notices of their own, as settings and user files name them.
 *
 * @module
 */
import { normaliseRecipient } from "../greylist/normalise.ts";
import { canonicalDomain, splitAddress } from "../net/email_address.ts";
import { isLanguage, type Language, LANGUAGES } from "../text/language.ts";
import { isMailAddress, parseTarget, type Target, TARGET_NOTATION } from "./target.ts";

const DIGEST_PERIODS = ["day", "week", "off"] as const;

export type DigestPeriod = typeof DIGEST_PERIODS[number];

/** A recipient, or all recipients of a domain. */
export interface User {
  /** In lower case; a domain where it has no `@`. Those of `Users` have no extension. */
  readonly address: string;
  /** `mail` is the recipient's own address. */
  readonly notify: Target | "mail" | "off";
  readonly digest: DigestPeriod;
  readonly language: Language;
}

export type ParsedUser =
  | { readonly ok: true; readonly user: User }
  | { readonly ok: false; readonly why: string };

const FIELDS = ["address", "notify", "digest", "language"];

const DOMAIN = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+$/;

const no = (why: string): ParsedUser => ({ ok: false, why });

/** Reads `{ address = "…", notify = "…", digest = "…", language = "…" }`. */
export function userOf(fields: Readonly<Record<string, unknown>>): ParsedUser {
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) return no(`unknown field ${unknown}; known are ${FIELDS.join(", ")}`);
  const { address, notify = "mail", digest = "week", language = "en" } = fields;
  if (typeof address !== "string") return no("the field address is missing");
  const isDomain = !address.includes("@");
  const domain = canonicalDomain(address);
  if (address.startsWith("*@")) {
    return no(`${JSON.stringify(address)}: for all recipients write the domain alone`);
  }
  if (isDomain ? !DOMAIN.test(domain) : !isMailAddress(address)) {
    return no(`${JSON.stringify(address)} is not an address or a domain`);
  }
  const target = notify === "mail" || notify === "off"
    ? notify
    : typeof notify === "string"
    ? parseTarget(notify)
    : undefined;
  if (target === undefined) {
    // A URL may hold a password, which must not get into the log.
    const shown = String(notify).includes("//") ? "" : `, not ${JSON.stringify(notify)}`;
    return no(`notify must be "mail", "off", ${TARGET_NOTATION}${shown}`);
  }
  const period = DIGEST_PERIODS.find((one) => one === digest);
  if (period === undefined) return no(`digest must be one of ${DIGEST_PERIODS.join(", ")}`);
  if (typeof language !== "string" || !isLanguage(language)) {
    return no(`language must be one of ${LANGUAGES.join(", ")}`);
  }
  const normal = isDomain ? domain : normaliseRecipient(address, "");
  return { ok: true, user: { address: normal, notify: target, digest: period, language } };
}

/** Reads `ADDRESS [notify=…] [digest=…] [language=…]`: a line of a user file, or a flag. */
export function parseUser(text: string): ParsedUser {
  const [address = "", ...rest] = text.trim().split(/\s+/);
  const fields: Record<string, unknown> = { address };
  for (const word of rest) {
    const at = word.indexOf("=");
    if (at < 1) return no(`"${word}" is not a field such as digest=day`);
    fields[word.slice(0, at)] = word.slice(at + 1);
  }
  return userOf(fields);
}

/** The lines of a user file that have errors, counted from 1. */
export interface UserFile {
  readonly users: readonly User[];
  readonly errors: readonly { readonly line: number; readonly why: string }[];
}

/** One user a line; `#` begins a comment. */
export function parseUserFile(text: string): UserFile {
  const users: User[] = [];
  const errors: { line: number; why: string }[] = [];
  text.split(/\r?\n/).forEach((line, at) => {
    const given = line.replace(/(?:^|\s)#.*$/, "").trim();
    if (given === "") return;
    const parsed = parseUser(given);
    if (parsed.ok) users.push(parsed.user);
    else errors.push({ line: at + 1, why: parsed.why });
  });
  return { users, errors };
}

/** The users by address and by domain; the first of an address counts. */
export class Users {
  readonly #users = new Map<string, User>();
  readonly #delimiter: string;

  /** @param delimiter the setting `recipient_delimiter`. */
  constructor(users: Iterable<User>, delimiter: string) {
    this.#delimiter = delimiter;
    for (const user of users) {
      const address = user.address.includes("@") ? this.normalise(user.address) : user.address;
      if (!this.#users.has(address)) this.#users.set(address, { ...user, address });
    }
  }

  /** The normal form of a recipient. */
  normalise(recipient: string): string {
    return normaliseRecipient(recipient, this.#delimiter);
  }

  get all(): Iterable<User> {
    return this.#users.values();
  }

  get isEmpty(): boolean {
    return this.#users.size === 0;
  }

  /** The user of a recipient in normal form: of its address, else of its domain. */
  find(recipient: string): User | undefined {
    if (this.#users.size === 0) return undefined;
    const { local, domain } = splitAddress(recipient);
    if (local === "" || domain === "") return undefined;
    return this.#users.get(recipient) ?? this.#users.get(domain);
  }
}

/** Where a recipient's notices go; undefined for nowhere. */
export function targetOf({ notify }: User, recipient: string): Target | undefined {
  // Of a domain, spammers choose the rest.
  if (notify === "off" || !isMailAddress(recipient)) return undefined;
  return notify === "mail" ? { kind: "mail", address: recipient } : notify;
}
