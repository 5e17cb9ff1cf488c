/** The tables of a site that shares its records with others; all are empty where it does not. */
export const SHARE_TABLES = `
  -- At most one row: this site.
  CREATE TABLE site (
    incarnation TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    active      INTEGER NOT NULL,
    file        TEXT NOT NULL, -- identity of the file, to recognise a copy
    forget_key  BLOB NOT NULL,
    entries     INTEGER NOT NULL DEFAULT 0 -- numbers of entries given so far
  ) STRICT, WITHOUT ROWID;

  -- Keys of changed records, in the order of the changes; the records are read when they are sent.
  -- Pending triplets stand apart, so that a flood of them delays nothing else.
  CREATE TABLE outbox (
    number INTEGER PRIMARY KEY,
    kind   TEXT NOT NULL,
    a      TEXT NOT NULL,
    b      TEXT,
    c      TEXT,
    data   TEXT
  ) STRICT;

  CREATE TABLE outbox_pending (
    number    INTEGER PRIMARY KEY,
    sender    TEXT NOT NULL,
    recipient TEXT NOT NULL,
    network   TEXT NOT NULL
  ) STRICT;

  -- Triplets that were retried, so that no late copy brings them back.
  CREATE TABLE ended_pending (
    sender     TEXT NOT NULL,
    recipient  TEXT NOT NULL,
    network    TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    ended      INTEGER NOT NULL,
    PRIMARY KEY (sender, recipient, network)
  ) STRICT, WITHOUT ROWID;

  -- What each site counted; the table reputation has the sum. Without a row all is this site's own.
  CREATE TABLE reputation_part (
    name TEXT NOT NULL,
    site TEXT NOT NULL,
    part TEXT NOT NULL, -- JSON
    PRIMARY KEY (name, site)
  ) STRICT, WITHOUT ROWID;

  -- When entries were changed or removed; without a row, when they were created.
  CREATE TABLE entry_stamp (
    list     TEXT NOT NULL,
    match_on TEXT NOT NULL,
    pattern  TEXT NOT NULL,
    stamp    INTEGER NOT NULL,
    removed  INTEGER NOT NULL,
    PRIMARY KEY (list, match_on, pattern)
  ) STRICT, WITHOUT ROWID;

  -- Keyed hashes of addresses that were forgotten: older records of them are not taken.
  CREATE TABLE forgotten (
    hash TEXT PRIMARY KEY,
    time INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE peer (
    id       TEXT PRIMARY KEY, -- a URL, or a site of a shared database
    position TEXT NOT NULL,
    state    TEXT NOT NULL -- JSON
  ) STRICT, WITHOUT ROWID;
`;
