/**
 * The records of a replayed log. A log has hundreds of thousands of relations: they are stored in typed
 * arrays, with numbers instead of names.
 *
 * @module
 */
import { type Memory, NOTHING } from "../greylist/memory.ts";
import type {
  Change,
  Pending,
  PendingKey,
  Relation,
  RelationKey,
  Reputation,
} from "../greylist/model.ts";
import type { Item } from "./item.ts";

const INITIAL_LENGTH = 1024;

/** Returns the array, or a copy of twice the length if it has no such element. */
function grown<T extends Float64Array | Uint32Array>(array: T, at: number): T {
  if (at < array.length) return array;
  const longer = new (array.constructor as new (length: number) => T)(2 * array.length);
  longer.set(array);
  return longer;
}

/** Names, numbered from 0. */
class Names {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];

  /** Undefined for a name without a number. */
  find(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }

  nameOf(number: number): string {
    return this.#names[number]!;
  }
}

/** Lists of origins, each at an offset. */
class OriginLists {
  readonly #names = new Names();
  /** The length of each list, followed by the numbers of its names. */
  #numbers = new Uint32Array(INITIAL_LENGTH);
  #used = 0;
  #latest = 0;

  at(offset: number): readonly string[] {
    const length = this.#numbers[offset]!;
    return Array.from(
      { length },
      (_, at) => this.#names.nameOf(this.#numbers[offset + 1 + at]!),
    );
  }

  isAt(offset: number, origins: readonly string[]): boolean {
    return this.#numbers[offset] === origins.length &&
      origins.every((name, at) => this.#numbers[offset + 1 + at] === this.#names.find(name));
  }

  /** @returns the offset of the list. The relations of one message share one list. */
  put(origins: readonly string[]): number {
    if (this.#used > 0 && this.isAt(this.#latest, origins)) return this.#latest;
    this.#latest = this.#used;
    this.#push(origins.length);
    for (const name of origins) this.#push(this.#names.numberOf(name));
    return this.#latest;
  }

  #push(number: number): void {
    this.#numbers = grown(this.#numbers, this.#used);
    this.#numbers[this.#used++] = number;
  }
}

/** Relations in columns. */
class Relations {
  /** By the number of the recipient and the sender. */
  readonly #rows = new Map<string, number>();
  readonly #recipients = new Names();
  readonly #lists = new OriginLists();
  #offsets = new Uint32Array(INITIAL_LENGTH);
  /** The first and the last time of each row. */
  #times = new Float64Array(2 * INITIAL_LENGTH);

  get size(): number {
    return this.#rows.size;
  }

  get({ sender, recipient }: RelationKey): Relation | undefined {
    const number = this.#recipients.find(recipient);
    const row = number === undefined ? undefined : this.#rows.get(`${number} ${sender}`);
    return row === undefined ? undefined : this.#at(row);
  }

  #at(row: number): Relation {
    return {
      origins: this.#lists.at(this.#offsets[row]!),
      firstSeen: this.#times[2 * row]!,
      lastSeen: this.#times[2 * row + 1]!,
    };
  }

  set({ sender, recipient }: RelationKey, { origins, firstSeen, lastSeen }: Relation): void {
    const text = [this.#recipients.numberOf(recipient), sender].join(" ");
    const known = this.#rows.get(text);
    const row = known ?? this.#rows.size;
    if (known === undefined) this.#rows.set(text, row);
    this.#offsets = grown(this.#offsets, row);
    this.#times = grown(this.#times, 2 * row + 1);
    if (known === undefined || !this.#lists.isAt(this.#offsets[row]!, origins)) {
      this.#offsets[row] = this.#lists.put(origins);
    }
    this.#times[2 * row] = firstSeen;
    this.#times[2 * row + 1] = lastSeen;
  }

  *items(): Generator<Item> {
    for (const [text, row] of this.#rows) {
      const at = text.indexOf(" ");
      const recipient = this.#recipients.nameOf(Number(text.slice(0, at)));
      const key = { sender: text.slice(at + 1), recipient };
      yield { kind: "relation", key, record: this.#at(row) };
    }
  }
}

type PendingChange = Extract<Change, { readonly kind: "pending" }>;

/** With `join`: a concatenated string would keep its parts in memory. */
const textOf = ({ sender, recipient }: PendingKey) => [sender, recipient].join("\0");

function keyOf(text: string): PendingKey {
  const at = text.indexOf("\0");
  return { sender: text.slice(0, at), recipient: text.slice(at + 1) };
}

export class ReplayMemory implements Memory {
  readonly #pending = new Map<string, readonly Pending[]>();
  readonly #relations = new Relations();
  readonly #reputations = new Map<string, Reputation>();
  #pendingCount = 0;

  readonly includes = NOTHING.includes;

  pending(key: PendingKey): readonly Pending[] {
    return this.#pending.get(textOf(key)) ?? [];
  }

  relation(key: RelationKey): Relation | undefined {
    return this.#relations.get(key);
  }

  reputation(name: string): Reputation | undefined {
    return this.#reputations.get(name);
  }

  /** A log does not show which recipients one message has. */
  message(): undefined {}

  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === "pending") this.#applyPending(change);
      else if (change.kind === "relation") this.#relations.set(change.key, change.record);
      else if (change.kind === "reputation") this.#reputations.set(change.key, change.record);
    }
  }

  #applyPending({ key, network, record }: PendingChange): void {
    const text = textOf(key);
    const before = this.#pending.get(text) ?? [];
    const records = before.filter((one) => one.network !== network);
    // The network is one of the origins: both share one string.
    const shared = record?.origins.find((origin) => origin === record.network);
    if (record !== undefined) records.push({ ...record, network: shared ?? record.network });
    this.#pendingCount += records.length - before.length;
    if (records.length === 0) this.#pending.delete(text);
    else this.#pending.set(text, records);
  }

  /** Number of records. */
  get size(): number {
    return this.#relations.size + this.#pendingCount + this.#reputations.size;
  }

  *items(): Generator<Item> {
    yield* this.#relations.items();
    for (const [text, records] of this.#pending) {
      for (const record of records) {
        const key = keyOf(text);
        yield { kind: "pending", key, network: record.network, record };
      }
    }
    for (const [key, record] of this.#reputations) yield { kind: "reputation", key, record };
  }
}
