import type { Database } from "@db/sqlite";
import { normaliseRecipient, normaliseSender } from "../greylist/normalise.ts";
import { hideOrigin, type Pseudonym } from "./pseudonym.ts";
import { hashOf } from "./search.ts";

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
    const to = hide(normaliseRecipient(recipient));
    const names = [hide(domain), hideOrigin(network, hide)];
    ofDecision.run(
      hide(normaliseSender(sender, recipient)),
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

/** Replaces the addresses that an earlier run stored in clear, and removes their traces in the files. */
export function pseudonymise(db: Database, hide: Pseudonym): void {
  // A pseudonym begins with ~.
  const clear = "substr(name, instr(name, ':') + 1, 1) <> '~'";
  const origins = db.prepare(`SELECT name FROM origin WHERE ${clear}`).values<[string]>();
  const triplets = db.prepare(
    `SELECT sender, recipient, origin FROM triplet WHERE ${clear.replaceAll("name", "origin")}`,
  ).values<[string, string, string]>();
  const inClear = "SELECT 1 FROM decision WHERE substr(recipient, 1, 1) <> '~' UNION ALL " +
    "SELECT 1 FROM deferral WHERE substr(recipient, 1, 1) <> '~' LIMIT 1";
  const history = db.prepare(inClear).value() !== undefined;
  if (origins.length === 0 && triplets.length === 0 && !history) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    const rename = db.prepare("UPDATE OR REPLACE origin SET name = ? WHERE name = ?");
    for (const [name] of origins) rename.run(hideOrigin(name, hide), name);
    const replace = db.prepare(
      "UPDATE OR REPLACE triplet SET sender = ?, recipient = ?, origin = ? " +
        "WHERE sender = ? AND recipient = ? AND origin = ?",
    );
    for (const [sender, recipient, origin] of triplets) {
      const hidden = [hide(sender), hide(recipient), hideOrigin(origin, hide)];
      replace.run(...hidden, sender, recipient, origin);
    }
    if (history) hideHistory(db, hide);
    db.exec("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.exec("ROLLBACK");
    throw error;
  }
  // Free pages and the log still hold the old texts.
  db.exec("VACUUM");
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}
