import type { Database } from "@db/sqlite";
import { normaliseRecipient, normaliseSender } from "../greylist/normalise.ts";
import type { Connection } from "./connection.ts";
import type { Forgotten } from "./history.ts";
import type { Pseudonym } from "./pseudonym.ts";

/** Removes the rows that name a mail address or a client's IP address, and their traces in the files. */
export function forgetAddress(connection: Connection, address: string): Forgotten {
  const { db, pseudonym } = connection;
  // The scan takes a while and must not keep the daemon from writing.
  const traces = connection.transact("read", () => findTraces(db, address, pseudonym));
  // Without it the text would remain in free pages and in the log.
  db.exec("PRAGMA secure_delete = ON");
  const forgotten = connection.transact("write", () => deleteTraces(db, traces));
  db.exec("PRAGMA secure_delete = OFF");
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  return forgotten;
}

/** Keys of the rows that name an address. */
interface Traces {
  readonly triplets: readonly (readonly [sender: string, recipient: string, origin: string])[];
  readonly deferrals: readonly number[];
  readonly decisions: readonly number[];
}

function findTraces(db: Database, address: string, hide?: Pseudonym): Traces {
  const forms = [normaliseSender(address, ""), normaliseRecipient(address), address];
  const [sender, recipient, client] = hide === undefined
    ? forms.map((form) => form.toLowerCase())
    : forms.map(hide);
  // Unlike a hash an address in clear matches in any case.
  const column = (name: string) => hide === undefined ? `lower(${name})` : name;
  const mailbox = `${column("sender")} = ? OR ${column("recipient")} = ?`;
  const triplets = db.prepare(`SELECT sender, recipient, origin FROM triplet WHERE ${mailbox}`)
    .values<[string, string, string]>(sender, recipient);
  const deferrals = db.prepare(
    `SELECT id FROM deferral WHERE ${column("key_sender")} = ? OR ${column("key_recipient")} = ? ` +
      `OR ${column("client_address")} = ?`,
  ).values<[number]>(sender, recipient, client);
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

function deleteTraces(db: Database, traces: Traces): Forgotten {
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
