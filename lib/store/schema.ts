import type { Database } from "@db/sqlite";
import { DatabaseError } from "./database_error.ts";
import { SHARE_TABLES } from "./share_schema.ts";
import { inTransaction } from "./transaction.ts";

/** Marks a database file as Greylag's: "GREY" in SQLite's application_id. */
export const APPLICATION_ID = 0x47524559;

/**
 * Migration n leads from version n to version n + 1 (SQLite's `user_version`). A released migration
 * never changes; a change of the tables is a new migration.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE pending (
    sender     TEXT NOT NULL,
    recipient  TEXT NOT NULL,
    network    TEXT NOT NULL,
    origins    TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    tries      INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    PRIMARY KEY (sender, recipient, network)
  ) STRICT, WITHOUT ROWID;

  -- The recipients of relations: few texts in many rows. Numbers are not reused: another process may
  -- have read one and not used it yet.
  CREATE TABLE recipient (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    address TEXT NOT NULL UNIQUE
  ) STRICT;

  -- At most 60 bytes a row at a million rows (deno task bench:scale).
  CREATE TABLE relation (
    recipient_id INTEGER NOT NULL,
    sender       TEXT NOT NULL,
    origins      TEXT NOT NULL, -- packed, see relation_origins.ts
    last_seen    INTEGER NOT NULL,
    known_for    INTEGER NOT NULL, -- last_seen - first_seen: 0 takes no byte
    PRIMARY KEY (recipient_id, sender)
  ) STRICT, WITHOUT ROWID;

  CREATE VIEW relation_text AS
    SELECT recipient_id, sender, address AS recipient, origins,
      last_seen - known_for AS first_seen, last_seen
    FROM relation JOIN recipient ON recipient.id = relation.recipient_id;

  CREATE TABLE reputation (
    name           TEXT PRIMARY KEY,
    retried        REAL NOT NULL,
    abandoned      REAL NOT NULL,
    total          INTEGER NOT NULL,
    updated        INTEGER NOT NULL,
    first_seen     INTEGER NOT NULL,
    last_seen      INTEGER NOT NULL,
    last_retried   INTEGER NOT NULL,
    last_abandoned INTEGER NOT NULL,
    trapped_until  INTEGER,
    domains        TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE entry (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    list     TEXT NOT NULL,
    match_on TEXT NOT NULL,
    pattern  TEXT NOT NULL,
    note     TEXT NOT NULL,
    added_by TEXT NOT NULL,
    created  INTEGER NOT NULL,
    expires  INTEGER,
    hits     INTEGER NOT NULL DEFAULT 0,
    last_hit INTEGER,
    UNIQUE (list, match_on, pattern)
  ) STRICT;

  CREATE TABLE rule_hit (
    rule     TEXT PRIMARY KEY,
    hits     INTEGER NOT NULL,
    last_hit INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE list_file (
    path     TEXT NOT NULL,
    match_on TEXT NOT NULL,
    rules    TEXT NOT NULL, -- JSON: [[line, pattern], ...]
    problem  TEXT,
    since    INTEGER, -- of the problem
    PRIMARY KEY (path, match_on)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE revision (
    what   TEXT PRIMARY KEY,
    number INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  INSERT INTO revision VALUES ('entry', 0);

  CREATE TABLE decision (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    time           INTEGER NOT NULL,
    decision       TEXT NOT NULL,
    reason         TEXT NOT NULL,
    shadow         TEXT,
    client_address TEXT NOT NULL,
    client_name    TEXT NOT NULL,
    helo_name      TEXT NOT NULL,
    sender         TEXT NOT NULL,
    recipient      TEXT NOT NULL COLLATE NOCASE,
    sender_domain  TEXT NOT NULL,
    network        TEXT NOT NULL,
    deferral       INTEGER,
    origin         TEXT,
    by_rule        TEXT,
    wait           INTEGER,
    delayed        INTEGER
  ) STRICT;

  CREATE INDEX decision_reason ON decision (reason);
  CREATE INDEX decision_deferral ON decision (deferral) WHERE deferral IS NOT NULL;

  -- Hashes in the order of the decisions, to be scanned: indexes on values as random as the networks of
  -- strangers would triple the cost of a write.
  CREATE TABLE decision_hash (
    id            INTEGER PRIMARY KEY,
    sender_domain INTEGER NOT NULL,
    network       INTEGER NOT NULL,
    recipient     INTEGER NOT NULL
  ) STRICT;

  CREATE TRIGGER decision_removed AFTER DELETE ON decision BEGIN
    DELETE FROM decision_hash WHERE id = OLD.id;
  END;

  CREATE TABLE deferral (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    key_sender     TEXT NOT NULL,
    key_recipient  TEXT NOT NULL,
    sender         TEXT NOT NULL,
    recipient      TEXT NOT NULL COLLATE NOCASE,
    sender_domain  TEXT NOT NULL,
    first_seen     INTEGER NOT NULL,
    last_seen      INTEGER NOT NULL,
    accepted_from  INTEGER NOT NULL,
    tries          INTEGER NOT NULL,
    network_changes INTEGER NOT NULL,
    network        TEXT NOT NULL,
    client_address TEXT NOT NULL,
    client_name    TEXT NOT NULL,
    helo_name      TEXT NOT NULL,
    legitimacy     INTEGER NOT NULL,
    evidence       TEXT,
    ended          INTEGER,
    ended_by       TEXT,
    ended_at_site  TEXT, -- null for this one
    UNIQUE (key_sender, key_recipient)
  ) STRICT;

  CREATE TABLE tally (
    hour     INTEGER NOT NULL,
    decision TEXT NOT NULL,
    reason   TEXT NOT NULL,
    shadow   TEXT NOT NULL, -- empty outside shadow mode
    count    INTEGER NOT NULL,
    PRIMARY KEY (hour, decision, reason, shadow)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE delay_tally (
    hour  INTEGER NOT NULL,
    up_to REAL NOT NULL, -- seconds; infinite for the last bucket
    count INTEGER NOT NULL,
    PRIMARY KEY (hour, up_to)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE credential (
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    hash    TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE notice (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    target  TEXT NOT NULL,
    content TEXT NOT NULL,
    created INTEGER NOT NULL,
    tries   INTEGER NOT NULL,
    due     INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE notice_time (
    subject TEXT PRIMARY KEY,
    time    INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE used_link (
    tag     TEXT PRIMARY KEY,
    expires INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  ` + SHARE_TABLES,
];

function pragma(db: Database, name: string): number {
  return db.prepare(`PRAGMA ${name}`).value<[number]>()![0];
}

/**
 * Migrates a database to this version, or creates its tables, in one transaction.
 *
 * @throws {DatabaseError} if it belongs to another program or to a newer Greylag.
 */
export function migrate(db: Database, path: string): void {
  const application = pragma(db, "application_id");
  if (application === APPLICATION_ID && pragma(db, "user_version") === MIGRATIONS.length) return;
  inTransaction(db, () => {
    const version = pragma(db, "user_version");
    const tables = db.prepare("SELECT count(*) FROM sqlite_schema").value<[number]>()![0];
    if (application !== APPLICATION_ID && (application !== 0 || version !== 0 || tables !== 0)) {
      throw new DatabaseError("foreign", path, "it belongs to another program");
    }
    if (version > MIGRATIONS.length) {
      throw new DatabaseError(
        "newer",
        path,
        `its version is ${version}, and this greylag supports ${MIGRATIONS.length}`,
      );
    }
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
    db.exec(`
      PRAGMA application_id = ${APPLICATION_ID};
      PRAGMA user_version = ${MIGRATIONS.length};
    `);
  });
}
