import type { Database } from "@db/sqlite";
import { foldSender, normaliseRecipient, retrySender } from "../greylist/normalise.ts";
import { splitAddress } from "../net/email_address.ts";
import { formatAddress, parseAddress } from "../net/network.ts";
import type { Connection } from "./connection.ts";
import type { Forgotten } from "./history.ts";
import { hideOrigin, type Pseudonym } from "./pseudonym.ts";
import { packOrigins, SEPARATOR, unpackOrigins } from "./relation_origins.ts";

/** Removes the rows that name a mail address or a client's IP address, and their traces in the files. */
export function forgetAddress(connection: Connection, address: string): Forgotten {
  const { db, pseudonym } = connection;
  // The scan takes a while and must not keep the daemon from writing.
  const traces = connection.transact("read", () => findTraces(db, address, pseudonym));
  // Without it the text would remain in free pages and in the log.
  db.exec("PRAGMA secure_delete = ON");
  const forgotten = connection.transact("write", () => deleteTraces(db, traces));
  connection.records.reputations.clear();
  db.exec("PRAGMA secure_delete = OFF");
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  return forgotten;
}

/** Keys of the rows that name an address. */
interface Traces {
  /** In lower case. */
  readonly address: string;
  /** The `ip:` origin of a client's address; undefined for a mail address. */
  readonly origin: string | undefined;
  readonly pending: readonly (readonly [sender: string, recipient: string, network: string])[];
  readonly relations: readonly (readonly [sender: string, recipient: string])[];
  readonly deferrals: readonly number[];
  readonly decisions: readonly number[];
}

/** Scans four tables. */
function findTraces(db: Database, address: string, hide?: Pseudonym): Traces {
  const forms = [foldSender(address, ""), normaliseRecipient(address), address];
  const [sender, recipient, client] = hide === undefined
    ? forms.map((form) => form.toLowerCase())
    : forms.map(hide);
  // Unlike a hash an address in clear matches in any case.
  const column = (name: string) => hide === undefined ? `lower(${name})` : name;
  const mailbox = `${column("sender")} = ? OR ${column("recipient")} = ?`;
  const ip = parseAddress(address);
  const origin = ip === undefined ? undefined : hideOrigin(`ip:${formatAddress(ip)}`, hide);
  const retried = hide === undefined ? retrySender(address) : hide(retrySender(address));
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
    origin !== undefined && origins.split(SEPARATOR).includes(origin)
  );
  const relations = db.prepare(`SELECT sender, recipient FROM relation WHERE ${mailbox}`)
    .values<[string, string]>(sender, recipient);
  const deferrals = db.prepare(
    `SELECT id FROM deferral WHERE ${column("key_sender")} IN (?, ?) ` +
      `OR ${column("key_recipient")} = ? OR ${column("client_address")} = ?`,
  ).values<[number]>(sender, retried, recipient, client);
  const decisions = db.prepare("SELECT id, sender, recipient, client_address FROM decision")
    .values<[number, string, string, string]>()
    .filter(([, from, to, address]) =>
      hide === undefined
        ? foldSender(from, to) === sender ||
          normaliseRecipient(to) === recipient || address.toLowerCase() === client
        : from === sender || from === retried || to === recipient || address === client
    );
  return {
    address: address.toLowerCase(),
    origin,
    pending: pending.map(([from, to, network]) => [from, to, network]),
    relations,
    deferrals: deferrals.map(([id]) => id),
    decisions: decisions.map(([id]) => id),
  };
}

function deleteTraces(db: Database, traces: Traces): Forgotten {
  const pending = db.prepare(
    "DELETE FROM pending WHERE sender = ? AND recipient = ? AND network = ?",
  );
  const relation = db.prepare("DELETE FROM relation WHERE sender = ? AND recipient = ?");
  const deferral = db.prepare("DELETE FROM deferral WHERE id = ?");
  const decision = db.prepare("DELETE FROM decision WHERE id = ?");
  // Notices contain addresses of both sides; links to the deferrals are void without these.
  if (traces.origin === undefined) {
    db.exec("DELETE FROM notice WHERE instr(lower(content || target), ?) > 0", traces.address);
    db.exec("DELETE FROM notice_time WHERE instr(subject, ?) > 0", traces.address);
  }
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
  if (traces.origin !== undefined) removeOrigin(db, traces.origin);
  return {
    triplets: sum(traces.pending.map((key) => pending.run(...key))) +
      sum(traces.relations.map((key) => relation.run(...key))),
    reputations: traces.origin === undefined
      ? 0
      : db.prepare("DELETE FROM reputation WHERE name = ? OR instr(name, ?) = 1")
        // Its pairs with sender domains; a hidden pair cannot be told and expires.
        .run(traces.origin, `${traces.origin} `),
    deferrals: sum(traces.deferrals.map((id) => deferral.run(id))),
    decisions: sum(traces.decisions.map((id) => decision.run(id))),
  };
}

/** Removes an origin from all relations; they match by their other origins from then on. */
function removeOrigin(db: Database, origin: string): void {
  const update = db.prepare(
    "UPDATE relation SET origins = ? WHERE sender = ? AND recipient = ?",
  );
  const text = origin.slice(origin.indexOf("~") === -1 ? "ip:".length : 0);
  const rows = db.prepare(
    "SELECT sender, recipient, origins FROM relation WHERE instr(origins, ?) > 0",
  ).values<[string, string, string]>(text);
  for (const [sender, recipient, packed] of rows) {
    const origins = unpackOrigins(packed, sender);
    const left = origins.filter((one) => one !== origin);
    if (left.length < origins.length) update.run(packOrigins(left, sender), sender, recipient);
  }
  db.exec("DELETE FROM relation WHERE origins = ''");
}
