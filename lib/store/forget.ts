import type { Database } from "@db/sqlite";
import { foldSender, normaliseRecipient, retrySender } from "../greylist/normalise.ts";
import { splitAddress } from "../net/email_address.ts";
import { formatAddress, parseAddress } from "../net/network.ts";
import type { Connection } from "./connection.ts";
import { forgottenHash } from "./forgotten_hash.ts";
import { stored } from "./greylist_records.ts";
import type { Forgotten } from "./history.ts";
import { BLANK_PENDING_ROWS, BLANK_ROWS, type Outbox } from "./outbox.ts";
import { hideOrigin } from "./pseudonym.ts";
import { originsOf, packOrigins, unpackOrigins } from "./relation_origins.ts";
import { UNUSED_RECIPIENT } from "./relation_table.ts";

/** Removes the rows that name a mail address or a client's IP address, and their traces in the files. */
export function forgetAddress(connection: Connection, address: string): Forgotten {
  const forms = formsOf(address, connection);
  const forgotten = forgetForms(
    connection,
    forms,
    (outbox) => sendOrder(connection, outbox, forms),
  );
  connection.eraseDeleted();
  return forgotten;
}

/** The forms in which an address is stored. */
interface Forms {
  /** In lower case. */
  readonly address: string;
  readonly sender: string;
  readonly recipient: string;
  readonly retried: string;
  readonly client: string;
  /** The `ip:` origin of a client's address; undefined for a mail address. */
  readonly origin: string | undefined;
}

function formsOf(
  address: string,
  { pseudonym: hide, recipientDelimiter }: Connection,
): Forms {
  const form = hide ?? ((text: string) => text.toLowerCase());
  const ip = parseAddress(address);
  return {
    address: address.toLowerCase(),
    sender: form(foldSender(address, "")),
    recipient: form(normaliseRecipient(address, recipientDelimiter)),
    retried: stored(retrySender(address), hide),
    client: form(address),
    origin: ip === undefined ? undefined : hideOrigin(`ip:${formatAddress(ip)}`, hide),
  };
}

/** Tells the other sites to forget an address. */
function sendOrder({ db, forgetKey }: Connection, outbox: Outbox, forms: Forms): void {
  const { sender, recipient, retried, client, origin } = forms;
  const now = Date.now();
  for (const text of new Set([sender, recipient, retried, client, origin])) {
    if (text === undefined || forgetKey === undefined) continue;
    const hash = forgottenHash(forgetKey, text);
    db.exec("REPLACE INTO forgotten VALUES (?, ?)", hash, now);
    outbox.add("forgotten", hash, undefined, undefined, String(now));
  }
}

/**
 * Carries out the orders of other sites. Takes as long as `forgetAddress` for each address that is
 * stored, so it is not for the daemon's own thread.
 */
export function carryOutOrders(connection: Connection): void {
  const { pseudonym, forgetKey } = connection;
  if (forgetKey === undefined) return;
  const found = connection.transact("read", () => {
    const orders = new Set(
      connection.db.prepare("SELECT hash FROM forgotten").values<[string]>().map(([hash]) => hash),
    );
    const texts = new Set<string>();
    for (const text of storedTexts(connection)) {
      if (orders.has(forgottenHash(forgetKey, text))) texts.add(text);
    }
    return texts;
  });
  for (const text of found) {
    const bare = text.replace(/^ip:/, "");
    const forms = { address: bare, sender: bare, recipient: bare, retried: bare, client: bare };
    const isIp = pseudonym === undefined ? parseAddress(bare) !== undefined : text !== bare;
    forgetForms(connection, { ...forms, origin: isIp ? `ip:${bare}` : undefined });
  }
  if (found.size > 0) connection.eraseDeleted();
}

/** The addresses of all rows, in the forms in which orders name them. */
function* storedTexts(
  { db, pseudonym: hide, recipientDelimiter }: Connection,
): Generator<string> {
  const pairs = "SELECT sender, recipient FROM pending UNION SELECT sender, '' FROM relation " +
    "UNION SELECT '', address FROM recipient UNION SELECT key_sender, key_recipient FROM deferral";
  for (const row of db.prepare(pairs).values<[string, string]>()) yield* row;
  const clients = db.prepare("SELECT origins FROM pending").values<[string]>();
  for (const [origins] of clients) yield* originsOf(origins).slice(0, 1);
  const names = db.prepare("SELECT name FROM reputation WHERE name LIKE 'ip:%'").values<[string]>();
  for (const [name] of names) yield name.replace(/ .*/, "");
  const decisions = db.prepare("SELECT DISTINCT sender, recipient, client_address FROM decision")
    .values<[string, string, string]>();
  for (const [sender, recipient, client] of decisions) {
    if (hide !== undefined) {
      yield* [sender, recipient, `ip:${client}`];
      continue;
    }
    yield foldSender(sender, recipient);
    yield normaliseRecipient(recipient, recipientDelimiter);
    yield `ip:${client}`;
  }
}

function forgetForms(
  connection: Connection,
  forms: Forms,
  note: (outbox: Outbox) => void = () => {},
): Forgotten {
  const { db, outbox } = connection;
  // The scan takes a while and must not keep the daemon from writing.
  const traces = connection.transact("read", () => findTraces(connection, forms));
  const forgotten = connection.transact("write", () => {
    const counts = deleteTraces(db, traces);
    if (outbox !== undefined) {
      deleteSharedTraces(db, forms);
      note(outbox);
    }
    return counts;
  });
  connection.records.reputations.clear();
  return forgotten;
}

type RelationRowKey = [recipientId: number, sender: string];

/** Keys of the rows that name an address. */
interface Traces {
  /** In lower case. */
  readonly address: string;
  /** The `ip:` origin of a client's address; undefined for a mail address. */
  readonly origin: string | undefined;
  readonly pending: readonly (readonly [sender: string, recipient: string, network: string])[];
  readonly relations: readonly RelationRowKey[];
  /** Relations with the client among their origins. */
  readonly relationsFrom: readonly RelationRowKey[];
  /** Recipients that may have no relation afterwards. */
  readonly recipients: ReadonlySet<number>;
  readonly deferrals: readonly number[];
  readonly decisions: readonly number[];
}

/** Scans all tables that name addresses. */
function findTraces(connection: Connection, forms: Forms): Traces {
  const { db, pseudonym: hide, recipientDelimiter } = connection;
  const { address, sender, recipient, retried, client, origin } = forms;
  // Unlike a hash an address in clear matches in any case.
  const column = (name: string) => hide === undefined ? `lower(${name})` : name;
  const mailbox = `${column("sender")} = ? OR ${column("recipient")} = ?`;
  const pending = db.prepare(
    "SELECT sender, recipient, network, origins FROM pending " +
      "WHERE recipient = ? OR instr(sender, ?) > 0 OR instr(origins, ?) > 0",
  ).values<[string, string, string, string]>(
    recipient,
    // The domain is part of every form of the sender in clear.
    hide === undefined && splitAddress(retried).domain || retried,
    origin ?? "\0",
  ).filter(([from, to, , origins]) =>
    from === retried || to === recipient ||
    hide === undefined && foldSender(from, to) === sender ||
    origin !== undefined && originsOf(origins).includes(origin)
  );
  const relations = db.prepare(`SELECT recipient_id, sender FROM relation_text WHERE ${mailbox}`)
    .values<RelationRowKey>(sender, recipient);
  const recipients = db.prepare(`SELECT id FROM recipient WHERE ${column("address")} = ?`)
    .values<[number]>(recipient);
  const deferrals = db.prepare(
    `SELECT id FROM deferral WHERE ${column("key_sender")} IN (?, ?) ` +
      `OR ${column("key_recipient")} = ? OR ${column("client_address")} = ?`,
  ).values<[number]>(sender, retried, recipient, client);
  const decisions = db.prepare("SELECT id, sender, recipient, client_address FROM decision")
    .values<[number, string, string, string]>()
    .filter(([, from, to, address]) =>
      hide === undefined
        ? foldSender(from, to) === sender ||
          normaliseRecipient(to, recipientDelimiter) === recipient ||
          address.toLowerCase() === client
        : from === sender || from === retried || to === recipient || address === client
    );
  return {
    address,
    origin,
    pending: pending.map(([from, to, network]) => [from, to, network]),
    relations,
    relationsFrom: origin === undefined ? [] : relationsFrom(db, origin),
    recipients: new Set([...relations, ...recipients].map(([id]) => id)),
    deferrals: deferrals.map(([id]) => id),
    decisions: decisions.map(([id]) => id),
  };
}

function deleteTraces(db: Database, traces: Traces): Forgotten {
  const pending = db.prepare(
    "DELETE FROM pending WHERE sender = ? AND recipient = ? AND network = ?",
  );
  const relation = db.prepare("DELETE FROM relation WHERE recipient_id = ? AND sender = ?");
  const unused = db.prepare(`DELETE FROM recipient WHERE id = ? AND ${UNUSED_RECIPIENT}`);
  const deferral = db.prepare("DELETE FROM deferral WHERE id = ?");
  const decision = db.prepare("DELETE FROM decision WHERE id = ?");
  // Notices contain addresses of both sides; links to the deferrals are void without these.
  if (traces.origin === undefined) {
    db.exec("DELETE FROM notice WHERE instr(lower(content || target), ?) > 0", traces.address);
    db.exec("DELETE FROM notice_time WHERE instr(subject, ?) > 0", traces.address);
  }
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
  if (traces.origin !== undefined) removeOrigin(db, traces.origin, traces.relationsFrom);
  const relations = sum(traces.relations.map((key) => relation.run(...key)));
  for (const id of traces.recipients) unused.run(id);
  return {
    triplets: sum(traces.pending.map((key) => pending.run(...key))) + relations,
    reputations: traces.origin === undefined
      ? 0
      : db.prepare("DELETE FROM reputation WHERE name = ? OR instr(name, ?) = 1")
        // Its pairs with sender domains; a hidden pair cannot be told and expires.
        .run(traces.origin, `${traces.origin} `),
    deferrals: sum(traces.deferrals.map((id) => deferral.run(id))),
    decisions: sum(traces.decisions.map((id) => decision.run(id))),
  };
}

/** Removes what is kept for other sites. */
function deleteSharedTraces(db: Database, { sender, recipient, retried, origin }: Forms): void {
  for (const text of new Set([sender, recipient, retried])) {
    db.exec(`${BLANK_ROWS} WHERE a = ? OR b = ?`, text, text);
    db.exec(`${BLANK_PENDING_ROWS} WHERE sender = ? OR recipient = ?`, text, text);
    db.exec("DELETE FROM ended_pending WHERE sender = ? OR recipient = ?", text, text);
  }
  if (origin === undefined) return;
  db.exec(`${BLANK_ROWS} WHERE a = ? OR instr(a, ?) = 1`, origin, `${origin} `);
  db.exec("DELETE FROM reputation_part WHERE name = ? OR instr(name, ?) = 1", origin, `${origin} `);
}

/** The relations that have an origin. */
function relationsFrom(db: Database, origin: string): RelationRowKey[] {
  const text = origin.slice(origin.indexOf("~") === -1 ? "ip:".length : 0);
  return db.prepare(
    "SELECT recipient_id, sender, origins FROM relation WHERE instr(origins, ?) > 0",
  ).values<[...RelationRowKey, string]>(text)
    .filter(([, sender, packed]) => unpackOrigins(packed, sender).includes(origin))
    .map(([id, sender]) => [id, sender]);
}

/** Removes an origin from relations; they match by their other origins from then on. */
function removeOrigin(db: Database, origin: string, keys: readonly RelationRowKey[]): void {
  const ofKey = "WHERE recipient_id = ? AND sender = ?";
  const read = db.prepare(`SELECT origins FROM relation ${ofKey}`);
  const update = db.prepare(`UPDATE relation SET origins = ? ${ofKey}`);
  const remove = db.prepare(`DELETE FROM relation ${ofKey}`);
  for (const [id, sender] of keys) {
    const packed = read.value<[string]>(id, sender)?.[0] ?? "";
    const left = unpackOrigins(packed, sender).filter((one) => one !== origin);
    if (left.length > 0) update.run(packOrigins(left, sender), id, sender);
    else remove.run(id, sender);
  }
}
