/**
 * The allow list that comes with Greylag: who is known not to retry, to retry from everywhere, or to
 * bring what cannot wait. Clients are matched by the name that Postfix verified, as in every list.
 *
 * @module
 */
import type { Rule } from "./matcher.ts";
import { type MatchOn, parsePattern } from "./pattern.ts";
import { WELL_KNOWN } from "./well_known.ts";
import { WellKnownSenders, wellKnownSenders } from "./well_known_sender.ts";

/** Why an entry is built in. */
export type BuiltinReason =
  | "many hosts"
  | "no retry"
  | "slow retry"
  | "new sender each time"
  | "duty";

/** An entry of the built-in list. */
export interface BuiltinRule extends Rule {
  /** The pattern as it is written. */
  readonly text: string;
  /** Why it is there. */
  readonly reason: BuiltinReason;
  /** Where that is known from. */
  readonly source: string;
  /** Since when it is known: a date of ISO 8601. */
  readonly date: string;
}

/** In the log and in counts of hits, without white space. */
export function nameBuiltinRule({ text }: BuiltinRule): string {
  return `builtin:${text}`;
}

/** postgrey's list of clients gives the day and the reason of every entry; these are its facts. */
const POSTGREY = "postgrey 1.37, whitelist_clients";

type Row = readonly [MatchOn, string, BuiltinReason, string, string];

const ROWS: readonly Row[] = [
  ["recipient", "postmaster@", "duty", "RFC 5321, 4.5.1", "2008-10-01"],
  ["recipient", "abuse@", "duty", "RFC 2142, 4", "1997-05-01"],
  ["client", "vger.kernel.org", "new sender each time", POSTGREY, "2004-05-20"],
  ["client", "nic.fr", "no retry", POSTGREY, "2004-07-01"],
  ["client", "bigfish.com", "slow retry", POSTGREY, "2010-06-10"],
  ["client", "upcmail.net", "many hosts", POSTGREY, "2011-05-02"],
  ["client", "mout-xforward.gmx.net", "slow retry", POSTGREY, "2014-01-29"],
  ["client", "outlook.com", "many hosts", POSTGREY, "2015-07-23"],
  ["client", "mail.alibaba.com", "many hosts", POSTGREY, "2015-08-19"],
  ["client", "mtasv.net", "no retry", POSTGREY, "2016-05-05"],
  ["client", "amazonses.com", "many hosts", POSTGREY, "2016-09-13"],
  ["client", "github.com", "slow retry", POSTGREY, "2016-11-16"],
  ["client", "battle.net", "slow retry", POSTGREY, "2017-01-11"],
  ["client", "twitter.com", "many hosts", POSTGREY, "2017-02-09"],
  ["client", "mail-out.ovh.net", "many hosts", POSTGREY, "2017-05-18"],
  ["client", "systemalerts.mailchimp.com", "new sender each time", POSTGREY, "2018-04-25"],
  ["client", "reflexion.net", "many hosts", POSTGREY, "2018-09-02"],
  ["client", "protonmail.ch", "many hosts", POSTGREY, "2019-06-25"],
  ["client", "mailspamprotection.com", "many hosts", POSTGREY, "2022-01-22"],
  ["client", "barracuda.com", "many hosts", POSTGREY, "2022-01-22"],
  ["client", "smtp2go.com", "many hosts", POSTGREY, "2022-01-22"],
];

/** The built-in allow list. */
export const BUILTIN: readonly BuiltinRule[] = ROWS.map(([matchOn, text, reason, source, date]) => {
  const parsed = parsePattern(matchOn, text);
  if (!parsed.ok) throw new Error(`built-in entry ${text}: ${parsed.why}`);
  return { list: "allow", matchOn, pattern: parsed.pattern, text, reason, source, date };
});

const SENDERS = new WellKnownSenders(wellKnownSenders(WELL_KNOWN));

/**
 * The built-in entry of an SPF record, such as `via:_spf.google.com`.
 *
 * @param domain the record's domain, in canonical form.
 */
export function wellKnownVia(domain: string): string | undefined {
  const sender = SENDERS.findVia(domain);
  return sender && `via:${sender.pattern}`;
}
