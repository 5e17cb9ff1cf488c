/**
 * The records that a decision may look up.
 *
 * @module
 */
import {
  type Change,
  keyText,
  type MessageRecord,
  type Pending,
  type PendingKey,
  type Relation,
  type RelationKey,
  type Reputation,
} from "./model.ts";

export interface Memory {
  /** The client networks that wait under a key, expired ones included. */
  pending(key: PendingKey): readonly Pending[];
  relation(key: RelationKey): Relation | undefined;
  reputation(name: string): Reputation | undefined;
  message(instance: string): MessageRecord | undefined;
  /** Whether a stored list of origins names one; the list may hold hashes. */
  includes(origins: readonly string[], name: string): boolean;
}

/** A memory without records. */
export const NOTHING: Memory = {
  pending: () => [],
  relation: () => undefined,
  reputation: () => undefined,
  message: () => undefined,
  includes: (origins, name) => origins.includes(name),
};

type PendingChange = Extract<Change, { readonly kind: "pending" }>;

/**
 * A memory that applies changes at once, so that the requests of a batch see what those before them
 * changed. It reads each pending triplet and relation once, and reports the newest change of each record.
 */
export class WorkingMemory implements Memory {
  readonly #base: Memory;
  readonly #pending = new Map<string, readonly Pending[]>();
  /** Null for those that the base lacks. */
  readonly #relations = new Map<string, Relation | null>();
  readonly #reputations = new Map<string, Reputation>();
  readonly #messages = new Map<string, MessageRecord>();
  /** The newest change of each record, by kind and key. */
  readonly #changes = new Map<string, Change>();

  constructor(base: Memory = NOTHING) {
    this.#base = base;
  }

  pending(key: PendingKey): readonly Pending[] {
    return this.#readPending(keyText(key), key);
  }

  #readPending(text: string, key: PendingKey): readonly Pending[] {
    let records = this.#pending.get(text);
    if (records === undefined) {
      records = this.#base.pending(key);
      this.#pending.set(text, records);
    }
    return records;
  }

  relation(key: RelationKey): Relation | undefined {
    const text = keyText(key);
    let record = this.#relations.get(text);
    if (record === undefined) {
      record = this.#base.relation(key) ?? null;
      this.#relations.set(text, record);
    }
    return record ?? undefined;
  }

  reputation(name: string): Reputation | undefined {
    const changed = this.#reputations.size === 0 ? undefined : this.#reputations.get(name);
    return changed ?? this.#base.reputation(name);
  }

  message(instance: string): MessageRecord | undefined {
    const changed = this.#messages.size === 0 ? undefined : this.#messages.get(instance);
    return changed ?? this.#base.message(instance);
  }

  includes(origins: readonly string[], name: string): boolean {
    return this.#base.includes(origins, name);
  }

  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      switch (change.kind) {
        case "pending":
          this.#applyPending(change);
          break;
        case "relation": {
          const text = keyText(change.key);
          this.#relations.set(text, change.record);
          this.#changes.set(`r${text}`, change);
          break;
        }
        case "reputation":
          this.#reputations.set(change.key, change.record);
          this.#changes.set(`o${change.key}`, change);
          break;
        case "message":
          this.#messages.set(change.key, change.record);
          this.#changes.set(`m${change.key}`, change);
      }
    }
  }

  #applyPending(change: PendingChange): void {
    const { key, network, record } = change;
    const text = keyText(key);
    const others = this.#readPending(text, key).filter((one) => one.network !== network);
    if (record !== undefined) others.push(record);
    this.#pending.set(text, others);
    this.#changes.set(`p${text}\0${network}`, change);
  }

  /** All changes, the newest of each record. */
  changes(): Change[] {
    return [...this.#changes.values()];
  }

  /** The changes to store; messages are kept in memory only. */
  stored(): Change[] {
    return this.changes().filter(({ kind }) => kind !== "message");
  }

  messages(): ReadonlyMap<string, MessageRecord> {
    return this.#messages;
  }
}
