import type { Database } from "@db/sqlite";
import { retrySender } from "../greylist/normalise.ts";
import { rewriteTables, truncateLog } from "./erase.ts";
import { BLANK_PENDING_ROWS, BLANK_ROWS } from "./outbox.ts";
import { hideOrigin, type Pseudonym } from "./pseudonym.ts";
import { originsOf, SEPARATOR, unpackOrigins } from "./relation_origins.ts";
import { RelationTable } from "./relation_table.ts";
import { hashOf } from "./search.ts";
import { renewIncarnation } from "./site.ts";
import { inTransaction } from "./transaction.ts";

function hideHistory(db: Database, hide: Pseudonym): void {
  const clients = "client_address, client_name, helo_name";
  const decisions = db.prepare(
    `SELECT id, sender, recipient, origin, sender_domain, network, ${clients} FROM decision ` +
      "WHERE substr(recipient, 1, 1) <> '~'",
  ).values<[number, string, string, string | null, string, string, string, string, string]>();
  const ofDecision = db.prepare(
    "UPDATE decision SET sender = ?, recipient = ?, origin = ?, sender_domain = ?, network = ?, " +
      "client_address = ?, client_name = ?, helo_name = ? WHERE id = ?",
  );
  const ofHash = db.prepare(
    "UPDATE decision_hash SET sender_domain = ?, network = ?, recipient = ? WHERE id = ?",
  );
  for (const [id, sender, recipient, origin, domain, network, ...client] of decisions) {
    const to = hide.ofRecipient(recipient);
    const names = [hide(domain), hideOrigin(network, hide)];
    ofDecision.run(
      hide(retrySender(sender)),
      to,
      origin === null ? null : hideOrigin(origin, hide),
      ...names,
      ...client.map(hide),
      id,
    );
    ofHash.run(...[...names, to].map(hashOf), id);
  }
  const deferrals = db.prepare(
    `SELECT id, key_sender, key_recipient, sender_domain, network, ${clients} FROM deferral ` +
      "WHERE substr(recipient, 1, 1) <> '~'",
  ).values<[number, string, string, string, string, string, string, string]>();
  const ofDeferral = db.prepare(
    "UPDATE OR REPLACE deferral SET key_sender = ?1, key_recipient = ?2, sender = ?1, " +
      "recipient = ?2, sender_domain = ?3, network = ?4, client_address = ?5, client_name = ?6, " +
      "helo_name = ?7, evidence = NULL WHERE id = ?8",
  );
  for (const [id, sender, recipient, domain, network, ...client] of deferrals) {
    const names = [hide(sender), hide(recipient), hide(domain), hideOrigin(network, hide)];
    ofDeferral.run(...names, ...client.map(hide), id);
  }
}

/** A table of the greylist other than `relation`: the columns of its key, and those with origins. */
interface GreylistTable {
  readonly name: string;
  readonly key: readonly string[];
  readonly origins: readonly string[];
}

const GREYLIST_TABLES: readonly GreylistTable[] = [
  { name: "pending", key: ["sender", "recipient", "network"], origins: ["network", "origins"] },
  { name: "reputation", key: ["name"], origins: ["name"] },
];

type Row = Record<string, string>;

function columnsOf({ key, origins }: GreylistTable): string[] {
  return [...new Set([...key, ...origins])];
}

function clearRows(db: Database, table: GreylistTable): Row[] {
  const first = table.key[0]!;
  const clear = first === "name"
    ? "substr(name, instr(name, ':') + 1, 1) <> '~'"
    : "substr(recipient, 1, 1) <> '~'";
  return db.prepare(
    `SELECT ${columnsOf(table).join(", ")} FROM ${table.name} WHERE ${clear}`,
  ).all<Row>();
}

function hideRows(db: Database, table: GreylistTable, rows: readonly Row[], hide: Pseudonym): void {
  const columns = columnsOf(table);
  const update = db.prepare(
    `UPDATE OR REPLACE ${table.name} SET ${columns.map((column) => `${column} = ?`).join(", ")} ` +
      `WHERE ${table.key.map((column) => `${column} = ?`).join(" AND ")}`,
  );
  const hidden = (column: string, text: string) =>
    table.origins.includes(column)
      ? originsOf(text).map((origin) => hideOrigin(origin, hide)).join(SEPARATOR)
      : hide(text);
  for (const row of rows) {
    update.run(
      ...columns.map((column) => hidden(column, row[column]!)),
      ...table.key.map((column) => row[column]!),
    );
  }
}

const CLEAR_RECIPIENTS = "FROM recipient WHERE substr(address, 1, 1) <> '~'";

function hideRelations(db: Database, hide: Pseudonym): void {
  const relations = new RelationTable(db);
  const ofRecipient = db.prepare(
    "SELECT sender, origins, first_seen, last_seen FROM relation_text WHERE recipient_id = ?",
  );
  const remove = db.prepare("DELETE FROM relation WHERE recipient_id = ?");
  const recipients = db.prepare(`SELECT id, address ${CLEAR_RECIPIENTS}`).values<
    [number, string]
  >();
  for (const [id, recipient] of recipients) {
    const rows = ofRecipient.values<[string, string, number, number]>(id);
    const hidden = hide(recipient);
    remove.run(id);
    for (const [sender, packed, firstSeen, lastSeen] of rows) {
      const origins = unpackOrigins(packed, sender).map((origin) => hideOrigin(origin, hide));
      relations.put(hide(sender), hidden, { origins, firstSeen, lastSeen });
    }
  }
  db.exec(`DELETE ${CLEAR_RECIPIENTS}`);
}

/** Other sites read all records again. */
function hideShared(db: Database): void {
  db.exec(BLANK_ROWS);
  db.exec(BLANK_PENDING_ROWS);
  db.exec("DELETE FROM ended_pending");
  db.exec("DELETE FROM reputation_part");
  renewIncarnation(db);
}

/** Replaces the addresses that an earlier run stored in clear, and removes their traces in the files. */
export function pseudonymise(db: Database, hide: Pseudonym): void {
  // A pseudonym begins with ~.
  const inClear = "SELECT 1 FROM decision WHERE substr(recipient, 1, 1) <> '~' UNION ALL " +
    "SELECT 1 FROM deferral WHERE substr(recipient, 1, 1) <> '~' LIMIT 1";
  const history = db.prepare(inClear).value() !== undefined;
  const relations = db.prepare(`SELECT 1 ${CLEAR_RECIPIENTS} LIMIT 1`).value() !== undefined;
  const tables = GREYLIST_TABLES.map((table) => ({ table, rows: clearRows(db, table) }));
  const records = relations || tables.some(({ rows }) => rows.length > 0);
  if (!history && !records) return;
  inTransaction(db, () => {
    if (records) {
      // Simpler than hiding them: the domains that a provider served are counted anew.
      db.exec("UPDATE reputation SET domains = NULL");
    }
    for (const { table, rows } of tables) hideRows(db, table, rows, hide);
    hideRelations(db, hide);
    hideShared(db);
    if (history) hideHistory(db, hide);
    rewriteTables(db);
  });
  truncateLog(db);
}
