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

/**
 * A memory that applies changes at once, so that the requests of a batch see what those before them
 * changed. It reports the newest change of each record.
 */
export class WorkingMemory implements Memory {
  readonly #base: Memory;
  readonly #pending = new Map<string, readonly Pending[]>();
  readonly #relations = new Map<string, Relation>();
  readonly #reputations = new Map<string, Reputation>();
  readonly #messages = new Map<string, MessageRecord>();
  /** The newest change of each record, by kind and key. */
  readonly #changes = new Map<string, Change>();

  constructor(base: Memory = NOTHING) {
    this.#base = base;
  }

  pending(key: PendingKey): readonly Pending[] {
    return this.#pending.get(keyText(key)) ?? this.#base.pending(key);
  }

  relation(key: RelationKey): Relation | undefined {
    return this.#relations.get(keyText(key)) ?? this.#base.relation(key);
  }

  reputation(name: string): Reputation | undefined {
    return this.#reputations.get(name) ?? this.#base.reputation(name);
  }

  message(instance: string): MessageRecord | undefined {
    return this.#messages.get(instance) ?? this.#base.message(instance);
  }

  includes(origins: readonly string[], name: string): boolean {
    return this.#base.includes(origins, name);
  }

  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      switch (change.kind) {
        case "pending": {
          const { key, network, record } = change;
          const others = this.pending(key).filter((one) => one.network !== network);
          this.#pending.set(keyText(key), record === undefined ? others : [...others, record]);
          this.#changes.set(`p${keyText(key)}\0${network}`, change);
          break;
        }
        case "relation":
          this.#relations.set(keyText(change.key), change.record);
          this.#changes.set(`r${keyText(change.key)}`, change);
          break;
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
