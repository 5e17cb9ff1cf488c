/**
 * Reads what a site has to tell: first all records in the order of their keys, then the outbox.
 *
 * @module
 */
import type { BindValue, Database } from "@db/sqlite";
import { ownPart, type ReputationPart } from "../greylist/merge.ts";
import type { Connection } from "./connection.ts";
import { REPUTATION_COLUMNS, reputationOf, type ReputationRow } from "./greylist_records.ts";
import { originsOf, RELATION_ORIGINS } from "./relation_origins.ts";
import { PARTS, readParts } from "./reputation_parts.ts";
import type { ChangePage, SharedChange, Site } from "./shared_change.ts";

/** Numbers of the newest rows of `outbox` and `outbox_pending`. */
type Numbers = readonly [known: number, pending: number];

interface Position {
  readonly incarnation: string;
  readonly numbers: Numbers;
  /** Where all records are read: the table and the key of the last row. */
  readonly scan?: { readonly table: ScanTable; readonly after: readonly string[] };
}

/** Known senders and entries before strangers. */
const SCAN_TABLES = [
  "forgotten",
  "entry_stamp",
  "entry",
  "relation",
  "reputation",
  "reputation_part",
  "ended_pending",
  "pending",
] as const;
type ScanTable = typeof SCAN_TABLES[number];

const SCAN_KEYS: Readonly<Record<ScanTable, readonly string[]>> = {
  forgotten: ["hash"],
  entry_stamp: ["list", "match_on", "pattern"],
  entry: ["list", "match_on", "pattern"],
  relation: ["recipient_id", "sender"],
  reputation: ["name"],
  reputation_part: ["name", "site"],
  ended_pending: ["sender", "recipient", "network"],
  pending: ["sender", "recipient", "network"],
};

function formatPosition({ incarnation, numbers, scan }: Position): string {
  const log = `${incarnation}/${numbers.join("/")}`;
  return scan === undefined ? log : `${log}/${JSON.stringify([scan.table, ...scan.after])}`;
}

function parsePosition(text: string): Position | undefined {
  const match = /^([^/]+)\/(\d{1,15})\/(\d{1,15})(?:\/(\[.*\]))?$/s.exec(text);
  if (match === null) return undefined;
  const [, incarnation = "", known, pending, scan] = match;
  const position = { incarnation, numbers: [Number(known), Number(pending)] as const };
  if (scan === undefined) return position;
  try {
    const [name, ...after] = JSON.parse(scan) as unknown[];
    const table = SCAN_TABLES.find((one) => one === name);
    const isKey = after.every((part) => typeof part === "string");
    if (table === undefined || !isKey) return undefined;
    if (after.length > 0 && after.length !== SCAN_KEYS[table].length) return undefined;
    return { ...position, scan: { table, after: after as string[] } };
  } catch {
    return undefined;
  }
}

export function newestNumbers(db: Database): Numbers {
  const newest = (table: string) =>
    db.prepare(`SELECT coalesce(max(number), 0) FROM ${table}`).value<[number]>()![0];
  return [newest("outbox"), newest("outbox_pending")];
}

/** The rows of the outbox that are kept. */
export function outboxRows(db: Database): number {
  const rows = (table: string) =>
    db.prepare(`SELECT coalesce(max(number) - min(number) + 1, 0) FROM ${table}`)
      .value<[number]>()![0];
  return rows("outbox") + rows("outbox_pending");
}

/** Rows of the outbox after a position. */
export function unreadRows(db: Database, text: string): number {
  const position = parsePosition(text);
  if (position === undefined) return 0;
  const newest = newestNumbers(db);
  return position.numbers.reduce((sum, number, at) => sum + Math.max(0, newest[at]! - number), 0);
}

/** True while the outbox has everything after these numbers. */
function reaches(db: Database, [known, pending]: Numbers): boolean {
  const oldest = (table: string) =>
    db.prepare(`SELECT coalesce(min(number), 1) FROM ${table}`).value<[number]>()![0];
  return known >= oldest("outbox") - 1 && pending >= oldest("outbox_pending") - 1;
}

/** The same for two sites that store the same text for an address. */
export function privacyMark({ pseudonym }: Connection): string {
  return pseudonym === undefined ? "clear" : pseudonym("greylag");
}

/** Reads the changes after a position; an empty one, or one of another database, begins with all records. */
export function readChanges(
  connection: Connection,
  site: Site,
  text: string,
  limit: number,
): ChangePage {
  const { db } = connection;
  const { incarnation } = site;
  const newest = newestNumbers(db);
  const given = parsePosition(text);
  const isOwn = given?.incarnation === incarnation;
  const isAhead = isOwn && given.numbers.some((number, at) => number > newest[at]!);
  const isUsable = isOwn && !isAhead && (given.scan !== undefined || reaches(db, given.numbers));
  const position: Position = isUsable
    ? given
    : { incarnation, numbers: newest, scan: { table: SCAN_TABLES[0], after: [] } };
  const { changes, next, isMore } = position.scan === undefined
    ? readOutbox(connection, site, position, limit)
    : scanTable(connection, site, position, position.scan, limit);
  const privacy = privacyMark(connection);
  return { incarnation, privacy, changes, next: formatPosition(next), isMore, isAhead };
}

interface Part {
  readonly changes: SharedChange[];
  readonly next: Position;
  readonly isMore: boolean;
}

const PENDING = "sender, recipient, network, origins, first_seen, last_seen, tries, expires";
const ENDED = "sender, recipient, network, first_seen, expires, ended";
const RELATION = `sender, recipient, ${RELATION_ORIGINS}, first_seen, last_seen FROM relation_text`;

type PendingRow = [string, string, string, string, number, number, number, number];
type EndedRow = [string, string, string, number, number, number];
type RelationRow = [string, string, string, number, number];
type EntryRow = [
  list: string,
  matchOn: string,
  pattern: string,
  id: number,
  note: string,
  addedBy: string,
  created: number,
  expires: number | null,
  stamp: number | null,
];

function pendingChange([from, to, network, origins, ...rest]: PendingRow): SharedChange {
  return ["pending", from, to, network, originsOf(origins), ...rest];
}

function relationChange([from, to, origins, ...rest]: RelationRow): SharedChange {
  return ["relation", from, to, originsOf(origins), ...rest];
}

const ENTRY = "e.list, e.match_on, e.pattern, e.id, e.note, e.added_by, e.created, e.expires, " +
  "s.stamp FROM entry e LEFT JOIN entry_stamp s USING (list, match_on, pattern)";

function entryChange(row: EntryRow): SharedChange {
  const [list, matchOn, pattern, id, note, addedBy, created, expires, stamp] = row;
  const entry = { id, note, addedBy, created, expires };
  return ["entry", list, matchOn, pattern, stamp ?? created, entry];
}

function scanTable(
  connection: Connection,
  site: Site,
  position: Position,
  { table, after }: NonNullable<Position["scan"]>,
  limit: number,
): Part {
  const key = SCAN_KEYS[table];
  const prefix = table === "entry" ? "e." : "";
  const columns = key.map((column) => prefix + column).join(", ");
  const where = after.length === 0 ? "" : `WHERE (${columns}) > (${key.map(() => "?").join(", ")})`;
  const rest = `${where} ORDER BY ${columns} LIMIT ?`;
  const values: BindValue[] = [...after, limit];
  const { changes, last } = scanRows(connection, site, table, rest, values);
  if (last.length > 0) {
    return { changes, next: { ...position, scan: { table, after: last } }, isMore: true };
  }
  const following = SCAN_TABLES[SCAN_TABLES.indexOf(table) + 1];
  const { incarnation, numbers } = position;
  const next = following === undefined
    ? { incarnation, numbers }
    : { incarnation, numbers, scan: { table: following, after: [] } };
  return { changes, next, isMore: true };
}

/** @returns the key of the last row, empty if there was none. */
function scanRows(
  connection: Connection,
  site: Site,
  table: ScanTable,
  rest: string,
  values: readonly BindValue[],
): { changes: SharedChange[]; last: readonly string[] } {
  const read = <Row extends unknown[]>(what: string) =>
    connection.statement(`SELECT ${what} ${rest}`).values<Row>(...values);
  const keyed = <Row extends unknown[]>(
    rows: readonly Row[],
    change: (row: Row) => SharedChange | undefined,
  ) => ({
    changes: rows.map(change).filter((one) => one !== undefined),
    last: (rows.at(-1) ?? []).slice(0, SCAN_KEYS[table].length).map(String),
  });
  switch (table) {
    case "forgotten":
      return keyed(
        read<[string, number]>("hash, time FROM forgotten"),
        (row) => ["forgotten", ...row],
      );
    case "entry_stamp":
      return keyed(
        read<[string, string, string, number, number]>(
          "list, match_on, pattern, stamp, removed FROM entry_stamp",
        ),
        ([list, matchOn, pattern, stamp, removed]) =>
          removed === 1 ? ["entry", list, matchOn, pattern, stamp, null] : undefined,
      );
    case "entry":
      return keyed(read<EntryRow>(ENTRY), entryChange);
    case "relation":
      return keyed(
        read<[string, ...RelationRow]>(`recipient_id, ${RELATION}`),
        ([, ...row]) => relationChange(row),
      );
    case "reputation":
      return keyed(
        read<[string, ...ReputationRow]>(`name, ${REPUTATION_COLUMNS} FROM reputation`),
        ([name, ...row]) => {
          const isSplit = connection.statement(
            "SELECT 1 FROM reputation_part WHERE name = ? LIMIT 1",
          ).value(name) !== undefined;
          if (isSplit) return undefined;
          return ["reputation", name, ownPart(site.incarnation, reputationOf(row), [], 0)];
        },
      );
    case "reputation_part":
      return keyed(
        read<[string, string, string]>("name, site, part FROM reputation_part"),
        ([name, , part]) => ["reputation", name, JSON.parse(part) as ReputationPart],
      );
    case "ended_pending":
      return keyed(read<EndedRow>(`${ENDED} FROM ended_pending`), (row) => ["ended", ...row]);
    case "pending":
      return keyed(read<PendingRow>(`${PENDING} FROM pending`), pendingChange);
  }
}

type OutboxRow = [
  number: number,
  kind: string,
  a: string,
  b: string | null,
  c: string | null,
  data: string | null,
];

function readOutbox(
  connection: Connection,
  site: Site,
  { incarnation, numbers }: Position,
  limit: number,
): Part {
  const changes: SharedChange[] = [];
  const known = connection.statement(
    "SELECT number, kind, a, b, c, data FROM outbox WHERE number > ? ORDER BY number LIMIT ?",
  ).values<OutboxRow>(numbers[0], limit);
  const seen = new Set<string>();
  for (const row of known) {
    const text = row.slice(1).join("\0");
    if (seen.has(text)) continue;
    seen.add(text);
    const change = changeOf(connection, site, row);
    if (change !== undefined) changes.push(change);
  }
  const left = limit - known.length;
  const pending = left <= 0 ? [] : connection.statement(
    "SELECT o.number, o.sender, o.recipient, o.network, p.origins, p.first_seen, p.last_seen, " +
      "p.tries, p.expires FROM outbox_pending o " +
      "LEFT JOIN pending p USING (sender, recipient, network) WHERE o.number > ? " +
      "ORDER BY o.number LIMIT ?",
  ).values<[number, ...PendingRow]>(numbers[1], left);
  for (const [, ...row] of pending) {
    const [sender, recipient, network] = row;
    if (row[3] !== null) {
      changes.push(pendingChange(row));
      continue;
    }
    const ended = connection.statement(
      `SELECT ${ENDED} FROM ended_pending WHERE sender = ? AND recipient = ? AND network = ?`,
    ).value<EndedRow>(sender, recipient, network);
    if (ended !== undefined) changes.push(["ended", ...ended]);
  }
  const next = {
    incarnation,
    numbers: [known.at(-1)?.[0] ?? numbers[0], pending.at(-1)?.[0] ?? numbers[1]] as const,
  };
  return { changes, next, isMore: known.length + pending.length >= limit };
}

/** @returns undefined if the record is gone. */
function changeOf(
  connection: Connection,
  site: Site,
  [, kind, a, b, c, data]: OutboxRow,
): SharedChange | undefined {
  switch (kind) {
    case "relation": {
      const row = connection.statement(
        `SELECT ${RELATION} WHERE sender = ? AND recipient = ?`,
      ).value<RelationRow>(a, b);
      return row && relationChange(row);
    }
    case "reputation": {
      const row = connection.statement(
        `SELECT ${REPUTATION_COLUMNS} FROM reputation WHERE name = ?`,
      ).value<ReputationRow>(a);
      return row && ["reputation", a, partOf(connection, site, a, row)];
    }
    case "entry": {
      const row = connection.statement(
        `SELECT ${ENTRY} WHERE e.list = ? AND e.match_on = ? AND e.pattern = ?`,
      ).value<EntryRow>(a, b, c);
      if (row !== undefined) return entryChange(row);
      const stamp = connection.statement(
        "SELECT stamp FROM entry_stamp WHERE list = ? AND match_on = ? AND pattern = ?",
      ).value<[number]>(a, b, c);
      return stamp && ["entry", a, b!, c!, stamp[0], null];
    }
    case "forgotten":
      return ["forgotten", a, Number(data)];
    case "passed":
      return ["passed", a, b!, Number(data), c!];
  }
  return undefined;
}

function partOf(
  connection: Connection,
  { incarnation }: Site,
  name: string,
  row: ReputationRow,
): ReputationPart {
  const parts = readParts(connection.statement(PARTS), name);
  return parts.find(({ site }) => site === incarnation) ??
    ownPart(incarnation, reputationOf(row), parts, 0);
}
