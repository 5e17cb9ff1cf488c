/**
 * Writing what happened into an SQLite database, and removing what is stored of one address.
 *
 * @module
 */
import type { Database } from "@db/sqlite";
import { normaliseRecipient, normaliseSender } from "../greylist/normalise.ts";
import type { DecisionRecord, DeferralCounts, Forgotten, Records, Tally } from "./history.ts";
import { hideOrigin, type Pseudonym } from "./pseudonym.ts";

/** What is kept of a decision's client, sender and recipient; hashes, if they are to be hidden. */
function shown(record: DecisionRecord, hide: Pseudonym | undefined): DecisionRecord {
  if (hide === undefined) return record;
  const normalisedSender = hide(record.normalisedSender);
  const normalisedRecipient = hide(record.normalisedRecipient);
  return {
    ...record,
    clientAddress: hide(record.clientAddress),
    clientName: hide(record.clientName),
    heloName: hide(record.heloName),
    // Only the normalised form can be found again by who knows the address.
    sender: normalisedSender,
    recipient: normalisedRecipient,
    normalisedSender,
    normalisedRecipient,
    network: hideOrigin(record.network, hide),
    ...(record.origin === undefined ? {} : { origin: hideOrigin(record.origin, hide) }),
  };
}

type OpenRow = [id: number, lastSeen: number, ended: number | null, network: string];

/** Keeps decisions one by one; made for one batch. */
class DecisionWriter {
  readonly #db: Database;
  readonly #quietPeriod: number;
  readonly #find;
  readonly #begin;
  readonly #goOn;
  readonly #end;
  readonly #write;

  constructor(db: Database, quietPeriod: number) {
    this.#db = db;
    this.#quietPeriod = quietPeriod;
    this.#find = db.prepare(
      "SELECT id, last_seen, ended, network FROM deferral WHERE sender = ? AND recipient = ?",
    );
    this.#begin = db.prepare(
      "INSERT INTO deferral (sender, recipient, first_seen, last_seen, tries, network_changes, " +
        "network, " +
        "client_address, client_name, helo_name, legitimacy) " +
        "VALUES (?, ?, ?, ?, 1, 0, ?, ?, ?, ?, ?) RETURNING id",
    );
    this.#goOn = db.prepare(
      "UPDATE deferral SET last_seen = max(last_seen, ?), tries = tries + 1, " +
        "network_changes = network_changes + ?, " +
        "network = ?, client_address = ?, client_name = ?, helo_name = ?, " +
        "legitimacy = max(legitimacy, ?) WHERE id = ?",
    );
    this.#end = db.prepare("UPDATE deferral SET ended = ?, ended_by = ? WHERE id = ?");
    this.#write = db.prepare(
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

  /** The number of what this decision put off, or let in or refused after all. */
  #deferralOf(one: DecisionRecord): number | undefined {
    // A fault, or a question of another stage, says nothing about the mail.
    if (one.reason === "fault" || one.reason === "out-of-scope") return undefined;
    const row = this.#find.value<OpenRow>(one.normalisedSender, one.normalisedRecipient);
    const isDeferred = (one.shadow ?? one.decision) === "defer";
    if (row === undefined) return isDeferred ? this.#beginFor(one) : undefined;
    const [id, lastSeen, ended, network] = row;
    if (!isDeferred) {
      if (ended !== null) return undefined;
      this.#end.run(one.time, one.reason, id);
      return id;
    }
    if (ended !== null || one.time - lastSeen > this.#quietPeriod) {
      this.#db.exec("DELETE FROM deferral WHERE id = ?", id);
      return this.#beginFor(one);
    }
    const { time, clientAddress, clientName, heloName, legitimacy } = one;
    const networkChanges = network === one.network ? 0 : 1;
    const client = [one.network, clientAddress, clientName, heloName, legitimacy] as const;
    this.#goOn.run(time, networkChanges, ...client, id);
    return id;
  }

  #beginFor(one: DecisionRecord): number {
    return this.#begin.value<[number]>(
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

/** Keeps what happened; `hide` replaces addresses and names. */
export function writeRecords(db: Database, records: Records, hide?: Pseudonym): void {
  if (records.decisions.length > 0) {
    const writer = new DecisionWriter(db, records.quietPeriod);
    for (const record of records.decisions) writer.write(shown(record, hide));
  }
  if (records.tallies.length === 0) return;
  const tally = db.prepare(
    "INSERT INTO tally (hour, name, count) VALUES (?, ?, ?) " +
      "ON CONFLICT DO UPDATE SET count = count + excluded.count",
  );
  for (const { hour, name, count } of records.tallies) tally.run(hour, name, count);
}

/** Counts of the hours from a time on. */
export function readTallies(db: Database, since: number): Tally[] {
  return db.prepare("SELECT hour, name, count FROM tally WHERE hour >= ? ORDER BY hour, name")
    .all<Tally>(since);
}

/** What became of what was first put off within a period. */
export function readDeferralCounts(
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

/** What is stored of one address, by the keys of the tables. */
export interface Traces {
  /** The keys of triplets. */
  readonly triplets: readonly (readonly [sender: string, recipient: string, origin: string])[];
  /** The numbers of what was put off. */
  readonly deferrals: readonly number[];
  /** The numbers of decisions. */
  readonly decisions: readonly number[];
}

/** Finds what is stored of one mail address or of one client's IP address; looks at everything. */
export function findTraces(db: Database, address: string, hide?: Pseudonym): Traces {
  const forms = [normaliseSender(address, ""), normaliseRecipient(address), address];
  const [sender, recipient, client] = hide === undefined
    ? forms.map((form) => form.toLowerCase())
    : forms.map(hide);
  // In clear an address is the same in any case; a hash is not.
  const column = (name: string) => hide === undefined ? `lower(${name})` : name;
  const mailbox = `${column("sender")} = ? OR ${column("recipient")} = ?`;
  const either = `${mailbox} OR ${column("client_address")} = ?`;
  const triplets = db.prepare(`SELECT sender, recipient, origin FROM triplet WHERE ${mailbox}`)
    .values<[string, string, string]>(sender, recipient);
  const deferrals = db.prepare(`SELECT id FROM deferral WHERE ${either}`)
    .values<[number]>(sender, recipient, client);
  const decisions = db.prepare("SELECT id, sender, recipient, client_address FROM decision")
    .values<[number, string, string, string]>()
    .filter(([, from, to, address]) =>
      hide === undefined
        ? normaliseSender(from, to).toLowerCase() === sender ||
          normaliseRecipient(to) === recipient || address.toLowerCase() === client
        : from === sender || to === recipient || address === client
    );
  return {
    triplets,
    deferrals: deferrals.map(([id]) => id),
    decisions: decisions.map(([id]) => id),
  };
}

/** Removes what was found. */
export function deleteTraces(db: Database, traces: Traces): Forgotten {
  const triplet = db.prepare(
    "DELETE FROM triplet WHERE sender = ? AND recipient = ? AND origin = ?",
  );
  const deferral = db.prepare("DELETE FROM deferral WHERE id = ?");
  const decision = db.prepare("DELETE FROM decision WHERE id = ?");
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
  return {
    triplets: sum(traces.triplets.map((key) => triplet.run(...key))),
    deferrals: sum(traces.deferrals.map((id) => deferral.run(id))),
    decisions: sum(traces.decisions.map((id) => decision.run(id))),
  };
}
