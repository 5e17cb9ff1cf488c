/**
 * Searches the history by page. A page begins at a key, never at an offset, and scans a limited number
 * of rows, so that no search holds up other work for long.
 *
 * @module
 */
import type { BindValue, Database } from "@db/sqlite";
import { foldSender, retrySender } from "../greylist/normalise.ts";
import {
  type DecisionSearch,
  type Deferral,
  type DeferralCounts,
  type DeferralSearch,
  type DeferralState,
  type Page,
  REJECTING_REASONS,
  type Search,
  type Selection,
  type StoredDecision,
} from "./history.ts";
import { hideOrigin, isPseudonym, type Pseudonym } from "./pseudonym.ts";

/** Maximum number of rows scanned for one page. */
export const SCAN = 20_000;

/** Maximum number of hashes scanned for one page. */
const NARROW_SCAN = 200_000;

export interface Condition {
  readonly sql: string;
  readonly values: readonly BindValue[];
}

export const EVERYTHING: Condition = { sql: "1", values: [] };

/** The `LIKE ? ESCAPE '\'` pattern of a text anywhere in a column; wildcards in it match themselves. */
export function anywhere(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, "\\$&")}%`;
}

/** Matches a text anywhere in the columns, or the whole text where they hold hashes. */
export function contains(columns: readonly string[], text: string, hide?: Pseudonym): Condition {
  if (text === "") return EVERYTHING;
  if (hide === undefined) {
    const like = anywhere(text);
    return {
      sql: `(${columns.map((column) => `${column} LIKE ? ESCAPE '\\'`).join(" OR ")})`,
      values: columns.map(() => like),
    };
  }
  const forms = [
    hide(text),
    hide(foldSender(text, "")),
    hide(retrySender(text)),
    hide.ofRecipient(text),
    hideOrigin(text, hide),
  ];
  const places = forms.map(() => "?").join(", ");
  return {
    sql: `(${columns.map((column) => `${column} IN (${places})`).join(" OR ")})`,
    values: columns.flatMap(() => forms),
  };
}

export function anyOf(conditions: readonly Condition[]): Condition {
  return {
    sql: `(${conditions.map(({ sql }) => sql).join(" OR ") || "0"})`,
    values: conditions.flatMap(({ values }) => values),
  };
}

const NAMES: Readonly<Record<string, string>> = {
  client_address: "clientAddress",
  client_name: "clientName",
  helo_name: "heloName",
  by_rule: "by",
  first_seen: "firstSeen",
  last_seen: "lastSeen",
  ended_by: "endedBy",
  ended_at_site: "endedAtSite",
  accepted_from: "acceptedFrom",
  network_changes: "networkChanges",
  last_retried: "lastRetried",
  last_abandoned: "lastAbandoned",
  trapped_until: "trappedUntil",
  sender_domain: "senderDomain",
};

/** A row without its NULL columns, by the names of its fields. */
export function present<Row>(row: Record<string, unknown>): Row {
  const entries = Object.entries(row).filter(([, value]) => value !== null);
  return Object.fromEntries(entries.map(([name, value]) => [NAMES[name] ?? name, value])) as Row;
}

const CLIENT_COLUMNS = ["sender", "recipient", "client_address", "client_name"];

interface Range {
  readonly from?: number | undefined;
  readonly until?: number | undefined;
}

/**
 * One page of a table with an `id`, the newest first, within a range of time.
 *
 * @param narrow selects the numbers that `conditions` can match, within a range of numbers; absent to
 * scan the table itself.
 */
function newestFirst<Row>(
  db: Database,
  table: "decision" | "deferral",
  { limit, after, from, until }: Search & Range,
  conditions: readonly Condition[],
  narrow?: Condition,
): Page<Row> {
  const column = table === "decision" ? "time" : "first_seen";
  const edge = (name: "min" | "max") =>
    db.prepare(`SELECT ${name}(id) FROM ${table}`).value<[number | null]>()![0] ?? 0;
  const oldest = Math.max(edge("min"), from === undefined ? 0 : firstAt(db, table, column, from));
  const end = until === undefined ? edge("max") + 1 : firstAt(db, table, column, until);
  const before = after === undefined ? end : Math.min(end, Number(after));
  const down = Math.max(oldest, before - (narrow === undefined ? SCAN : NARROW_SCAN));
  const range = "id < ? AND id >= ?";
  const scanned = narrow === undefined ? { sql: range, values: [before, down] } : {
    sql: `id IN (SELECT id FROM decision_hash WHERE ${range} AND ${narrow.sql})`,
    values: [before, down, ...narrow.values],
  };
  const all = [scanned, ...conditions];
  const rows = db.prepare(
    `SELECT * FROM ${table} WHERE ${
      all.map(({ sql }) => sql).join(" AND ")
    } ORDER BY id DESC LIMIT ?`,
  ).all<Record<string, unknown>>(...all.flatMap(({ values }) => values), limit);
  const last = rows.length < limit ? down : Number(rows.at(-1)!["id"]);
  return {
    rows: rows.map((row) => present<Row>(row)),
    next: last > oldest ? String(last) : undefined,
  };
}

type Form = (text: string) => string;

/** The conditions of a selection. */
function selected(selection: Selection, hide?: Pseudonym): Condition[] {
  const { senderDomain, recipient, network, clientAddress } = selection;
  const conditions: Condition[] = [];
  const equals = (column: string, value: string | undefined, form: Form | undefined = hide) => {
    if (value === undefined) return;
    // A page links to the hash that it shows.
    const hidden = form === undefined || isPseudonym(value) ? value : form(value);
    conditions.push({ sql: `${column} = ?`, values: [hidden] });
  };
  equals("sender_domain", senderDomain);
  equals("recipient", recipient, hide?.ofRecipient);
  equals("network", network, hide && ((name) => hideOrigin(name, hide)));
  equals("client_address", clientAddress);
  return conditions;
}

/** FNV-1a of 32 bits without case, as a small integer for a column that is scanned. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  const lower = text.toLowerCase();
  for (let at = 0; at < lower.length; at++) {
    hash = Math.imul(hash ^ lower.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}

/** The conditions on the hashes of decisions that follow from a selection. */
function narrowed(conditions: readonly Condition[]): Condition | undefined {
  const hashed = conditions.filter(({ sql }) =>
    /^(?:sender_domain|network|recipient) = /.test(sql)
  );
  if (hashed.length === 0) return undefined;
  return {
    sql: hashed.map(({ sql }) => sql).join(" AND "),
    values: hashed.map(({ values }) => hashOf(String(values[0]))),
  };
}

/** The first number of a table whose column is at this time or later: the numbers increase with time. */
export function firstAt(
  db: Database,
  table: "decision" | "deferral",
  column: "time" | "first_seen",
  at: number,
): number {
  const next = db.prepare(`SELECT id, ${column} FROM ${table} WHERE id >= ? ORDER BY id LIMIT 1`);
  let low = 0;
  let high = (db.prepare(`SELECT max(id) FROM ${table}`).value<[number | null]>()![0] ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = next.value<[number, number]>(middle);
    if (row === undefined || row[1] >= at) high = middle;
    else low = row[0] + 1;
  }
  return low;
}

export function searchDecisions(
  db: Database,
  search: DecisionSearch,
  hide?: Pseudonym,
): Page<StoredDecision> {
  const { text, reasons, decision, deferral } = search;
  const conditions = [contains(CLIENT_COLUMNS, text, hide), ...selected(search, hide)];
  if (reasons !== undefined) {
    const places = reasons.map(() => "?").join(", ");
    conditions.push({ sql: `reason IN (${places})`, values: reasons });
  }
  if (decision !== undefined) {
    conditions.push({ sql: "coalesce(shadow, decision) = ?", values: [decision] });
  }
  if (deferral !== undefined) conditions.push({ sql: "deferral = ?", values: [deferral] });
  return newestFirst(db, "decision", search, conditions, narrowed(conditions));
}

const REJECTING = REJECTING_REASONS.map((reason) => `'${reason}'`).join(", ");

/** `deferralState` as SQL. */
export const STATE_CONDITIONS: Readonly<Record<DeferralState, string>> = {
  "retried": `ended IS NOT NULL AND ended_by NOT IN (${REJECTING})`,
  "rejected": `ended_by IN (${REJECTING})`,
  "waiting": "ended IS NULL AND last_seen >= :quietSince",
  "not-retried": "ended IS NULL AND last_seen < :quietSince",
};

function inState(state: DeferralState, quietSince: number): Condition {
  const sql = STATE_CONDITIONS[state].replace(":quietSince", "?");
  return { sql, values: sql.includes("?") ? [quietSince] : [] };
}

export function searchDeferrals(
  db: Database,
  search: DeferralSearch,
  hide?: Pseudonym,
): Page<Deferral> {
  const { legitimacyFrom, state, quietSince = 0, mailbox } = search;
  const conditions = [contains(CLIENT_COLUMNS, search.text, hide), ...selected(search, hide)];
  if (mailbox !== undefined) {
    conditions.push({ sql: "key_recipient = ?", values: [hide?.ofRecipient(mailbox) ?? mailbox] });
  }
  if (legitimacyFrom !== undefined) {
    conditions.push({ sql: "legitimacy >= ?", values: [legitimacyFrom] });
  }
  if (state !== undefined) conditions.push(inState(state, quietSince));
  const page = newestFirst<Omit<Deferral, "evidence"> & { readonly evidence?: string }>(
    db,
    "deferral",
    search,
    conditions,
  );
  return { rows: page.rows.map(withEvidence), next: page.next };
}

function withEvidence(
  { evidence, ...row }: Omit<Deferral, "evidence"> & { readonly evidence?: string },
): Deferral {
  return evidence === undefined ? row : { ...row, evidence: JSON.parse(evidence) };
}

/** Counts the deferrals of a period by their state, by the conditions of {@linkcode searchDeferrals}. */
export function countDeferrals(
  db: Database,
  from: number,
  quietSince: number,
  until: number,
): DeferralCounts {
  const counts = Object.entries(STATE_CONDITIONS).map(([state, sql]) =>
    `coalesce(sum(${sql}), 0) AS "${state}"`
  );
  return db.prepare(
    `SELECT ${counts.join(", ")} FROM deferral WHERE id >= :begin AND id < :end`,
  ).get<DeferralCounts>({
    quietSince,
    begin: firstAt(db, "deferral", "first_seen", from),
    end: firstAt(db, "deferral", "first_seen", until),
  })!;
}

/** Counts the deferrals that began from a time on and whose retry found the client listed. */
export function countListed(db: Database, from: number): number {
  return db.prepare(
    "SELECT count(DISTINCT deferral) FROM decision WHERE reason = 'listed' AND deferral >= ?",
  ).value<[number]>(firstAt(db, "deferral", "first_seen", from))![0];
}
