import type { Database, Statement } from "@db/sqlite";
import { canonicalDomain, splitAddress } from "../net/email_address.ts";
import { registrableDomain } from "../net/hostname.ts";
import type { Connection, DatabaseAccess } from "./connection.ts";
import type {
  DecisionRecord,
  DelayTally,
  HistoryStore,
  Period,
  Records,
  Tally,
  TopKey,
  TopRow,
} from "./history.ts";
import type { Outbox } from "./outbox.ts";
import { hideOrigin, type Pseudonym } from "./pseudonym.ts";
import {
  countDeferrals,
  countListed,
  firstAt,
  hashOf,
  searchDecisions,
  searchDeferrals,
  STATE_CONDITIONS,
} from "./search.ts";

/** The history store in the tables `decision`, `deferral`, `tally` and `delay_tally`. */
export function historyStoreOn(database: DatabaseAccess): HistoryStore {
  return {
    record: (records) => database.write((connection) => writeRecords(connection, records)),
    findDecisions: (search) =>
      database.read(({ db, pseudonym }) => searchDecisions(db, search, pseudonym)),
    findDeferrals: (search) =>
      database.read(({ db, pseudonym }) => searchDeferrals(db, search, pseudonym)),
    tallies: (since) => database.read(({ db }) => readTallies(db, since)),
    delayTallies: (since) => database.read(({ db }) => readDelayTallies(db, since)),
    countDeferrals: (since, quietSince, until = Number.MAX_SAFE_INTEGER) =>
      database.read(({ db }) => countDeferrals(db, since, quietSince, until)),
    countListed: (since) => database.read(({ db }) => countListed(db, since)),
    topDeferrals: (by, period, limit) =>
      database.read(({ db }) => readTopDeferrals(db, by, period, limit)),
    retriedDomains: () => database.read(({ db }) => readRetriedDomains(db)),
    retryDelays: (senderDomain, limit) =>
      database.read(({ db, pseudonym }) =>
        readRetryDelays(db, pseudonym?.(senderDomain) ?? senderDomain, limit)
      ),
  };
}

/** A decision, and the registrable domain of its sender. */
type Row = DecisionRecord & { readonly senderDomain: string };

/** The domain that owns a sender; empty for the null sender. */
function senderDomainOf(sender: string): string {
  const domain = canonicalDomain(splitAddress(sender).domain);
  return registrableDomain(domain) ?? domain;
}

/** A decision as it is stored: with hashes in place of addresses and names if they are hidden. */
function hidden(record: DecisionRecord, hide: Pseudonym | undefined): Row {
  const senderDomain = senderDomainOf(record.sender);
  if (hide === undefined) return { ...record, senderDomain };
  const normalisedSender = hide(record.normalisedSender);
  const normalisedRecipient = hide(record.normalisedRecipient);
  return {
    ...record,
    clientAddress: hide(record.clientAddress),
    clientName: hide(record.clientName),
    heloName: hide(record.heloName),
    // A search hashes the normalised form.
    sender: normalisedSender,
    recipient: normalisedRecipient,
    normalisedSender,
    normalisedRecipient,
    senderDomain: hide(senderDomain),
    // Its terms name hosts and domains.
    evidence: undefined,
    network: hideOrigin(record.network, hide),
    ...(record.origin === undefined ? {} : { origin: hideOrigin(record.origin, hide) }),
  };
}

type OpenRow = [id: number, lastSeen: number, ended: number | null, network: string];

/** Writes the decisions of one batch. */
class DecisionWriter {
  readonly #quietPeriod: number;
  readonly #find: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #end: Statement;
  readonly #remove: Statement;
  readonly #write: Statement;
  readonly #hash: Statement;
  readonly #findPending: Statement;
  readonly #outbox: Outbox | undefined;

  constructor(connection: Connection, quietPeriod: number) {
    this.#quietPeriod = quietPeriod;
    this.#outbox = connection.outbox;
    this.#findPending = connection.statement(
      "SELECT 1 FROM pending WHERE sender = ? AND recipient = ? LIMIT 1",
    );
    this.#find = connection.statement(
      "SELECT id, last_seen, ended, network FROM deferral " +
        "WHERE key_sender = ? AND key_recipient = ?",
    );
    this.#insert = connection.statement(
      "INSERT INTO deferral (key_sender, key_recipient, sender, recipient, sender_domain, " +
        "first_seen, last_seen, accepted_from, tries, network_changes, network, client_address, " +
        "client_name, helo_name, legitimacy, evidence) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 0, ?, ?, ?, ?, ?, ?) RETURNING id",
    );
    this.#update = connection.statement(
      "UPDATE deferral SET last_seen = max(last_seen, ?), accepted_from = ?, tries = tries + 1, " +
        "network_changes = network_changes + ?, sender = ?, recipient = ?, network = ?, " +
        "client_address = ?, client_name = ?, helo_name = ?, legitimacy = max(legitimacy, ?), " +
        "evidence = coalesce(evidence, ?) WHERE id = ?",
    );
    this.#end = connection.statement("UPDATE deferral SET ended = ?, ended_by = ? WHERE id = ?");
    this.#remove = connection.statement("DELETE FROM deferral WHERE id = ?");
    this.#write = connection.statement(
      "INSERT INTO decision (time, decision, reason, shadow, client_address, client_name, " +
        "helo_name, sender, recipient, sender_domain, network, deferral, origin, by_rule, wait, " +
        "delayed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    );
    this.#hash = connection.statement(
      "INSERT INTO decision_hash (id, sender_domain, network, recipient) VALUES (?, ?, ?, ?)",
    );
  }

  write(one: Row): void {
    const [id] = this.#write.value<[number]>(
      one.time,
      one.decision,
      one.reason,
      one.shadow,
      one.clientAddress,
      one.clientName,
      one.heloName,
      one.sender,
      one.recipient,
      one.senderDomain,
      one.network,
      this.#deferralOf(one),
      one.origin,
      one.by,
      one.wait,
      one.delayed,
    )!;
    this.#hash.run(id, hashOf(one.senderDomain), hashOf(one.network), hashOf(one.recipient));
  }

  /** The number of the deferral that this decision begins, continues or ends. */
  #deferralOf(one: Row): number | undefined {
    // Neither says anything about the mail.
    if (one.reason === "fault" || one.reason === "out-of-scope") return undefined;
    const row = this.#find.value<OpenRow>(one.normalisedSender, one.normalisedRecipient);
    const isDeferred = (one.shadow ?? one.decision) === "defer";
    if (row === undefined) {
      if (!isDeferred) this.#tellOthers(one, false);
      return isDeferred ? this.#insertFor(one) : undefined;
    }
    const [id, lastSeen, ended, network] = row;
    if (!isDeferred) {
      if (ended !== null) return undefined;
      this.#tellOthers(one, true);
      this.#end.run(one.time, one.reason, id);
      return id;
    }
    if (ended !== null || one.time - lastSeen > this.#quietPeriod) {
      this.#remove.run(id);
      return this.#insertFor(one);
    }
    const { time, clientAddress, clientName, heloName, legitimacy } = one;
    const networkChanges = network === one.network ? 0 : 1;
    const client = [one.network, clientAddress, clientName, heloName, legitimacy] as const;
    const envelope = [one.sender, one.recipient] as const;
    this.#update.run(
      time,
      acceptedFrom(one),
      networkChanges,
      ...envelope,
      ...client,
      evidenceText(one),
      id,
    );
    return id;
  }

  /** Mail that passes here may have been deferred elsewhere. */
  #tellOthers(one: Row, wasDeferred: boolean): void {
    if (this.#outbox === undefined || one.decision !== "pass") return;
    const { normalisedSender, normalisedRecipient, time, reason } = one;
    const isPending = wasDeferred ||
      this.#findPending.value(normalisedSender, normalisedRecipient) !== undefined;
    if (!isPending) return;
    this.#outbox.add("passed", normalisedSender, normalisedRecipient, reason, String(time));
  }

  #insertFor(one: Row): number {
    return this.#insert.value<[number]>(
      one.normalisedSender,
      one.normalisedRecipient,
      one.sender,
      one.recipient,
      one.senderDomain,
      one.time,
      one.time,
      acceptedFrom(one),
      one.network,
      one.clientAddress,
      one.clientName,
      one.heloName,
      one.legitimacy,
      evidenceText(one),
    )![0];
  }
}

function acceptedFrom({ time, wait = 0 }: DecisionRecord): number {
  return Math.round(time + wait);
}

function evidenceText({ evidence }: DecisionRecord): string | null {
  return evidence === undefined ? null : JSON.stringify(evidence);
}

function writeRecords(connection: Connection, records: Records): void {
  const { decisions, tallies, delays, quietPeriod } = records;
  const writer = new DecisionWriter(connection, quietPeriod);
  for (const decision of decisions) writer.write(hidden(decision, connection.pseudonym));
  const tally = connection.statement(
    "INSERT INTO tally (hour, decision, reason, shadow, count) VALUES (?, ?, ?, ?, ?) " +
      "ON CONFLICT DO UPDATE SET count = count + excluded.count",
  );
  for (const { hour, decision, reason, shadow = "", count } of tallies) {
    tally.run(hour, decision, reason, shadow, count);
  }
  const delay = connection.statement(
    "INSERT INTO delay_tally (hour, up_to, count) VALUES (?, ?, ?) " +
      "ON CONFLICT DO UPDATE SET count = count + excluded.count",
  );
  for (const { hour, upTo, count } of delays) delay.run(hour, upTo, count);
  connection.countWritten(decisions.length);
}

function readTallies(db: Database, since: number): Tally[] {
  return db.prepare(
    "SELECT hour, decision, reason, shadow, count FROM tally WHERE hour >= ? " +
      "ORDER BY hour, decision, reason, shadow",
  ).all<Omit<Tally, "shadow"> & { readonly shadow: NonNullable<Tally["shadow"]> | "" }>(since)
    .map(({ shadow, ...tally }) => shadow === "" ? tally : { ...tally, shadow });
}

function readDelayTallies(db: Database, since: number): DelayTally[] {
  return db.prepare(
    "SELECT hour, up_to AS upTo, count FROM delay_tally WHERE hour >= ? ORDER BY hour, up_to",
  ).all<DelayTally>(since);
}

const TOP_COLUMNS: Readonly<Record<TopKey, string>> = {
  senderDomain: "sender_domain",
  network: "network",
  recipient: "recipient",
};

/** Newest deferrals of a period that top lists count. */
const TOP_ROWS = 50_000;

function readTopDeferrals(
  db: Database,
  by: TopKey,
  { from, until, quietSince }: Period,
  limit: number,
): TopRow[] {
  const column = TOP_COLUMNS[by];
  const end = firstAt(db, "deferral", "first_seen", until);
  const begin = firstAt(db, "deferral", "first_seen", from);
  return db.prepare(
    `SELECT ${column} AS value, count(*) AS deferred, ` +
      `sum(${STATE_CONDITIONS.retried}) AS retried, ` +
      `sum(${STATE_CONDITIONS["not-retried"]}) AS notRetried ` +
      "FROM (SELECT * FROM deferral WHERE id >= :begin AND id < :end ORDER BY id DESC LIMIT :rows) " +
      "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :limit",
  ).all<TopRow>({ begin, end, quietSince, rows: TOP_ROWS, limit });
}

function readRetriedDomains(db: Database): ReadonlySet<string> {
  const rows = db.prepare("SELECT DISTINCT sender_domain FROM deferral WHERE ended_by = 'retried'")
    .values<[string]>();
  return new Set(rows.map(([domain]) => domain));
}

function readRetryDelays(db: Database, senderDomain: string, limit: number): number[] {
  return db.prepare(
    "SELECT ended - first_seen FROM deferral WHERE sender_domain = ? AND ended_by = 'retried' " +
      "ORDER BY id DESC LIMIT ?",
  ).values<[number]>(senderDomain, limit).map(([delay]) => delay);
}
