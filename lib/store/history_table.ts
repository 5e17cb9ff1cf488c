import type { Database, Statement } from "@db/sqlite";
import type { Connection, DatabaseAccess } from "./connection.ts";
import type {
  DecisionRecord,
  DeferralCounts,
  DelayTally,
  HistoryStore,
  Records,
  Tally,
} from "./history.ts";
import { hideOrigin, type Pseudonym } from "./pseudonym.ts";
import { searchDecisions, searchDeferrals } from "./search.ts";

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
    countDeferrals: (since, lostBefore, until = Number.MAX_SAFE_INTEGER) =>
      database.read(({ db }) => readDeferralCounts(db, since, lostBefore, until)),
  };
}

/** A decision as it is stored: with hashes in place of addresses and names if they are hidden. */
function hidden(record: DecisionRecord, hide: Pseudonym | undefined): DecisionRecord {
  if (hide === undefined) return record;
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
    network: hideOrigin(record.network, hide),
    ...(record.origin === undefined ? {} : { origin: hideOrigin(record.origin, hide) }),
  };
}

type OpenRow = [id: number, lastSeen: number, ended: number | null, network: string];

/** Writes the decisions of one batch. */
class DecisionWriter {
  readonly #db: Database;
  readonly #quietPeriod: number;
  readonly #find: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #end: Statement;
  readonly #write: Statement;

  constructor(connection: Connection, quietPeriod: number) {
    this.#db = connection.db;
    this.#quietPeriod = quietPeriod;
    this.#find = connection.statement(
      "SELECT id, last_seen, ended, network FROM deferral WHERE sender = ? AND recipient = ?",
    );
    this.#insert = connection.statement(
      "INSERT INTO deferral (sender, recipient, first_seen, last_seen, tries, network_changes, " +
        "network, client_address, client_name, helo_name, legitimacy) " +
        "VALUES (?, ?, ?, ?, 1, 0, ?, ?, ?, ?, ?) RETURNING id",
    );
    this.#update = connection.statement(
      "UPDATE deferral SET last_seen = max(last_seen, ?), tries = tries + 1, " +
        "network_changes = network_changes + ?, network = ?, client_address = ?, client_name = ?, helo_name = ?, " +
        "legitimacy = max(legitimacy, ?) WHERE id = ?",
    );
    this.#end = connection.statement("UPDATE deferral SET ended = ?, ended_by = ? WHERE id = ?");
    this.#write = connection.statement(
      "INSERT INTO decision (time, decision, reason, shadow, client_address, client_name, " +
        "helo_name, sender, recipient, deferral, origin, by_rule, wait, delayed) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
  }

  write(one: DecisionRecord): void {
    this.#write.run(
      one.time,
      one.decision,
      one.reason,
      one.shadow,
      one.clientAddress,
      one.clientName,
      one.heloName,
      one.sender,
      one.recipient,
      this.#deferralOf(one),
      one.origin,
      one.by,
      one.wait,
      one.delayed,
    );
  }

  /** The number of the deferral that this decision begins, continues or ends. */
  #deferralOf(one: DecisionRecord): number | undefined {
    // Neither says anything about the mail.
    if (one.reason === "fault" || one.reason === "out-of-scope") return undefined;
    const row = this.#find.value<OpenRow>(one.normalisedSender, one.normalisedRecipient);
    const isDeferred = (one.shadow ?? one.decision) === "defer";
    if (row === undefined) return isDeferred ? this.#insertFor(one) : undefined;
    const [id, lastSeen, ended, network] = row;
    if (!isDeferred) {
      if (ended !== null) return undefined;
      this.#end.run(one.time, one.reason, id);
      return id;
    }
    if (ended !== null || one.time - lastSeen > this.#quietPeriod) {
      this.#db.exec("DELETE FROM deferral WHERE id = ?", id);
      return this.#insertFor(one);
    }
    const { time, clientAddress, clientName, heloName, legitimacy } = one;
    const networkChanges = network === one.network ? 0 : 1;
    const client = [one.network, clientAddress, clientName, heloName, legitimacy] as const;
    this.#update.run(time, networkChanges, ...client, id);
    return id;
  }

  #insertFor(one: DecisionRecord): number {
    return this.#insert.value<[number]>(
      one.normalisedSender,
      one.normalisedRecipient,
      one.time,
      one.time,
      one.network,
      one.clientAddress,
      one.clientName,
      one.heloName,
      one.legitimacy,
    )![0];
  }
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

function readDeferralCounts(
  db: Database,
  since: number,
  lostBefore: number,
  until: number,
): DeferralCounts {
  return db.prepare(
    "SELECT coalesce(sum(ended IS NOT NULL AND ended_by <> 'blocked'), 0) AS returned, " +
      "coalesce(sum(ended_by IS 'blocked'), 0) AS refused, " +
      "coalesce(sum(ended IS NULL AND last_seen >= :lost), 0) AS waiting, " +
      "coalesce(sum(ended IS NULL AND last_seen < :lost), 0) AS lost " +
      "FROM deferral WHERE first_seen >= :since AND first_seen < :until",
  ).get<DeferralCounts>({ lost: lostBefore, since, until })!;
}
