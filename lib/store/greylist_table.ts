import type { Change, OriginRecord, Triplet, TripletKey } from "../greylist/model.ts";
import type { Connection, DatabaseAccess } from "./connection.ts";
import { deleteExpired } from "./expiry.ts";
import { hideOrigin, type Pseudonym } from "./pseudonym.ts";
import { searchOrigins, searchTriplets } from "./search.ts";
import type { GreylistStore, Recalled } from "./store.ts";

/** Keys recalled by one statement: a call of SQLite costs more than a look-up. */
const KEYS_AT_ONCE = 8;

type TripletRow = [number, number, number, number | null, number];
type OriginRow = [number, number, number, number];
type RecalledRow = [
  n: number,
  ...(TripletRow | [null, null, null, null, null]),
  ...(OriginRow | [null, null, null, null]),
];

const IN_CLEAR: Pseudonym = (text) => text;

const WRITE_TRIPLET =
  "REPLACE INTO triplet (sender, recipient, origin, first_seen, last_seen, tries, passed, counted) " +
  "VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

const WRITE_ORIGIN =
  "REPLACE INTO origin (name, first_seen, last_seen, deliveries, last_counted) " +
  "VALUES (?, ?, ?, ?, ?)";

/** Statement n recalls n keys from both tables. */
const RECALL = Array.from({ length: KEYS_AT_ONCE + 1 }, (_, count) => {
  const first = "SELECT 0 AS n, ? AS sender, ? AS recipient, ? AS origin";
  const keys = Array.from({ length: count }, (_, n) => n === 0 ? first : `SELECT ${n}, ?, ?, ?`);
  return "SELECT k.n, t.first_seen, t.last_seen, t.tries, t.passed, t.counted, " +
    "o.first_seen, o.last_seen, o.deliveries, o.last_counted " +
    `FROM (${keys.join(" UNION ALL ")}) k ` +
    "LEFT JOIN triplet t ON t.sender = k.sender AND t.recipient = k.recipient " +
    "AND t.origin = k.origin LEFT JOIN origin o ON o.name = k.origin " +
    "WHERE t.first_seen IS NOT NULL OR o.first_seen IS NOT NULL";
});

/** The greylist store in the tables `triplet` and `origin`. */
export function greylistStoreOn(database: DatabaseAccess): GreylistStore {
  return {
    exchange: (keys, judge) =>
      database.readThenWrite((connection) => {
        const changes = judge(recall(connection, keys));
        for (const change of changes) write(connection, change);
        connection.countWritten(changes.length);
      }),
    expire: (expiry, cursor, rows) =>
      database.write(({ db }) => deleteExpired(db, expiry, cursor, rows)),
    findTriplets: (search) =>
      database.read(({ db, pseudonym }) => searchTriplets(db, search, pseudonym)),
    findOrigins: (search) =>
      database.read(({ db, pseudonym }) => searchOrigins(db, search, pseudonym)),
  };
}

function recall(connection: Connection, keys: readonly TripletKey[]): Recalled {
  const hide = connection.pseudonym ?? IN_CLEAR;
  const triplets = new Map<string, Triplet>();
  const origins = new Map<string, OriginRecord>();
  for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
    const some = keys.slice(at, at + KEYS_AT_ONCE);
    const rows = connection.statement(RECALL[some.length]!).values<RecalledRow>(
      ...some.flatMap((key) => storedKey(key, hide)),
    );
    for (const [n, firstSeen, lastSeen, tries, passed, counted, ...origin] of rows) {
      const key = some[n]!;
      if (firstSeen !== null) {
        triplets.set(key.id, tripletOf([firstSeen, lastSeen, tries, passed, counted]));
      }
      if (origin[0] !== null) origins.set(key.origin, originOf(origin));
    }
  }
  return { triplets, origins };
}

function write(connection: Connection, change: Change): void {
  const hide = connection.pseudonym ?? IN_CLEAR;
  if (change.kind === "triplet") {
    const { firstSeen, lastSeen, tries, passed, counted } = change.record;
    connection.statement(WRITE_TRIPLET).run(
      ...storedKey(change.key, hide),
      firstSeen,
      lastSeen,
      tries,
      passed ?? null,
      counted ? 1 : 0,
    );
  } else if (change.kind === "origin") {
    const { firstSeen, lastSeen, deliveries, lastCounted } = change.record;
    connection.statement(WRITE_ORIGIN).run(
      hideOrigin(change.key, hide),
      firstSeen,
      lastSeen,
      deliveries,
      lastCounted,
    );
  }
}

function storedKey(key: TripletKey, hide: Pseudonym): [string, string, string] {
  return [hide(key.sender), hide(key.recipient), hideOrigin(key.origin, hide)];
}

function tripletOf([firstSeen, lastSeen, tries, passed, counted]: TripletRow): Triplet {
  return {
    firstSeen,
    lastSeen,
    tries,
    ...(passed === null ? {} : { passed }),
    counted: counted !== 0,
  };
}

function originOf([firstSeen, lastSeen, deliveries, lastCounted]: OriginRow): OriginRecord {
  return { firstSeen, lastSeen, deliveries, lastCounted };
}
