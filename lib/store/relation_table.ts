/**
 * The tables `relation` and `recipient`. A relation refers to its recipient by number; the view
 * `relation_text` has the recipient as text.
 *
 * @module
 */
import type { Database, Statement } from "@db/sqlite";
import type { Relation } from "../greylist/model.ts";
import { packOrigins, unpackOrigins } from "./relation_origins.ts";

const READ = "SELECT origins, last_seen, known_for FROM relation " +
  "WHERE recipient_id = (SELECT id FROM recipient WHERE address = ?) AND sender = ?";
const WRITE = "REPLACE INTO relation (recipient_id, sender, origins, last_seen, known_for) " +
  "SELECT id, ?, ?, ?, ? FROM recipient WHERE address = ?";
const ADD_RECIPIENT = "INSERT INTO recipient (address) VALUES (?)";

/** Condition of recipients without a relation. */
export const UNUSED_RECIPIENT =
  "NOT EXISTS (SELECT 1 FROM relation WHERE recipient_id = recipient.id)";

type Row = [origins: string, lastSeen: number, knownFor: number];

/** Relations by keys as they are stored: with `privacy` as pseudonyms. */
export class RelationTable {
  readonly #read: Statement;
  readonly #write: Statement;
  readonly #addRecipient: Statement;

  constructor(db: Database) {
    this.#read = db.prepare(READ);
    this.#write = db.prepare(WRITE);
    this.#addRecipient = db.prepare(ADD_RECIPIENT);
  }

  get(sender: string, recipient: string): Relation | undefined {
    const row = this.#read.value<Row>(recipient, sender);
    if (row === undefined) return undefined;
    const [origins, lastSeen, knownFor] = row;
    return { origins: unpackOrigins(origins, sender), firstSeen: lastSeen - knownFor, lastSeen };
  }

  put(sender: string, recipient: string, { origins, firstSeen, lastSeen }: Relation): void {
    const row: Row = [packOrigins(origins, sender), lastSeen, lastSeen - firstSeen];
    if (this.#write.run(sender, ...row, recipient) > 0) return;
    this.#addRecipient.run(recipient);
    this.#write.run(sender, ...row, recipient);
  }
}
